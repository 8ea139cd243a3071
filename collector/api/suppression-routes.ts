import type { Alert } from '../../baseline/alert.ts';
import type { Principal, Role } from '../access/principal.ts';
import { mayEverywhere, mayIn, scopeOf } from '../access/roles.ts';
import type { Put, RuleRow } from '../fatigue/fatigue-store.ts';
import { RULES_MAX, RULE_DAYS_MAX, isInForce } from '../fatigue/suppression.ts';
import type { SuppressionMatch } from '../fatigue/suppression.ts';
import type { SuppressionBook } from '../fatigue/suppression-book.ts';
import type { Clock } from '../clock.ts';
import { matchesGlob } from '../policy/glob.ts';
import {
  previewAnswer,
  previewBody,
  suppression,
  suppressionBody,
  suppressionsAnswer,
  suppressionsQuery,
  whyBody,
} from './contract/suppression.ts';
import type { SuppressionMatchBody, SuppressionView } from './contract/suppression.ts';
import { idParams } from './contract/words.ts';
import { ApiError, Forbidden, Hidden, notFound } from './errors.ts';
import { listOf, pageOf } from './routes.ts';
import type { Api } from './routes.ts';
import { timeText } from './views.ts';

/**
 * Suppression rules: list, show, try, make, end. Who has a role in some namespaces only makes and
 * sees rules of these: a rule that names no namespace silences everybody's.
 */
export type SuppressionRouteOptions = {
  readonly suppressions: SuppressionBook;
  readonly clock: Clock;
};

const PATH = '/api/v1/suppressions';
const needs = (role: Role) => ({ needs: role, scope: 'any' } as const);

export function addSuppressionRoutes(api: Api, options: SuppressionRouteOptions): void {
  addReading(api, options);
  addMaking(api, options);
}

function addReading(api: Api, { suppressions, clock }: SuppressionRouteOptions): void {
  api.get(PATH, {
    config: needs('viewer'),
    schema: {
      summary: 'Suppression rules, newest first',
      querystring: suppressionsQuery,
      response: { 200: suppressionsAnswer },
    },
  }, async ({ query, principal }) => {
    const rows = await suppressions.list({ withEnded: query.all, ...pageOf(query) });
    const { items, nextCursor } = listOf(rows, query.limit, (row) => row);
    const seen = items.filter(({ rule }) => reaches(principal, rule.match.namespace));
    return { items: seen.map((row) => viewOf(row, clock.now())), nextCursor };
  });

  api.get(`${PATH}/:id`, {
    config: needs('viewer'),
    schema: { summary: 'One rule', params: idParams, response: { 200: suppression } },
  }, async ({ params, principal }) => {
    const row = await suppressions.read(params.id);
    if (row === undefined) return notFound('suppression rule');
    if (!reaches(principal, row.rule.match.namespace)) throw new Hidden('suppression rule');
    return viewOf(row, clock.now());
  });

  api.post(`${PATH}/preview`, {
    config: needs('viewer'),
    schema: {
      summary: 'What a rule would have suppressed in the last seven days',
      body: previewBody,
      response: { 200: previewAnswer },
    },
  }, async ({ body, principal }) => {
    const { match, includesDestructive } = body;
    const maySee = (alert: Alert): boolean => mayIn(principal, 'viewer', alert.namespace);
    const found = await suppressions.preview({ match: matchOf(match), includesDestructive }, maySee);
    return { ...found, examples: found.examples.map(exampleOf) };
  });
}

