import { useCallback, useEffect, useState } from 'react';

import type { AlertsAnswer } from '../../../../collector/api/contract/alert.ts';
import type { IncidentsAnswer } from '../../../../collector/api/contract/incident.ts';
import { useStreamState, useLive } from '../../app/stream-context.ts';
import { callApi } from '../../data/api.ts';
import { queryOf } from './filters.ts';
import type { Filters } from './filters.ts';

/**
 * What was there before the stream began, as far as the filters ask for it. The first page is read
 * when the stream is connected and not before: what comes in between would be in neither.
 */
const PAGE = 200;
const TYPING_MS = 250;

export type History = {
  readonly isLoading: boolean;
  readonly error: unknown;
  /** Undefined at the end. */
  readonly loadOlder: (() => void) | undefined;
};

export function useHistory(filters: Filters): History {
  const { alerts } = useLive();
  const stream = useStreamState();
  const isReady = stream.kind !== 'connecting';
  const query = JSON.stringify(queryOf(filters));
  const [state, setState] = useState<{
    readonly isLoading: boolean;
    readonly error: unknown;
    readonly cursor: string | null;
  }>({ isLoading: true, error: undefined, cursor: null });
  const load = useCallback(async (cursor: string | null, signal: AbortSignal) => {
    setState((before) => ({ ...before, isLoading: true, error: undefined }));
    try {
      const { items, nextCursor } = await callApi<AlertsAnswer>('GET', '/api/v1/alerts', {
        query: {
          ...JSON.parse(query) as ReturnType<typeof queryOf>,
          limit: PAGE,
          cursor: cursor ?? undefined,
        },
        signal,
      });
      alerts.add(items);
      setState({ isLoading: false, error: undefined, cursor: nextCursor });
    } catch (error) {
      if (!signal.aborted) setState({ isLoading: false, error, cursor });
    }
  }, [alerts, query]);
  useEffect(() => {
    if (!isReady) return undefined;
    const abort = new AbortController();
    const timer = setTimeout(() => void load(null, abort.signal), TYPING_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [load, isReady]);
  useEffect(() => {
    if (!isReady) return;
    callApi<IncidentsAnswer>('GET', '/api/v1/incidents', {
      query: { acknowledged: true, limit: PAGE },
    }).then(({ items }) => alerts.addIncidents(items), () => undefined);
  }, [alerts, isReady]);
  const { isLoading, error, cursor } = state;
  const canLoad = cursor !== null && !isLoading;
  return {
    isLoading,
    error,
    loadOlder: canLoad ? () => void load(cursor, new AbortController().signal) : undefined,
  };
}
