import { scopeOf } from '../access/roles.ts';
import type { Clock } from '../clock.ts';
import { AlertContexts } from '../desk/alert-context.ts';
import type { AlertContextsOptions } from '../desk/alert-context.ts';
import { counted } from '../desk/counts.ts';
import type { AlertSearch, CountQuery, Scope } from '../store/desk-face.ts';
import { search } from '../desk/search.ts';
import { isInScope } from '../incident/visibility.ts';
import { profileId } from '../profiles/profile-id.ts';
import type { AlertRow, Store } from '../store/faces.ts';
import {
  BUCKETS_MAX,
  alertAnswer,
  alertContext,
  alertCounts,
  alertCountsQuery,
  alertsAnswer,
  alertsQuery,
  contextQuery,
} from './contract/alert.ts';
import type { AlertCountsQuery, AlertsQuery } from './contract/alert.ts';
import { podsAnswer, podsQuery } from './contract/fleet.ts';
import { searchAnswer, searchQuery } from './contract/search.ts';
import { idParams } from './contract/words.ts';
import { ApiError, Hidden, notFound } from './errors.ts';
import { foundOf, pageOf } from './routes.ts';
import type { Api } from './routes.ts';
import { alertView, incidentView, podView, timeText } from './views.ts';

/**
 * Alerts and what follows from them: the list, one, what stands around it, counts, pods, search.
 * All of it is narrowed to the namespaces in which the one who asks is a viewer; what lies outside
 * does not exist for them.
 */
export type AlertRouteOptions = {
  readonly store: Store;
  readonly curation: { readonly profiles: AlertContextsOptions['profiles'] };
  readonly clock: Clock;
};

const DAY_MS = 86_400_000;
const config = { needs: 'viewer', scope: 'any' } as const;

export function addAlertRoutes(api: Api, options: AlertRouteOptions): void {
  const { store, curation, clock } = options;
  const contexts = new AlertContexts({ store, profiles: curation.profiles, clock });

  api.get('/api/v1/alerts', {
    config,
    schema: {
      summary: 'Alerts, newest first',
      querystring: alertsQuery,
      response: { 200: alertsAnswer },
    },
  }, async ({ query, principal }) =>
    foundOf(
      await store.pageAlerts(alertSearch(query, scopeOf(principal, 'viewer')), pageOf(query)),
      alertView,
    ));

  api.get('/api/v1/alerts/:id', {
    config,
    schema: { summary: 'One alert', params: idParams, response: { 200: alertAnswer } },
  }, async ({ params, principal }) =>
    alertView(await alertFor(store, params.id, scopeOf(principal, 'viewer'))));

  api.get('/api/v1/alerts/:id/context', {
    config,
    schema: {
      summary: 'What is normal instead, who started it, who else did it',
      params: idParams,
      querystring: contextQuery,
      response: { 200: alertContext },
    },
  }, async ({ params, query, principal }) => {
    const scope = scopeOf(principal, 'viewer');
    const row = await alertFor(store, params.id, scope);
    const context = await contexts.of(row, scope, query.days);
    return { ...context, minuteBefore: context.minuteBefore.map(alertView) };
  });

  addCounts(api, options);
  addFinding(api, options);
}

function addCounts(api: Api, { store, clock }: AlertRouteOptions): void {
  api.get('/api/v1/alert-counts', {
    config,
    schema: {
      summary: 'How many alerts when, for a sparkline or by one dimension',
      querystring: alertCountsQuery,
      response: { 200: alertCounts },
    },
  }, async ({ query, principal }) => {
    const asked = countQuery(query, scopeOf(principal, 'viewer'), clock.now());
    const totals = await store.countAlerts(asked);
    const { by } = query;
    const rows = by === undefined ? [] : await store.countAlerts({ ...asked, by });
    const { total, buckets, groups, other } = counted(rows, totals);
    const timed = (all: typeof buckets) =>
      all.map(({ atMs, count }) => ({ time: timeText(atMs), count }));
    return {
      from: timeText(asked.fromMs),
      to: timeText(asked.toMs),
      bucketSeconds: query.bucketSeconds,
      total,
      buckets: timed(buckets),
      groups: groups.map((group) => ({ ...group, buckets: timed(group.buckets) })),
      other,
    };
  });
}

