import type { Alert } from '../../baseline/alert.ts';
import type { Decision } from '../../baseline/profile/decisions.ts';
import { subjectOf } from '../profiles/alert-subject.ts';
import type { Curation } from '../profiles/curation.ts';
import type { Decided } from '../profiles/decision-book.ts';
import { isInForce } from '../profiles/decision-rules.ts';
import type { Store } from '../store/faces.ts';
import { decision, decisionsAnswer } from './contract/profile.ts';
import { idParams } from './contract/words.ts';
import { ApiError, notFound } from './errors.ts';
import { decisionsQuery, learnBody, undoBody } from './profile-schemas.ts';
import { replies } from './routes.ts';
import type { Api } from './routes.ts';

/** What people decided: teach a behaviour of an alert, list, undo. */

/** Images belong to no namespace: whoever may look anywhere may see what they do. */
export const reads = { needs: 'viewer', scope: 'any' } as const;
/** What is decided about an image holds wherever it runs, so the role is needed everywhere. */
export const decides = { needs: 'analyst', scope: 'all' } as const;

export type DecisionRouteOptions = {
  readonly store: Pick<Store, 'readAlert' | 'listAgents'>;
  readonly curation: Curation;
};

export function addDecisionRoutes(api: Api, { store, curation }: DecisionRouteOptions): void {
  api.get('/api/v1/decisions', {
    config: reads,
    schema: {
      summary: 'What people decided, newest first',
      querystring: decisionsQuery,
      ...replies(decisionsAnswer),
    },
  }, async ({ query }) => {
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

  api.delete('/api/v1/decisions/:id',
    { config: decides, schema: { summary: 'Take a decision back', params: idParams, body: undoBody,
      ...replies(decision) } },
    async ({ params, body, principal }) => {
      const undone = await curation.undo(params.id, { by: principal.name, why: body.why });
      if (undone.ok) return undone.decision;
      if (undone.reason === 'not-found') return notFound('decision');
      throw new ApiError(409, undone.reason, undone.detail);
    });

  api.post('/api/v1/alerts/:id/learn',
    { config: decides, schema: { summary: 'Accept what an alert shows as normal', params: idParams,
      body: learnBody, ...replies(decision, 201) } },
    async ({ params, body, principal }, reply) => {
      const row = await store.readAlert(params.id);
      if (row === undefined) return notFound('alert');
      const { channel, value } = behaviourOf(row.alert, body);
      const agents = await store.listAgents();
      const agent = agents.find(({ cluster, node }) =>
        cluster === row.alert.cluster && node === row.alert.node);
      const reported = (agent?.heartbeat?.images ?? []).map(({ profileKey }) => profileKey);
      const { why, scope } = body;
      const subject = subjectOf(row.alert, reported);
      const decided = await curation.decide([
        { kind: 'accept', ...subject, scope, channel, value, by: principal.name, why },
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
