import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Clock } from '../clock.ts';
import type { AgentLinks } from '../link/link-server.ts';
import type { AgentRecord, Store } from '../store/faces.ts';
import { notFound } from './errors.ts';
import {
  alertsQuery,
  gapsQuery,
  idParams,
  incidentsQuery,
  pageQuery,
} from './schemas.ts';
import { alertView, gapView, nodeView } from './views.ts';

export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Everything that only reads. Lists are newest first; `nextCursor` is null at the end. */
const ALERTS_OF_INCIDENT = 100;
/** Four heartbeats of an agent. */
const HEARD_MS = 20_000;

export type ReadOptions = {
  readonly store: Store;
  readonly links: AgentLinks;
  readonly clock: Clock;
};

export const pageOf = (query: { readonly limit: number; readonly cursor?: string }) => ({
  limit: query.limit,
  ...(query.cursor === undefined ? {} : { before: Number(query.cursor) }),
});

export function listOf<Row extends { readonly number: number }, View>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => View,
) {
  const last = rows.at(-1);
  return {
    items: rows.map(view),
    // A full page may be the last one; the next is then empty, and says so.
    nextCursor: last !== undefined && rows.length === limit ? String(last.number) : null,
  };
}

export function addReadRoutes(api: Api, { store, links, clock }: ReadOptions): void {
  api.get('/api/v1/alerts', { schema: { querystring: alertsQuery } }, async ({ query }) => {
    const { severity, incident, limit, cursor: _, ...same } = query;
    const filter = {
      ...same,
      ...(severity === undefined ? {} : { severityMin: severity }),
      ...(incident === undefined ? {} : { incidentId: incident }),
    };
    return listOf(await store.listAlerts(filter, pageOf(query)), limit, alertView);
  });

  api.get('/api/v1/alerts/:id', { schema: { params: idParams } }, async ({ params }) => {
    const row = await store.readAlert(params.id);
    return row === undefined ? notFound('alert') : alertView(row);
  });

  api.get('/api/v1/incidents', { schema: { querystring: incidentsQuery } }, async ({ query }) => {
    const { limit, cursor: _, ...filter } = query;
    const rows = await store.listIncidents(filter, pageOf(query));
    return listOf(rows, limit, ({ incident }) => incident);
  });

  api.get('/api/v1/incidents/:id', { schema: { params: idParams } }, async ({ params }) => {
    const row = await store.readIncident(params.id);
    if (row === undefined) return notFound('incident');
    const limit = ALERTS_OF_INCIDENT;
    const alerts = await store.listAlerts({ incidentId: params.id }, { limit });
    const responses = await store.listResponses({ incidentId: params.id }, { limit });
    return {
      incident: row.incident,
      alerts: listOf(alerts, limit, alertView),
      responses: responses.map(({ response }) => response),
    };
  });

  // A link to another replica shows by what was heard of the agent: that is in the store.
  const isElsewhere = ({ lastSeenMs }: AgentRecord): boolean =>
    store.commands !== undefined && clock.now() - lastSeenMs < HEARD_MS;
  api.get('/api/v1/nodes', async () => ({
    items: (await store.listAgents()).map((agent) =>
      nodeView(agent, links.isConnected(agent) || isElsewhere(agent))),
  }));

  api.get('/api/v1/gaps', { schema: { querystring: gapsQuery } }, async ({ query }) => {
    const { node, limit } = query;
    const page = { ...pageOf(query), ...(node === undefined ? {} : { node }) };
    return listOf(await store.listGaps(page), limit, gapView);
  });

  api.get('/api/v1/audit', { schema: { querystring: pageQuery } }, async ({ query }) =>
    listOf(await store.listAudit(pageOf(query)), query.limit, ({ number, atMs, ...entry }) => ({
      number,
      time: new Date(atMs).toISOString(),
      ...entry,
    })));
}