function addFinding(api: Api, { store }: AlertRouteOptions): void {
  api.get('/api/v1/pods', {
    config,
    schema: {
      summary: 'Pods that raised alerts, the newest alert first',
      querystring: podsQuery,
      response: { 200: podsAnswer },
    },
  }, async ({ query, principal }) => {
    const found = await store.listPods({ ...query, scope: scopeOf(principal, 'viewer') });
    return { items: found.rows.map(podView), isPartial: found.isPartial };
  });

  api.get('/api/v1/search', {
    config,
    schema: {
      summary: 'Alerts, incidents, images, pods, nodes and responses with a text in them',
      querystring: searchQuery,
      response: { 200: searchAnswer },
    },
  }, async ({ query, principal }) => {
    const scope = scopeOf(principal, 'viewer');
    const found = await search(store, { ...query, scope });
    return {
      alerts: found.alerts.map(alertView).map((alert) => ({
        id: alert.id,
        severity: alert.severity,
        namespace: alert.namespace,
        pod: alert.pod,
        image: alert.image.repository,
        lastTime: alert.lastTime,
        reason: alert.reason,
        incidentId: alert.incidentId,
      })),
      incidents: found.incidents.map((one) => incidentView(one, scope))
        .map(({ id, severity, namespace, isOpen, lastTime, title }) =>
          ({ id, severity, namespace, isOpen, lastTime, title })),
      images: found.images.map((image) => ({ profileId: profileId(image.profileKey), ...image })),
      pods: found.pods.map(podView).map(({ namespace, pod, node, image }) =>
        ({ namespace, pod, node, image })),
      nodes: [...found.nodes],
      responses: found.responses.map(({ id, action, state, target }) =>
        ({ id, action, state, namespace: target.namespace, pod: target.pod })),
      isPartial: found.isPartial,
    };
  });
}

export async function alertFor(
  store: Pick<Store, 'readAlert'>,
  id: string,
  scope: Scope,
): Promise<AlertRow> {
  const row = await store.readAlert(id);
  if (row === undefined) return notFound('alert');
  if (!isInScope(scope, row.alert.namespace)) throw new Hidden('alert');
  return row;
}

function alertSearch(query: AlertsQuery, scope: Scope): AlertSearch {
  const { severity, incident, from, to, limit: _, cursor: __, ...same } = query;
  return {
    ...same,
    scope,
    ...(severity === undefined ? {} : { severityMin: severity }),
    ...(incident === undefined ? {} : { incidentId: incident }),
    ...(from === undefined ? {} : { fromMs: msOf('from', from) }),
    ...(to === undefined ? {} : { toMs: msOf('to', to) }),
  };
}

function countQuery(query: AlertCountsQuery, scope: Scope, nowMs: number): CountQuery {
  const { severity, namespace, image, bucketSeconds } = query;
  const bucketMs = bucketSeconds * 1_000;
  const toMs = query.to === undefined ? nowMs : msOf('to', query.to);
  const asked = query.from === undefined ? toMs - DAY_MS : msOf('from', query.from);
  // Whole buckets, at the same places whenever it is asked.
  const fromMs = asked - asked % bucketMs;
  if (toMs <= fromMs || (toMs - fromMs) / bucketMs > BUCKETS_MAX + 1) {
    throw new ApiError(400, 'invalid-request',
      `from must be before to, and ${BUCKETS_MAX} buckets lie between them at most`);
  }
  return {
    scope,
    fromMs,
    toMs,
    bucketMs,
    ...(severity === undefined ? {} : { severityMin: severity }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(image === undefined ? {} : { image }),
  };
}

/** The pattern lets a 31st of February through, which is no time. */
function msOf(name: string, time: string): number {
  const ms = Date.parse(time);
  if (!Number.isNaN(ms) && ms >= 0) return ms;
  throw new ApiError(400, 'invalid-request', `${name} is no time`);
}
