import type { LoadedPolicy } from '../policy/load-policy.ts';
import { personActor } from '../respond/four-eyes.ts';
import { planOf } from '../respond/plan.ts';
import type { Changed, Proposed } from '../respond/proposals.ts';
import type { DryRun, PersonProposal, Responder } from '../respond/responder.ts';
import type { Response } from '../respond/response.ts';
import { behavioursOf, targetOf } from '../respond/target.ts';
import type { Store } from '../store/faces.ts';
import { ApiError, notFound } from './errors.ts';
import {
  byBody,
  evidenceParams,
  pauseBody,
  responseBody,
  responsesQuery,
  undoBody,
} from './response-schemas.ts';
import { listOf, pageOf } from './routes.ts';
import type { Api } from './routes.ts';
import { idParams } from './schemas.ts';

/**
 * Responses: list, show with plan and evidence, propose, try, approve, reject, undo; the stop
 * button, the policy in force and the audit's check. What changes something has passed the guard,
 * and says who asks for it as far as one access token can tell.
 */
export type ResponseRouteOptions = {
  readonly store: Store;
  readonly responder: Responder;
  readonly policy: () => LoadedPolicy;
};

export function addResponseRoutes(api: Api, options: ResponseRouteOptions): void {
  addReading(api, options);
  addProposing(api, options);
  addDeciding(api, options);
  addControl(api, options);
}

const view = (response: Response) => ({ ...response, plan: planOf(response) });

function addReading(api: Api, { store }: ResponseRouteOptions): void {
  api.get('/api/v1/responses', { schema: { querystring: responsesQuery } }, async ({ query }) => {
    const { state, incident, limit } = query;
    const filter = {
      ...(state === undefined ? {} : { state }),
      ...(incident === undefined ? {} : { incidentId: incident }),
    };
    const rows = await store.listResponses(filter, pageOf(query));
    return listOf(rows, limit, ({ response }) => response);
  });

  api.get('/api/v1/responses/:id', { schema: { params: idParams } }, async ({ params }) => {
    const response = await store.readResponse(params.id);
    return response === undefined ? notFound('response') : view(response);
  });

  api.get('/api/v1/responses/:id/evidence', { schema: { params: idParams } },
    async ({ params }) => ({
      items: (await store.listEvidence(params.id)).map(({ name, mediaType, size, takenAtMs }) =>
        ({ name, mediaType, size, takenTime: new Date(takenAtMs).toISOString() })),
    }));

  api.get('/api/v1/responses/:id/evidence/:name', { schema: { params: evidenceParams } },
    async ({ params }, reply) => {
      const file = await store.readEvidence(params.id, params.name);
      if (file === undefined) return notFound('evidence');
      // An attacker wrote what is in it: it is never shown, only saved.
      return reply
        .type('application/octet-stream')
        .header('content-disposition', `attachment; filename="${params.name}"`)
        .send(Buffer.from(file.bytes));
    });
}

function addProposing(api: Api, { store, responder }: ResponseRouteOptions): void {
  api.post('/api/v1/responses', { schema: { body: responseBody } }, async ({ body }, reply) => {
    const { action, graceSeconds, ttlSeconds, acceptsOutage, why } = body;
    const proposal: PersonProposal = {
      ...await subjectOf(store, body),
      action,
      terms: { graceSeconds, ttlSeconds, acceptsOutage },
      by: personActor(body.by),
      why: why ?? '',
    };
    if (body.dryRun) return tried(await responder.dryRunProposal(proposal));
    return reply.code(201).send(proposed(await responder.propose(proposal)));
  });

  api.post('/api/v1/responses/:id/undo', { schema: { params: idParams, body: undoBody } },
    async ({ params, body }, reply) => {
      const { by, why } = body;
      const undone = await responder.undo(params.id, { by: personActor(by), why });
      if (!undone.ok && undone.reason === 'not-found') return notFound('response');
      if (!undone.ok && undone.reason === 'no-way-back') {
        throw new ApiError(409, 'no-way-back', 'it is not in effect, or cannot be taken back');
      }
      return reply.code(201).send(proposed(undone as Proposed));
    });
}

