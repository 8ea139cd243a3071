import { mayApproveOwn, mayEverywhere, mayIn, scopeOf } from '../access/roles.ts';
import type { Principal, Role } from '../access/principal.ts';
import type { LoadedPolicy } from '../policy/load-policy.ts';
import type { Proposed } from '../respond/proposals.ts';
import type { PersonProposal, Responder } from '../respond/responder.ts';
import type { Response, ResponseAction } from '../respond/response.ts';
import type { Store } from '../store/faces.ts';
import { auditVerdict } from './contract/audit.ts';
import { policyAnswer } from './contract/policy.ts';
import {
  dryRunAnswer,
  evidenceAnswer,
  pauseAnswer,
  responseDetail,
  responsesAnswer,
} from './contract/response.ts';
import { idParams } from './contract/words.ts';
import { ApiError, Forbidden, Hidden, notFound } from './errors.ts';
import { changed, proposed, tried, view } from './response-answers.ts';
import {
  decideBody,
  evidenceParams,
  pauseBody,
  responseBody,
  responsesQuery,
  undoBody,
} from './response-schemas.ts';
import { subjectOf } from './response-subject.ts';
import { listOf, pageOf, replies } from './routes.ts';
import type { Api } from './routes.ts';

/**
 * Responses: list, show with plan and evidence, propose, try, approve, reject, undo; the stop
 * button, the policy in force and the audit's check. Whoever asks has the role somewhere; here it
 * is looked up whether that covers the namespace of the pod in question. What lies outside does
 * not exist for them.
 */
export type ResponseRouteOptions = {
  readonly store: Store;
  readonly responder: Responder;
  readonly policy: () => LoadedPolicy;
};

export function addResponseRoutes(api: Api, options: ResponseRouteOptions): void {
  addReading(api, options);
  addEvidence(api, options);
  addProposing(api, options);
  addDeciding(api, options);
  addControl(api, options);
}

const needs = (role: Role) => ({ needs: role, scope: 'any' } as const);

/** What these do is not confined to the namespace of the pod that they begin with. */
const NODE_ACTIONS: readonly ResponseAction[] = ['cordon', 'uncordon'];

async function responseFor(
  store: Store,
  id: string,
  { principal, role }: { readonly principal: Principal; readonly role: Role },
): Promise<Response> {
  const response = await store.readResponse(id);
  if (response === undefined) return notFound('response');
  if (!mayIn(principal, role, response.target.namespace)) throw new Hidden('response');
  return response;
}

function checkReach(principal: Principal, role: Role, action: ResponseAction): void {
  if (!NODE_ACTIONS.includes(action) || mayEverywhere(principal, role)) return;
  throw new Forbidden('namespace', `${action} is felt everywhere: it needs the role everywhere`);
}

function addReading(api: Api, { store }: ResponseRouteOptions): void {
  api.get('/api/v1/responses', {
    config: needs('viewer'),
    schema: {
      summary: 'Responses, newest first',
      querystring: responsesQuery,
      ...replies(responsesAnswer),
    },
  }, async ({ query, principal }) => {
    const { state, incident, limit } = query;
    const namespaces = scopeOf(principal, 'viewer');
    const filter = {
      ...(state === undefined ? {} : { state }),
      ...(incident === undefined ? {} : { incidentId: incident }),
      ...(namespaces === 'all' ? {} : { namespaces }),
    };
    const rows = await store.listResponses(filter, pageOf(query));
    return listOf(rows, limit, ({ response }) => response);
  });

  api.get('/api/v1/responses/:id', {
    config: needs('viewer'),
    schema: { summary: 'One response with its plan', params: idParams, ...replies(responseDetail) },
  }, async ({ params, principal }) =>
    view(await responseFor(store, params.id, { principal, role: 'viewer' })));
}

function addEvidence(api: Api, { store }: ResponseRouteOptions): void {
  api.get('/api/v1/responses/:id/evidence', {
    config: needs('viewer'),
    schema: { summary: 'What was kept of the pod', params: idParams, ...replies(evidenceAnswer) },
  }, async ({ params, principal }) => {
    const { id } = await responseFor(store, params.id, { principal, role: 'viewer' });
    return {
      items: (await store.listEvidence(id)).map(({ name, mediaType, size, takenAtMs }) =>
        ({ name, mediaType, size, takenTime: new Date(takenAtMs).toISOString() })),
    };
  });

  api.get('/api/v1/responses/:id/evidence/:name', {
    config: needs('responder'),
    schema: {
      summary: 'One file of it, to be saved and never shown',
      params: evidenceParams,
      produces: ['application/octet-stream'],
    },
  }, async ({ params, principal }, reply) => {
    const { id } = await responseFor(store, params.id, { principal, role: 'responder' });
    const file = await store.readEvidence(id, params.name);
    if (file === undefined) return notFound('evidence');
    // An attacker wrote what is in it: it is never shown, only saved.
    return reply
      .type('application/octet-stream')
      .header('content-disposition', `attachment; filename="${params.name}"`)
      .send(Buffer.from(file.bytes));
  });
}

