import type { Responder } from '../respond/responder.ts';
import type { Changed, DryRun, Proposal } from '../respond/responder.ts';
import type { Store } from '../store/faces.ts';
import { ApiError, notFound } from './errors.ts';
import { listOf, pageOf } from './routes.ts';
import type { Api } from './routes.ts';
import { emptyBody, idParams, responseBody, responsesQuery } from './schemas.ts';

/** Responses: list, propose, try, approve, reject. What changes something has passed the guard. */
const ACTOR = 'api-token';

export type ResponseRouteOptions = { readonly store: Store; readonly responder: Responder };

export function addResponseRoutes(api: Api, { store, responder }: ResponseRouteOptions): void {
  api.get('/api/v1/responses', { schema: { querystring: responsesQuery } }, async ({ query }) => {
    const { state, incident, limit } = query;
    const filter = {
      ...(state === undefined ? {} : { state }),
      ...(incident === undefined ? {} : { incidentId: incident }),
    };
    const rows = await store.listResponses(filter, pageOf(query));
    return listOf(rows, limit, ({ response }) => response);
  });

  api.get('/api/v1/responses/:id', { schema: { params: idParams } }, async ({ params }) =>
    await store.readResponse(params.id) ?? notFound('response'));

  api.post('/api/v1/responses', { schema: { body: responseBody } }, async ({ body }, reply) => {
    const proposal: Proposal = {
      ...await subjectOf(store, body),
      action: body.action,
      graceSeconds: body.graceSeconds,
      by: ACTOR,
    };
    if (body.dryRun) return tried(await responder.dryRunProposal(proposal));
    const proposed = await responder.propose(proposal);
    if (proposed.ok) return reply.code(201).send(proposed.response);
    throw proposed.reason === 'exists'
      ? new ApiError(409, 'exists', `there is such a response already: ${proposed.id}`)
      : protectedNamespace();
  });

  const change = { schema: { params: idParams, body: emptyBody } };
  api.post('/api/v1/responses/:id/approve', change, async ({ params }) =>
    changed(await responder.approve(params.id, ACTOR)));
  api.post('/api/v1/responses/:id/reject', change, async ({ params }) =>
    changed(await responder.reject(params.id, ACTOR)));
  api.post('/api/v1/responses/:id/dry-run', change, async ({ params }) =>
    tried(await responder.dryRun(params.id, ACTOR)));
}

type Subject = Pick<Proposal, 'target' | 'alertId' | 'incidentId'>;

async function subjectOf(
  store: Store,
  body: { alertId?: string; target?: { namespace: string; pod: string; podUid: string } },
): Promise<Subject> {
  if ((body.alertId === undefined) === (body.target === undefined)) {
    throw new ApiError(400, 'invalid-request', 'either alertId or target names the pod');
  }
  if (body.target !== undefined) {
    return { target: { cluster: '', node: '', ...body.target }, alertId: '', incidentId: '' };
  }
  const row = await store.readAlert(body.alertId ?? '');
  if (row === undefined) return notFound('alert');
  const { alert, incidentId } = row;
  const { cluster, namespace, pod, podUid, node } = alert;
  if (podUid === '' || pod === '' || namespace === '') {
    throw new ApiError(422, 'no-pod', 'the alert names no Kubernetes pod');
  }
  return { target: { cluster, namespace, pod, podUid, node }, alertId: alert.id, incidentId };
}

function changed(result: Changed) {
  if (result.ok) return result.response;
  if (result.reason === 'not-found') return notFound('response');
  throw result.reason === 'expired'
    ? new ApiError(409, 'expired', 'the proposal has expired')
    : new ApiError(409, 'wrong-state', 'the response is not in a state that allows this');
}

function tried(result: DryRun) {
  if (result.ok) return { dryRun: true, outcome: result.outcome };
  switch (result.reason) {
    case 'not-found':
      return notFound('response');
    case 'protected-namespace':
      throw protectedNamespace();
    case 'no-cluster':
      throw new ApiError(409, 'no-cluster', 'the collector is connected to no cluster');
  }
}

const protectedNamespace = (): ApiError =>
  new ApiError(422, 'protected-namespace', 'the namespace is protected by the policy');
