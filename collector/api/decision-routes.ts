import type { Alert } from '../../baseline/alert.ts';
import type { Decision } from '../../baseline/profile/decisions.ts';
import { subjectOf } from '../profiles/alert-subject.ts';
import type { Curation } from '../profiles/curation.ts';
import type { Decided } from '../profiles/decision-book.ts';
import { isInForce } from '../profiles/decision-rules.ts';
import type { Store } from '../store/faces.ts';
import { ApiError, notFound } from './errors.ts';
import { decisionsQuery, learnBody, undoBody } from './profile-schemas.ts';
import type { Api } from './routes.ts';
import { idParams } from './schemas.ts';

/** What people decided: teach a behaviour of an alert, list, undo. */
export const ACTOR = 'api';

export type DecisionRouteOptions = {
  readonly store: Pick<Store, 'readAlert' | 'listAgents'>;
  readonly curation: Curation;
};

export function addDecisionRoutes(api: Api, { store, curation }: DecisionRouteOptions): void {
  api.get('/api/v1/decisions', { schema: { querystring: decisionsQuery } }, async ({ query }) => {
    const { all, limit, cursor } = query;
    const newestFirst = (await curation.decisions.list()).toReversed();
    const start = cursor === undefined
      ? 0
      : newestFirst.findIndex(({ id }) => id === cursor) + 1;
    const items = newestFirst.slice(start)
      .filter((decision) => all || isInForce(decision))
      .slice(0, limit);
    return { items, nextCursor: items.length === limit ? items.at(-1)?.id ?? null : null };
  });

  api.delete('/api/v1/decisions/:id', { schema: { params: idParams, body: undoBody } },
    async ({ params, body }) => {
      const undone = await curation.undo(params.id, { by: body.by ?? ACTOR, why: body.why });
      if (undone.ok) return undone.decision;
      if (undone.reason === 'not-found') return notFound('decision');
      throw new ApiError(409, undone.reason, undone.detail);
    });

  api.post('/api/v1/alerts/:id/learn', { schema: { params: idParams, body: learnBody } },
    async ({ params, body }, reply) => {
      const row = await store.readAlert(params.id);
      if (row === undefined) return notFound('alert');
      const { channel, value } = behaviourOf(row.alert, body);
      const agents = await store.listAgents();
      const agent = agents.find(({ cluster, node }) =>
        cluster === row.alert.cluster && node === row.alert.node);
      const reported = (agent?.heartbeat?.images ?? []).map(({ profileKey }) => profileKey);
      const { by = ACTOR, why, scope } = body;
      const subject = subjectOf(row.alert, reported);
      const decided = await curation.decide([
        { kind: 'accept', ...subject, scope, channel, value, by, why },
      ]);
      return reply.code(201).send(decisionsOf(decided)[0]);
    });
}

/** The decisions that were made, or the refusal as an answer. */
export function decisionsOf(decided: Decided): readonly Decision[] {
  if (decided.ok) return decided.decisions;
  throw new ApiError(409, decided.reason, decided.detail);
}

/** Sessions, upgrade records and sensor alerts say nothing that a profile could hold. */
const LEARNABLE: ReadonlySet<Alert['kind']> = new Set(['anomaly', 'rule']);

function behaviourOf(
  alert: Alert,
  asked: { readonly behaviour?: number; readonly value?: string },
): Alert['behaviours'][number] {
  if (!LEARNABLE.has(alert.kind)) {
    throw new ApiError(422, 'not-learnable',
      `an alert of kind ${alert.kind} shows no behaviour that could be learned`);
  }
  const { behaviours } = alert;
  const { behaviour, value } = asked;
  if (behaviour !== undefined && value !== undefined) {
    throw new ApiError(400, 'invalid-request', 'name the behaviour by its index or its value');
  }
  const found = behaviour === undefined && value === undefined && behaviours.length === 1
    ? behaviours[0]
    : behaviours.find((one, index) => index === behaviour || one.value === value);
  if (found !== undefined) return found;
  throw behaviour === undefined && value === undefined
    ? new ApiError(400, 'invalid-request',
      `the alert shows ${behaviours.length} behaviours: name one by its index or its value`)
    : new ApiError(404, 'not-found', 'the alert shows no such behaviour');
}
