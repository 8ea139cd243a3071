import { scopeOf } from '../access/roles.ts';
import type { Principal } from '../access/principal.ts';
import type { Decision } from '../../baseline/profile/decisions.ts';
import type { IncidentSearch, Scope, WorkedIncident } from '../store/desk-face.ts';
import type { IncidentDesk, StepRefusal } from '../desk/incident-desk.ts';
import { timelineOf } from '../desk/timeline.ts';
import { isInScope, seenFrom, touches } from '../incident/visibility.ts';
import type { IncidentNote, Step } from '../incident/work.ts';
import type { AlertRow, GapRow, Store } from '../store/faces.ts';
import {
  acknowledgeBody,
  assignBody,
  closeBody,
  commentBody,
  incidentDetail,
  incidentsAnswer,
  incidentsQuery,
  reopenBody,
  timelineAnswer,
  workAnswer,
} from './contract/incident.ts';
import type { IncidentsQuery } from './contract/incident.ts';
import { idParams } from './contract/words.ts';
import { ApiError, Forbidden, Hidden, notFound } from './errors.ts';
import { foundOf, pageOf } from './routes.ts';
import type { Api } from './routes.ts';
import { alertView, incidentView, timeText, workView } from './views.ts';

/** Incidents: list, one with its alerts, what happened in order, and the work of people on it. */
export type IncidentRouteOptions = {
  readonly store: Store;
  readonly desk: Pick<IncidentDesk, 'take'>;
  readonly decisions: { list(): Promise<readonly Decision[]> };
};

const ALERTS_SHOWN = 100;
const RESPONSES_SHOWN = 100;
const TIMELINE_ALERTS_MAX = 500;
const TIMELINE_NODES_MAX = 10;
const TIMELINE_GAPS_PER_NODE = 100;
/** A gap just before is part of the story. */
const AROUND_MS = 10 * 60_000;

const viewer = { needs: 'viewer', scope: 'any' } as const;
const analyst = { needs: 'analyst', scope: 'any' } as const;

export function addIncidentRoutes(api: Api, options: IncidentRouteOptions): void {
  const { store } = options;
  api.get('/api/v1/incidents', {
    config: viewer,
    schema: {
      summary: 'Incidents, newest first',
      querystring: incidentsQuery,
      response: { 200: incidentsAnswer },
    },
  }, async ({ query, principal }) => {
    const scope = scopeOf(principal, 'viewer');
    const found = await store.pageIncidents(incidentSearch(query, scope), pageOf(query));
    return foundOf(found, (one) => incidentView(one, scope));
  });

  api.get('/api/v1/incidents/:id', {
    config: viewer,
    schema: {
      summary: 'One incident with its alerts, responses and comments',
      params: idParams,
      response: { 200: incidentDetail },
    },
  }, async ({ params: { id }, principal }) => {
    const scope = scopeOf(principal, 'viewer');
    const worked = await incidentFor(store, id, scope);
    const alerts = await store
      .pageAlerts({ scope, incidentId: id, handling: 'all' }, { limit: ALERTS_SHOWN });
    return {
      incident: incidentView(worked, scope),
      alerts: foundOf(alerts, alertView),
      responses: [...await responsesOf(store, id, scope)],
      work: workWithComments(worked, await store.listNotes(id)),
    };
  });

  addTimeline(api, options);
  addSteps(api, options);
}

function addTimeline(api: Api, { store, decisions }: IncidentRouteOptions): void {
  api.get('/api/v1/incidents/:id/timeline', {
    config: viewer,
    schema: {
      summary: 'What happened, in order of time',
      params: idParams,
      response: { 200: timelineAnswer },
    },
  }, async ({ params: { id }, principal }) => {
    const scope = scopeOf(principal, 'viewer');
    const { incident } = await incidentFor(store, id, scope);
    const search = { scope, incidentId: id, handling: 'all' } as const;
    const alerts = await store.pageAlerts(search, { limit: TIMELINE_ALERTS_MAX });
    const nodes = new Set(seenFrom(scope, incident).pods.map(({ node }) => node));
    const gaps: GapRow[] = [];
    for (const node of [...nodes].slice(0, TIMELINE_NODES_MAX)) {
      const found = await store.listGaps({ node, limit: TIMELINE_GAPS_PER_NODE });
      gaps.push(...found.filter((gap) => gap.cluster === incident.cluster &&
        isAround(gap, incident)));
    }
    const { items, isPartial } = timelineOf({
      alerts: alerts.rows,
      gaps,
      responses: await responsesOf(store, id, scope),
      notes: await store.listNotes(id),
      decisions: decidedAbout(await decisions.list(), alerts.rows),
    });
    return { items, isPartial: isPartial || alerts.next !== undefined };
  });
}

function isAround(
  gap: Pick<GapRow, 'from' | 'to'>,
  { firstTime, lastTime }: { readonly firstTime: string; readonly lastTime: string },
): boolean {
  return Date.parse(gap.from) <= Date.parse(lastTime) + AROUND_MS &&
    Date.parse(gap.to) >= Date.parse(firstTime) - AROUND_MS;
}