function addProposing(api: Api, { store, responder }: ResponseRouteOptions): void {
  const role = 'responder';
  api.post('/api/v1/responses', {
    config: needs(role),
    schema: {
      summary: 'Propose a response, or with dryRun try it',
      body: responseBody,
      response: {
        ...replies(dryRunAnswer).response,
        ...replies(responseDetail, 201).response,
      },
    },
  }, async ({ body, principal }, reply) => {
    const { action, graceSeconds, ttlSeconds, acceptsOutage, why } = body;
    const subject = await subjectOf(store, body);
    const { namespace } = subject.target;
    if (!mayIn(principal, role, namespace)) {
      if (body.alertId !== undefined) throw new Hidden('alert');
      throw new Forbidden('namespace', `responding in namespace ${namespace} is not yours`);
    }
    checkReach(principal, role, action);
    const proposal: PersonProposal = {
      ...subject,
      action,
      terms: { graceSeconds, ttlSeconds, acceptsOutage },
      by: principal.name,
      why: why ?? '',
    };
    if (body.dryRun) return tried(await responder.dryRunProposal(proposal));
    return reply.code(201).send(proposed(await responder.propose(proposal)));
  });

  api.post('/api/v1/responses/:id/undo', {
    config: needs(role),
    schema: {
      summary: 'Take a response back',
      params: idParams,
      body: undoBody,
      ...replies(responseDetail, 201),
    },
  }, async ({ params, body, principal }, reply) => {
    const response = await responseFor(store, params.id, { principal, role });
    checkReach(principal, role, response.action);
    const undone = await responder.undo(params.id, { by: principal.name, why: body.why });
    if (!undone.ok && undone.reason === 'not-found') return notFound('response');
    if (!undone.ok && undone.reason === 'no-way-back') {
      throw new ApiError(409, 'no-way-back', 'it is not in effect, or cannot be taken back');
    }
    return reply.code(201).send(proposed(undone as Proposed));
  });

  api.post('/api/v1/responses/:id/dry-run', {
    config: needs(role),
    schema: {
      summary: 'What it would meet, without doing it',
      params: idParams,
      body: decideBody,
      ...replies(dryRunAnswer),
    },
  }, async ({ params, principal }) => {
    await responseFor(store, params.id, { principal, role });
    return tried(await responder.dryRun(params.id, principal.name));
  });
}

function addDeciding(api: Api, { store, responder }: ResponseRouteOptions): void {
  const role = 'approver';
  const route = {
    config: needs(role),
    schema: {
      summary: 'Decide on a proposed response',
      params: idParams,
      body: decideBody,
      ...replies(responseDetail),
    },
  } as const;
  api.post('/api/v1/responses/:id/approve', route, async ({ params, principal }) => {
    const response = await responseFor(store, params.id, { principal, role });
    checkReach(principal, role, response.action);
    checkOthers(principal, response);
    return changed(await responder.approve(params.id, principal.name));
  });
  api.post('/api/v1/responses/:id/reject', route, async ({ params, principal }) => {
    await responseFor(store, params.id, { principal, role });
    return changed(await responder.reject(params.id, principal.name));
  });
}

/**
 * Where four eyes are asked for the machine compares names, and here are those that the same
 * identity had before. Where they are not, an approver still needs somebody else's proposal.
 */
function checkOthers(principal: Principal, { terms, target, ...response }: Response): void {
  const { name, alsoKnownAs = [] } = principal;
  const isOther = terms.fourEyes
    ? ![response.proposedBy, ...response.approvals].some((by) => alsoKnownAs.includes(by))
    : ![name, ...alsoKnownAs].includes(response.proposedBy);
  if (isOther || (!terms.fourEyes && mayApproveOwn(principal, target.namespace))) return;
  throw new Forbidden('same-person', 'four eyes: somebody else has to approve');
}

function addControl(api: Api, { store, responder, policy }: ResponseRouteOptions): void {
  api.get('/api/v1/response-control', {
    config: needs('viewer'),
    schema: { summary: 'Whether responses are paused', ...replies(pauseAnswer) },
  }, async () => responder.pauseState());
  api.post('/api/v1/response-control', {
    config: { needs: 'responder' },
    schema: { summary: 'Pause or resume responses', body: pauseBody, ...replies(pauseAnswer) },
  }, async ({ body, principal }) => {
    const { isPaused, why } = body;
    // To stop is safe; to let go again takes what an approval takes.
    if (!isPaused && !mayEverywhere(principal, 'approver')) {
      throw new Forbidden('role', 'resuming responses needs the role approver in all namespaces');
    }
    const isSet = await responder.setPaused(isPaused, { by: principal.name, why });
    if (!isSet) throw new ApiError(409, 'conflict', 'somebody else changed it at the same moment');
    return responder.pauseState();
  });
  api.get('/api/v1/policy', {
    config: needs('viewer'),
    schema: { summary: 'The policy in force', ...replies(policyAnswer) },
  }, async () => policy());
  api.get('/api/v1/audit/verify', {
    config: { needs: 'viewer' },
    schema: { summary: 'Check the chain of the audit', ...replies(auditVerdict) },
  }, async () => store.verifyAudit());
}
