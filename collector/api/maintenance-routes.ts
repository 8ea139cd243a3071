import { mayIn } from '../access/roles.ts';
import type { Clock } from '../clock.ts';
import { spanAt, WINDOWS_MAX } from '../fatigue/maintenance.ts';
import type { MaintenanceScope, MaintenanceWindow } from '../fatigue/maintenance.ts';
import type { MaintenanceBook, WindowReport } from '../fatigue/maintenance-book.ts';
import { isTimeZone } from '../fatigue/weekly.ts';
import {
  maintenanceWindow,
  windowBody,
  windowReport,
  windowsAnswer,
  windowsQuery,
} from './contract/maintenance.ts';
import type {
  MaintenanceWindowView,
  WindowBody,
  WindowReportAnswer,
} from './contract/maintenance.ts';
import { whyBody } from './contract/suppression.ts';
import { idParams } from './contract/words.ts';
import { ApiError, Hidden, notFound } from './errors.ts';
import type { Api } from './routes.ts';
import { checkEnded, checkReach, reaches } from './suppression-routes.ts';
import { timeText } from './views.ts';

/**
 * Maintenance windows: list, make, end, and what happened in one. A window quietens more than a
 * rule, so that it takes a responder; who has the role in some namespaces only, in one of these.
 */
export type MaintenanceRouteOptions = {
  readonly windows: MaintenanceBook;
  readonly clock: Clock;
};

const PATH = '/api/v1/maintenance-windows';
const viewing = { needs: 'viewer', scope: 'any' } as const;
const making = { needs: 'responder', scope: 'any' } as const;

export function addMaintenanceRoutes(api: Api, options: MaintenanceRouteOptions): void {
  addReading(api, options);
  addMaking(api, options);
}

function addReading(api: Api, { windows, clock }: MaintenanceRouteOptions): void {
  api.get(PATH, {
    config: viewing,
    schema: {
      summary: 'Maintenance windows, newest first',
      querystring: windowsQuery,
      response: { 200: windowsAnswer },
    },
  }, async ({ query, principal }) => {
    const all = await windows.list({ withEnded: query.all });
    const seen = all.filter(({ scope }) => reaches(principal, scope.namespace));
    return { items: seen.map((window) => viewOf(window, clock.now())) };
  });

  api.get(`${PATH}/:id`, {
    config: viewing,
    schema: { summary: 'One window', params: idParams, response: { 200: maintenanceWindow } },
  }, async ({ params, principal }) => {
    const window = await windows.read(params.id);
    if (window === undefined) return notFound('maintenance window');
    if (!reaches(principal, window.scope.namespace)) throw new Hidden('maintenance window');
    return viewOf(window, clock.now());
  });

  api.get(`${PATH}/:id/report`, {
    config: viewing,
    schema: {
      summary: 'What happened in a window',
      params: idParams,
      response: { 200: windowReport },
    },
  }, async ({ params, principal }) => {
    const window = await windows.read(params.id);
    if (window === undefined) return notFound('maintenance window');
    if (!reaches(principal, window.scope.namespace)) throw new Hidden('maintenance window');
    const report = await windows.report(window, ({ namespace }) =>
      mayIn(principal, 'viewer', namespace));
    return reportView(report, clock.now());
  });
}

function addMaking(api: Api, { windows, clock }: MaintenanceRouteOptions): void {
  api.post(PATH, {
    config: making,
    schema: {
      summary: 'Make a window: at most seven days, or weekly for at most a year',
      body: windowBody,
      response: { 201: maintenanceWindow },
    },
  }, async ({ body, principal }, reply) => {
    checkReach(principal, 'responder', body.scope.namespace);
    const { weekly = null } = body;
    if (weekly !== null && !isTimeZone(weekly.timeZone)) {
      throw new ApiError(422, 'no-such-zone', `there is no time zone ${weekly.timeZone}`);
    }
    const made = await windows.make({ ...body, scope: scopeIn(body), weekly }, principal.name);
    if (!made.ok) throw REFUSALS[made.reason]();
    return reply.code(201).send(viewOf(made.window, clock.now()));
  });

  api.post(`${PATH}/:id/end`, {
    config: making,
    schema: {
      summary: 'End a window now',
      params: idParams,
      body: whyBody,
      response: { 200: maintenanceWindow },
    },
  }, async ({ params, body, principal }) => {
    const window = await windows.read(params.id);
    if (window === undefined) return notFound('maintenance window');
    if (!reaches(principal, window.scope.namespace)) throw new Hidden('maintenance window');
    checkEnded(await windows.end(params.id, { by: principal.name, why: body.why }),
      'maintenance window');
    const after = await windows.read(params.id);
    return after === undefined ? notFound('maintenance window') : viewOf(after, clock.now());
  });
}

const REFUSALS = {
  'too-broad': () =>
    new ApiError(422, 'too-broad', 'a window names a cluster, namespace, workload, image or node'),
  'no-such-time': () =>
    new ApiError(422, 'no-such-time', 'a window begins now or later, and ends after that'),
  'too-long': () =>
    new ApiError(422, 'too-long', 'a window lasts at most seven days, a weekly one a year'),
  full: () =>
    new ApiError(409, 'full', `${WINDOWS_MAX} windows are in force: end some`),
} as const;

function scopeIn({ scope }: WindowBody): MaintenanceScope {
  const said = Object.entries(scope).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as MaintenanceScope;
}

function viewOf(window: MaintenanceWindow, nowMs: number): MaintenanceWindowView {
  const span = window.ended === null ? spanAt(window, nowMs) : undefined;
  const isOver = window.ended !== null || Date.parse(window.toTime) <= nowMs;
  return {
    ...window,
    scope: window.scope as MaintenanceWindowView['scope'],
    state: span !== undefined ? 'active' : isOver ? 'ended' : 'waiting',
    activeUntilTime: span === undefined ? null : timeText(span.toMs),
  };
}

const reportView = (report: WindowReport, nowMs: number): WindowReportAnswer => ({
  ...report,
  window: viewOf(report.window, nowMs),
  bySeverity: { ...report.bySeverity } as Record<string, number>,
  behaviours: [...report.behaviours],
  alerts: report.alerts.map(({ alert, handling }) => ({
    id: alert.id,
    time: alert.lastTime,
    severity: alert.severity,
    handling,
    namespace: alert.namespace,
    pod: alert.pod,
    image: alert.image.repository,
    reason: alert.reason,
  })),
});
