import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { TSchema } from 'typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Clock } from '../clock.ts';
import type { AgentLinks } from '../link/link-server.ts';
import type { AgentRecord, Store } from '../store/faces.ts';
import { auditAnswer, auditQuery } from './contract/audit.ts';
import { gapsAnswer, gapsQuery, nodesAnswer } from './contract/fleet.ts';
import { gapView, nodeView, timeText } from './views.ts';

export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Four heartbeats of an agent. */
const HEARD_MS = 20_000;

export type ReadOptions = {
  readonly store: Store;
  readonly links: AgentLinks;
  readonly clock: Clock;
};

/** What a route answers; that it does is checked in tests (`testing/answer-check.ts`). */
export const replies = (schema: TSchema, status: 200 | 201 = 200) =>
  ({ response: { [status]: Type.Unsafe<unknown>(schema) } });

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

/** What a bounded search found, and where it goes on. */
export const foundOf = <Row, View>(
  { rows, next }: { readonly rows: readonly Row[]; readonly next?: number },
  view: (row: Row) => View,
) => ({ items: rows.map(view), nextCursor: next === undefined ? null : String(next) });

/** Nodes, gaps and the audit. Lists are newest first; `nextCursor` is null at the end. */
export function addReadRoutes(api: Api, { store, links, clock }: ReadOptions): void {
  // A link to another replica shows by what was heard of the agent: that is in the store.
  const isElsewhere = ({ lastSeenMs }: AgentRecord): boolean =>
    store.commands !== undefined && clock.now() - lastSeenMs < HEARD_MS;
  api.get('/api/v1/nodes', {
    config: { needs: 'viewer', scope: 'any' },
    schema: { summary: 'Nodes, their agents and sensors', response: { 200: nodesAnswer } },
  }, async () => ({
    items: (await store.listAgents()).map((agent) =>
      nodeView(agent, links.isConnected(agent) || isElsewhere(agent))),
  }));

  api.get('/api/v1/gaps', {
    config: { needs: 'viewer', scope: 'any' },
    schema: {
      summary: 'When nobody watched: lost events, silent sensors',
      querystring: gapsQuery,
      response: { 200: gapsAnswer },
    },
  }, async ({ query }) => {
    const { node, limit } = query;
    const page = { ...pageOf(query), ...(node === undefined ? {} : { node }) };
    return listOf(await store.listGaps(page), limit, gapView);
  });

  api.get('/api/v1/audit', {
    config: { needs: 'viewer' },
    schema: {
      summary: 'Who did what: the chained audit',
      querystring: auditQuery,
      response: { 200: auditAnswer },
    },
  }, async ({ query }) => {
    const { limit: _, cursor: __, from, to, ...same } = query;
    const filter = {
      ...same,
      ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
      ...(to === undefined ? {} : { toMs: Date.parse(to) }),
    };
    return foundOf(await store.findAudit(filter, pageOf(query)), ({ atMs, ...entry }) => ({
      ...entry,
      time: timeText(atMs),
    }));
  });
}