function decidedAbout(
  decisions: readonly Decision[],
  alerts: readonly AlertRow[],
): readonly Decision[] {
  const shown = new Set(alerts.flatMap(({ alert }) => alert.behaviours.map(({ channel, value }) =>
    JSON.stringify([alert.image.repository, channel, value]))));
  return decisions.filter(({ kind, repository, channel, value }) =>
    (kind === 'accept' || kind === 'reject') &&
    shown.has(JSON.stringify([repository, channel, value])));
}

function addSteps(api: Api, options: IncidentRouteOptions): void {
  const answer = { params: idParams, response: { 200: workAnswer } };
  const path = (step: string): string => `/api/v1/incidents/:id/${step}`;

  api.post(path('acknowledge'), {
    config: analyst,
    schema: { summary: 'Somebody has seen it', ...answer, body: acknowledgeBody },
  }, ({ params, body, principal }) =>
    take(options, params.id, { kind: 'acknowledge' }, { principal, ...body }));

  api.post(path('assign'), {
    config: analyst,
    schema: { summary: 'Who works on it', ...answer, body: assignBody },
  }, ({ params, body: { assignee, revision }, principal }) =>
    take(options, params.id, { kind: 'assign', assignee }, { principal, revision }));

  api.post(path('comments'), {
    config: analyst,
    schema: { summary: 'Say something about it, in plain text', ...answer, body: commentBody },
  }, ({ params, body: { text }, principal }) =>
    take(options, params.id, { kind: 'comment', text }, { principal }));

  api.post(path('close'), {
    config: analyst,
    schema: { summary: 'It is dealt with, and what it was', ...answer, body: closeBody },
  }, ({ params, body: { verdict, why, ...seen }, principal }) =>
    take(options, params.id, { kind: 'close', verdict, why }, { principal, ...seen }));

  api.post(path('reopen'), {
    config: analyst,
    schema: { summary: 'It is not dealt with after all', ...answer, body: reopenBody },
  }, ({ params, body: { why, revision }, principal }) =>
    take(options, params.id, { kind: 'reopen', why }, { principal, revision }));
}

async function take(
  { desk }: IncidentRouteOptions,
  id: string,
  step: Step,
  { principal, ...seen }: {
    readonly principal: Principal;
    readonly revision?: number;
    readonly incidentRevision?: number;
  },
) {
  const outcome = await desk.take(id, step, {
    ...seen,
    by: principal.name,
    sees: scopeOf(principal, 'viewer'),
    decides: scopeOf(principal, 'analyst'),
  });
  if (outcome.ok) return { work: workWithComments(outcome.worked, outcome.notes) };
  return refuse(outcome.reason, outcome.detail);
}

const WORDS: Readonly<Record<Exclude<StepRefusal, 'not-found' | 'beyond-scope'>, string>> = {
  'merged': 'it went on in another incident',
  'conflict': 'somebody else was faster: look at it again',
  'grown': 'it has grown since: look at it again',
  'full': 'it has as many comments as it may have',
  'already': 'it is so already',
  'closed': 'it is closed',
  'not-closed': 'nobody has closed it',
};

function refuse(reason: StepRefusal, detail: string): never {
  if (reason === 'not-found') return notFound('incident');
  if (reason === 'beyond-scope') {
    throw new Forbidden('namespace', 'it is, in part, of namespaces where you are no analyst');
  }
  const more = detail === '' ? '' : `: ${detail}`;
  throw new ApiError(409, reason, WORDS[reason] + more);
}

async function incidentFor(
  store: Pick<Store, 'readWorkedIncident'>,
  id: string,
  scope: Scope,
): Promise<WorkedIncident> {
  const found = await store.readWorkedIncident(id);
  if (found === undefined) return notFound('incident');
  if (!touches(scope, found.incident)) throw new Hidden('incident');
  return found;
}

async function responsesOf(store: Pick<Store, 'listResponses'>, id: string, scope: Scope) {
  const rows = await store.listResponses({ incidentId: id }, { limit: RESPONSES_SHOWN });
  return rows.map(({ response }) => response)
    .filter(({ target }) => isInScope(scope, target.namespace));
}

const workWithComments = ({ work }: WorkedIncident, notes: readonly IncidentNote[]) => ({
  ...workView(work),
  comments: notes.filter(({ kind }) => kind === 'comment')
    .map(({ id, by, atMs, text }) => ({ id, by, time: timeText(atMs), text })),
});

function incidentSearch(query: IncidentsQuery, scope: Scope): IncidentSearch {
  const { severity, acknowledged, limit: _, cursor: __, ...same } = query;
  return {
    ...same,
    scope,
    ...(severity === undefined ? {} : { severityMin: severity }),
    ...(acknowledged === undefined ? {} : { isAcknowledged: acknowledged }),
  };
}
