import { scopeOf } from '../access/roles.ts';
import type { Clock } from '../clock.ts';
import {
  EXCLUDES_MAX,
  destinationList,
  destinationsCsv,
  networksOf,
} from '../flows/destinations.ts';
import type { Destination, FlowFilter, FlowRow, FlowStore } from '../flows/flow-store.ts';
import { who } from '../flows/who.ts';
import type { Candidate, WhoAnswer, WhoQuestion } from '../flows/who.ts';
import {
  destinationsAnswer,
  destinationsQuery,
  flowsAnswer,
  flowsQuery,
  whoAnswer,
  whoQuery,
} from './contract/egress.ts';
import type {
  DestinationView,
  FlowView,
  FlowsQuery,
  WhoAnswerView,
  WhoQuery,
} from './contract/egress.ts';
import { ApiError } from './errors.ts';
import { foundOf, pageOf, replies } from './routes.ts';
import type { Api } from './routes.ts';
import { timeText } from './views.ts';

/**
 * Who talked to whom. A node's traffic belongs to no namespace, and an answer that left somebody
 * out would accuse the others: who was behind it is asked by those who may see all of them.
 */
export type EgressRouteOptions = { readonly store: FlowStore; readonly clock: Clock };

const narrowed = { needs: 'viewer', scope: 'any' } as const;

export function addEgressRoutes(api: Api, { store, clock }: EgressRouteOptions): void {
  api.get('/api/v1/egress/who', {
    config: { needs: 'viewer' },
    schema: {
      summary: 'Which pods can have been behind a connection that has a node’s address',
      querystring: whoQuery,
      ...replies(whoAnswer),
    },
  }, async ({ query }) => {
    const question = questionOf(query);
    return answerView(question, await who(store, question, clock.now()));
  });

  api.get('/api/v1/egress/flows', {
    config: narrowed,
    schema: {
      summary: 'Who connected where, by the minute, newest first',
      querystring: flowsQuery,
      ...replies(flowsAnswer),
    },
  }, async ({ query, principal }) =>
    foundOf(
      await store.listFlows(filterOf(query, scopeOf(principal, 'viewer')), pageOf(query)),
      flowView,
    ));

  api.get('/api/v1/egress/destinations', {
    config: narrowed,
    schema: {
      summary: 'What applications reached, as a list for a firewall',
      querystring: destinationsQuery,
      produces: ['application/json', 'text/csv'],
      ...replies(destinationsAnswer),
    },
  }, async ({ query, principal }, reply) => {
    const { exclude, format, newSince, times, ...filter } = query;
    const texts = (exclude ?? '').split(',').map((one) => one.trim()).filter((one) => one !== '');
    const excluded = texts.length > EXCLUDES_MAX ? null : networksOf(texts);
    if (excluded === null) {
      throw new ApiError(400, 'invalid-request',
        `exclude is at most ${EXCLUDES_MAX} networks like 10.244.0.0/16, with commas`);
    }
    const found = await store.listDestinations({
      ...filter,
      scope: scopeOf(principal, 'viewer'),
      ...(newSince === undefined ? {} : { newSinceMs: msOf('newSince', newSince) }),
    });
    const items = destinationList(found.items, excluded);
    if (format === 'csv') {
      return reply.type('text/csv; charset=utf-8').header('x-lanner-partial', String(found.isPartial))
        .send(destinationsCsv(items, { hasTimes: times }));
    }
    return { items: items.map(destinationView), isPartial: found.isPartial };
  });
}

function questionOf(query: WhoQuery): WhoQuestion {
  const { at, windowSeconds, ...same } = query;
  return { ...same, atMs: msOf('at', at), windowMs: windowSeconds * 1_000 };
}

function filterOf(query: FlowsQuery, scope: FlowFilter['scope']): FlowFilter {
  const { limit: _, cursor: __, dst, dstPort, from, to, ...same } = query;
  return {
    ...same,
    scope,
    ...(dst === undefined ? {} : { address: dst }),
    ...(dstPort === undefined ? {} : { port: dstPort }),
    ...(from === undefined ? {} : { fromMs: msOf('from', from) }),
    ...(to === undefined ? {} : { toMs: msOf('to', to) }),
  };
}

/** The pattern lets a 31st of February through, which is no time. */
function msOf(name: string, time: string): number {
  const ms = Date.parse(time);
  if (!Number.isNaN(ms) && ms >= 0) return ms;
  throw new ApiError(400, 'invalid-request', `${name} is no time`);
}

function answerView({ atMs, windowMs }: WhoQuestion, answer: WhoAnswer): WhoAnswerView {
  return {
    verdict: answer.verdict,
    doubts: answer.doubts,
    from: timeText(Math.max(0, atMs - windowMs)),
    to: timeText(atMs + windowMs),
    nodes: answer.nodes.map(({ cluster, node }) => ({ cluster, node })),
    candidates: answer.candidates.map(candidateView),
    gaps: answer.gaps as WhoAnswerView['gaps'],
    watched: answer.watched.map(({ cluster, node, fromMs, toMs }) =>
      ({ cluster, node, from: timeText(fromMs), to: timeText(toMs) })),
  };
}

function candidateView(
  { who: actor, firstMs, lastMs, distanceMs, flows, ...same }: Candidate,
): WhoAnswerView['candidates'][number] {
  return {
    ...actor,
    ...same,
    firstTime: timeText(firstMs),
    lastTime: timeText(lastMs),
    distanceSeconds: distanceMs / 1_000,
    flows: flows.map(String),
  };
}

const flowView = ({ number, who: actor, address, firstMs, lastMs, ...same }: FlowRow): FlowView => ({
  id: String(number),
  ...actor,
  ...same,
  remoteAddress: address,
  firstTime: timeText(firstMs),
  lastTime: timeText(lastMs),
});

const destinationView = ({ firstMs, lastMs, ...same }: Destination): DestinationView =>
  ({ ...same, firstTime: timeText(firstMs), lastTime: timeText(lastMs) });
