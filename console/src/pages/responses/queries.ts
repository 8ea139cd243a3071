import { useMemo } from 'react';

import { mayEverywhere, mayIn } from '../../../../collector/access/roles.ts';
import type { PauseAnswer, ResponseDetail } from '../../../../collector/api/contract/response.ts';
import type { Response } from '../../../../collector/respond/response.ts';
import { useAsk, useAskPages } from '../../data/queries.ts';
import { useSession } from '../../data/session.ts';
import type { Approver } from './standing.ts';

/** What the pages of responses ask; the stream tells what changed. */
export const RESPONSES = '/api/v1/responses';
export const CONTROL = '/api/v1/response-control';
/** What orders about responses change. */
export const TOUCHED = [RESPONSES, CONTROL, '/api/v1/incidents', '/api/v1/audit'] as const;
const PAGE = 100;
/** Somebody else may press the button; the stream has no event for it. */
const CONTROL_EVERY_MS = 5_000;

/** The newest; and whatever waits or is in effect, also when it is older than those. */
export function useResponses() {
  const all = useAskPages<Response>(RESPONSES, { limit: PAGE });
  const waiting = useAskPages<Response>(RESPONSES, { limit: PAGE, state: 'proposed' });
  const verified = useAskPages<Response>(RESPONSES, { limit: PAGE, state: 'verified' });
  const lists = [all.items, waiting.items, verified.items];
  const responses = useMemo(() => {
    const newest = new Map<string, Response>();
    for (const response of lists.flat()) {
      const known = newest.get(response.id);
      if (known === undefined || known.revision < response.revision) {
        newest.set(response.id, response);
      }
    }
    return [...newest.values()];
  }, lists);
  return { all, responses };
}

export const useResponse = (id: string) =>
  useAsk<ResponseDetail>(`${RESPONSES}/${encodeURIComponent(id)}`);

export const useControl = () =>
  useAsk<PauseAnswer>(CONTROL, {}, { everyMs: CONTROL_EVERY_MS });

/** Who is in front of this response, as far as approving it goes. */
export function useApprover({ action, target }: Pick<Response, 'action' | 'target'>): Approver {
  const { principal } = useSession();
  const isOfNode = action === 'cordon' || action === 'uncordon';
  return {
    name: principal.name,
    isAllowed: isOfNode
      ? mayEverywhere(principal, 'approver')
      : mayIn(principal, 'approver', target.namespace),
    mayDecideAlone: mayIn(principal, 'admin', target.namespace),
  };
}