function addMaking(api: Api, { suppressions, clock }: SuppressionRouteOptions): void {
  api.post(PATH, {
    config: needs('analyst'),
    schema: {
      summary: 'Make a rule',
      body: suppressionBody,
      response: { 201: suppression },
    },
  }, async ({ body, principal }, reply) => {
    const { match, includesDestructive, owner, reason, expiresTime } = body;
    const role = includesDestructive ? 'approver' : 'analyst';
    checkReach(principal, role, match.namespace);
    const made = await suppressions.make({
      match: matchOf(match),
      includesDestructive,
      owner,
      reason,
      ...(expiresTime === undefined ? {} : { expiresTime }),
    }, principal.name);
    if (!made.ok) throw REFUSALS[made.reason]();
    const row = { number: 0, rule: made.rule, hits: 0, lastHitAtMs: 0 };
    return reply.code(201).send(viewOf(row, clock.now()));
  });

  api.post(`${PATH}/:id/expire`, {
    config: needs('analyst'),
    schema: {
      summary: 'End a rule now',
      params: idParams,
      body: whyBody,
      response: { 200: suppression },
    },
  }, async ({ params, body, principal }) => {
    const row = await suppressions.read(params.id);
    if (row === undefined) return notFound('suppression rule');
    if (!reaches(principal, row.rule.match.namespace)) throw new Hidden('suppression rule');
    // To end a silence is never dangerous: whoever hears it may.
    const put = await suppressions.end(params.id, { by: principal.name, why: body.why });
    checkEnded(put, 'suppression rule');
    const after = await suppressions.read(params.id);
    return after === undefined ? notFound('suppression rule') : viewOf(after, clock.now());
  });
}

export function checkEnded(put: Put, what: string): void {
  if (put.ok) return;
  if (put.reason === 'not-found') notFound(what);
  throw new ApiError(409, 'wrong-state', `the ${what} has ended already`);
}

/** A glob reaches into namespaces that nobody asked about. */
export function checkReach(
  principal: Principal,
  role: Role,
  namespace: string | undefined,
): void {
  if (mayEverywhere(principal, role)) return;
  if (scopeOf(principal, role).length === 0) {
    throw new Forbidden('role', `this needs the role ${role}`);
  }
  if (namespace === undefined || namespace.includes('*')) {
    throw new Forbidden('namespace',
      `name one namespace, without *: for all of them the role ${role} is needed in all`);
  }
  if (!mayIn(principal, role, namespace)) {
    throw new Forbidden('namespace', `the role ${role} is needed in ${namespace}`);
  }
}

/** Whether what holds in that namespace concerns what the principal may see. */
export function reaches(principal: Principal, namespace: string | undefined): boolean {
  const scope = scopeOf(principal, 'viewer');
  return scope === 'all' ||
    scope.some((name) => namespace === undefined || matchesGlob(namespace, name));
}

const REFUSALS = {
  'too-broad': () =>
    new ApiError(422, 'too-broad',
      'a rule names a namespace, workload, image, behaviour or technique, with three letters or more'),
  'no-such-time': () => new ApiError(422, 'no-such-time', 'a rule ends at a time to come'),
  'too-long': () =>
    new ApiError(422, 'too-long', `a rule holds for at most ${RULE_DAYS_MAX} days`),
  full: () =>
    new ApiError(409, 'full', `${RULES_MAX} rules are in force: end some that nobody needs`),
} as const;

/** Without what is absent: `undefined` is not a part of a rule. */
function matchOf(body: SuppressionMatchBody): SuppressionMatch {
  const said = Object.entries(body).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as SuppressionMatch;
}

function viewOf({ rule, hits, lastHitAtMs }: RuleRow, nowMs: number): SuppressionView {
  return {
    ...rule,
    match: rule.match as SuppressionMatchBody,
    state: isInForce(rule, nowMs) ? 'in-force' : 'ended',
    hits,
    lastHitTime: lastHitAtMs === 0 ? null : timeText(lastHitAtMs),
  };
}

const exampleOf = (alert: Alert) => ({
  id: alert.id,
  time: alert.lastTime,
  severity: alert.severity,
  namespace: alert.namespace,
  pod: alert.pod,
  image: alert.image.repository,
  behaviours: alert.behaviours.map(({ channel, value }) => `${channel}: ${value}`),
  reason: alert.reason,
});