function addDeciding(api: Api, { responder }: ResponseRouteOptions): void {
  const schema = { schema: { params: idParams, body: byBody } };
  api.post('/api/v1/responses/:id/approve', schema, async ({ params, body }) =>
    changed(await responder.approve(params.id, personActor(body.by))));
  api.post('/api/v1/responses/:id/reject', schema, async ({ params, body }) =>
    changed(await responder.reject(params.id, personActor(body.by))));
  api.post('/api/v1/responses/:id/dry-run', schema, async ({ params, body }) =>
    tried(await responder.dryRun(params.id, personActor(body.by))));
}

function addControl(api: Api, { store, responder, policy }: ResponseRouteOptions): void {
  api.get('/api/v1/response-control', async () => responder.pauseState());
  api.post('/api/v1/response-control', { schema: { body: pauseBody } }, async ({ body }) => {
    const { isPaused, by, why } = body;
    const isSet = await responder.setPaused(isPaused, { by: personActor(by), why });
    if (!isSet) throw new ApiError(409, 'conflict', 'somebody else changed it at the same moment');
    return responder.pauseState();
  });
  api.get('/api/v1/policy', async () => policy());
  api.get('/api/v1/audit/verify', async () => store.verifyAudit());
}

type Subject = Pick<PersonProposal, 'target' | 'alertId' | 'incidentId' | 'behaviours'>;

type Named = {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly cluster?: string;
  readonly node?: string;
};

async function subjectOf(
  store: Store,
  body: { readonly alertId?: string; readonly target?: Named },
): Promise<Subject> {
  if ((body.alertId === undefined) === (body.target === undefined)) {
    throw new ApiError(400, 'invalid-request', 'either alertId or target names the pod');
  }
  if (body.target !== undefined) return named(store, body.target);
  const row = await store.readAlert(body.alertId ?? '');
  if (row === undefined) return notFound('alert');
  const { alert, incidentId } = row;
  const target = targetOf(alert);
  if (target === undefined) {
    throw new ApiError(422, 'no-pod', 'the alert names no Kubernetes pod');
  }
  return { target, alertId: alert.id, incidentId, behaviours: behavioursOf(alert) };
}

/** Agents are named by cluster and node; most collectors know one cluster. */
async function named(store: Store, target: Named): Promise<Subject> {
  const clusters = new Set((await store.listAgents()).map(({ cluster }) => cluster));
  const [only = ''] = clusters.size === 1 ? clusters : [];
  return {
    target: {
      node: '',
      ...target,
      cluster: target.cluster ?? only,
      containerId: '',
      workload: '',
      process: null,
    },
    alertId: '',
    incidentId: '',
    behaviours: [],
  };
}

function proposed(result: Proposed): ReturnType<typeof view> {
  if (result.ok) return view(result.response);
  if ('id' in result) {
    throw new ApiError(409, 'exists', `there is such a response already: ${result.id}`);
  }
  throw new ApiError(422, result.reason || 'refused', result.detail);
}

function changed(result: Changed): ReturnType<typeof view> {
  if (result.ok) return view(result.response);
  switch (result.reason) {
    case 'not-found':
      return notFound('response');
    case 'expired':
      throw new ApiError(409, 'expired', 'the proposal has expired');
    case 'wrong-state':
      throw new ApiError(409, 'wrong-state', 'the response is not in a state that allows this');
    case 'paused':
      throw new ApiError(409, 'paused', 'responses are paused: nothing new begins');
    case 'same-person':
      throw new ApiError(409, 'same-person', 'four eyes: somebody else has to approve');
    case 'not-a-person':
      throw new ApiError(409, 'not-a-person', 'four eyes: the approval must name a person (by)');
  }
}

function tried(result: DryRun) {
  if (result.ok) {
    return { dryRun: true, outcome: result.outcome, plan: planOf(result.response) };
  }
  switch (result.reason) {
    case 'not-found':
      return notFound('response');
    case 'no-cluster':
      throw new ApiError(409, 'no-cluster', 'the collector is connected to no cluster');
  }
}
