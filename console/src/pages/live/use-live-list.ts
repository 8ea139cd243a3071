import { useMemo, useState, useSyncExternalStore } from 'react';
import { useLocation, useSearch } from 'wouter';

import type { AlertView } from '../../../../collector/api/contract/alert.ts';
import { useLive } from '../../app/stream-context.ts';
import type { LiveSnapshot } from '../../data/live-alerts.ts';
import { addressOfAlert } from './alert-row.tsx';
import { matcherOf, readFilters, searchOf } from './filters.ts';
import type { Filters } from './filters.ts';
import { useHeld } from './use-held.ts';
import type { Held } from './use-held.ts';

/** What is listed, which row is selected, and what can be done with it. */
export type LiveList = {
  readonly filters: Filters;
  readonly latest: LiveSnapshot;
  readonly held: Held;
  /** Index of the row that keys act on; -1 for none. */
  readonly selected: number;
  readonly selectedAlert: AlertView | undefined;
  readonly filter: (filters: Filters) => void;
  readonly select: (index: number) => void;
  readonly open: (index: number) => void;
  /** Back to the newest, whatever held the list. */
  readonly goOn: () => void;
};

export function useLiveList(): LiveList {
  const search = useSearch();
  const [, navigate] = useLocation();
  const filters = useMemo(() => readFilters(search), [search]);
  const { alerts } = useLive();
  const latest = useSyncExternalStore(alerts.subscribe, alerts.snapshot);
  const matching = useMemo(() => {
    const matches = matcherOf(filters);
    return latest.rows.filter(({ alert }) => matches(alert));
  }, [latest, filters]);
  const held = useHeld(matching, search);
  const { rows } = held;
  const [selectedId, setSelectedId] = useState('');
  const newestOf = (index: number): AlertView | undefined => {
    const row = rows[index];
    return row && (latest.byId.get(row.alert.id)?.alert ?? row.alert);
  };
  const selected = selectedId === '' ? -1 : rows.findIndex(({ alert }) => alert.id === selectedId);
  return {
    filters,
    latest,
    held,
    selected,
    selectedAlert: newestOf(selected),
    filter: (changed) => {
      const text = searchOf(changed);
      navigate(text === '' ? '/live' : `/live?${text}`, { replace: true });
    },
    select: (index) => {
      const alert = newestOf(Math.max(0, Math.min(rows.length - 1, index)));
      if (alert === undefined) return;
      // New rows would push it away under the reader's eyes.
      held.hold();
      setSelectedId(alert.id);
    },
    open: (index) => {
      const alert = newestOf(index);
      if (alert !== undefined) navigate(addressOfAlert(alert));
    },
    goOn: () => {
      setSelectedId('');
      held.release();
    },
  };
}
