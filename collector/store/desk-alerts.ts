import { sql } from 'kysely';

import { severities } from '../../baseline/alert.ts';
import type {
  AlertSearch,
  DeskPage,
  DeskStore,
  Found,
  PodQuery,
  PodRow,
  Scope,
} from './desk-face.ts';
import { alertColumns, alertRecord } from './alerts.ts';
import { all, ROWS_PER_SCAN, scan } from './desk-scan.ts';
import type { Condition, Numbered } from './desk-scan.ts';
import { folded } from './desk-words.ts';
import type { AlertRow } from './faces.ts';
import type { StoreContext } from './store-context.ts';

/** Alerts as people look for them. */

/** Clocks of replicas differ; a number is looked for this much earlier than its time says. */
const CLOCK_SLACK_MS = 5 * 60_000;
const PODS_OF_ALERTS_MAX = 500;

type Place = Numbered & { readonly day: number };

export function deskAlertStore(
  context: StoreContext,
): Pick<DeskStore, 'pageAlerts' | 'listPods'> {
  return {
    pageAlerts: (search, page) => pageAlerts(context, search, page),
    listPods: (query) => listPods(context, query),
  };
}

async function pageAlerts(
  context: StoreContext,
  search: AlertSearch,
  page: DeskPage,
): Promise<Found<AlertRow>> {
  const conditions = await conditionsOf(context, search);
  if (conditions === undefined) return { rows: [] };
  const { rows, next } = await scan<Place>(context.db, {
    table: 'alerts',
    columns: COLUMNS,
    ...conditions,
  }, page);
  const alerts = await readNumbers(context, rows);
  return { rows: alerts, ...(next === undefined ? {} : { next }) };
}

const COLUMNS = [
  'day',
  'severity',
  'namespace',
  'image',
  'kind',
  'node',
  'workload',
  'pod',
  'techniques',
  'incident_id',
  'received_at',
  'handling',
  'words',
];

type Conditions = { readonly near: readonly Condition[]; readonly rest: readonly Condition[] };

/** The first that is asked for has an index that finds few; the others are checked behind it. */
const INDEXED = ['incident_id', 'pod', 'workload', 'node', 'image', 'namespace'] as const;

/** Undefined: nothing can match. */
async function conditionsOf(
  context: StoreContext,
  search: AlertSearch,
): Promise<Conditions | undefined> {
  const { scope, severityMin, kind, handling } = search;
  const within = narrowed(scope, search.namespace);
  if (within !== 'all' && within.length === 0) return undefined;
  const times = await timesOf(context, search);
  if (times === undefined) return undefined;
  const equal: Readonly<Record<(typeof INDEXED)[number], string | undefined>> = {
    incident_id: search.incidentId,
    pod: search.pod,
    workload: search.workload,
    node: search.node,
    image: search.image,
    namespace: within !== 'all' && within.length === 1 ? within[0] : undefined,
  };
  const near: Condition[] = [...times.near];
  const rest: Condition[] = [...times.rest];
  let isIndexed = false;
  for (const column of INDEXED) {
    const value = equal[column];
    if (value === undefined) continue;
    (isIndexed ? rest : near).push(sql`${sql.ref(column)} = ${value}`);
    // The index of incidents has only alerts that are in one.
    if (column === 'incident_id') near.push(sql`incident_id <> ''`);
    isIndexed = true;
  }
  if (severityMin !== undefined) {
    // In the text of the statement, or the partial indexes are not seen to apply.
    const atLeast = sql`severity >= ${sql.lit(severities.indexOf(severityMin))}`;
    (isIndexed ? rest : near).push(atLeast);
  }
  if (within !== 'all' && within.length > 1) rest.push(sql`namespace IN (${sql.join(within)})`);
  if (kind !== undefined) rest.push(sql`kind = ${kind}`);
  if (handling === undefined) rest.push(sql`handling <> 'suppressed'`);
  else if (handling !== 'all') rest.push(sql`handling = ${handling}`);
  rest.push(...textConditions(context, search));
  return { near, rest };
}

function textConditions({ dialect }: StoreContext, search: AlertSearch): readonly Condition[] {
  const { technique, q } = search;
  const has = (column: string, part: string): Condition =>
    dialect.contains(sql.ref<string>(column), part);
  return [
    // Not LIKE: what a caller writes has no wildcards. T1059 finds T1059.004 too.
    ...technique === undefined
      ? []
      : [sql`(${has('techniques', `,${technique},`)} OR ${has('techniques', `,${technique}.`)})`],
    ...q === undefined ? [] : [has('words', folded(q))],
  ];
}

/** Times as numbers, which the indexes are in the order of; the exact times are checked after. */
async function timesOf(
  { db }: StoreContext,
  { fromMs, toMs }: AlertSearch,
): Promise<Conditions | undefined> {
  const near: Condition[] = [];
  const rest: Condition[] = [];
  if (fromMs !== undefined) {
    const first = await db.selectFrom('alerts').select('number')
      .where('received_at', '>=', fromMs - CLOCK_SLACK_MS)
      .orderBy('received_at').orderBy('number').limit(1).executeTakeFirst();
    if (first === undefined) return undefined;
    near.push(sql`number >= ${first.number}`);
    rest.push(sql`received_at >= ${fromMs}`);
  }
  if (toMs !== undefined) {
    const last = await db.selectFrom('alerts').select('number')
      .where('received_at', '<', toMs + CLOCK_SLACK_MS)
      .orderBy('received_at', 'desc').orderBy('number', 'desc').limit(1).executeTakeFirst();
    if (last === undefined) return undefined;
    near.push(sql`number <= ${last.number}`);
    rest.push(sql`received_at < ${toMs}`);
  }
  return { near, rest };
}

/** The namespaces that are asked for, of those that may be seen. */
export function narrowed(scope: Scope, namespace: string | undefined): Scope {
  if (namespace === undefined) return scope;
  return scope === 'all' || scope.includes(namespace) ? [namespace] : [];
}

/** In the order that was asked for. */
async function readNumbers(
  { db }: StoreContext,
  wanted: readonly Place[],
): Promise<readonly AlertRow[]> {
  if (wanted.length === 0) return [];
  const rows = await db.selectFrom('alerts').select(alertColumns)
    .where('number', 'in', wanted.map(({ number }) => number))
    // Elsewhere PostgreSQL need not look.
    .where('day', 'in', [...new Set(wanted.map(({ day }) => day))])
    .execute();
  const byNumber = new Map(rows.map((row) => [row.number, alertRecord(row)]));
  return wanted.flatMap(({ number }) => byNumber.get(number) ?? []);
}

type PodGroup = Place & { readonly alerts: number };

/** Of the newest `ROWS_PER_SCAN` alerts that are asked for. */
async function listPods(
  context: StoreContext,
  { scope, namespace, node, image, q, limit }: PodQuery,
): Promise<{ readonly rows: readonly PodRow[]; readonly isPartial: boolean }> {
  const conditions = await conditionsOf(context, {
    scope,
    ...(namespace === undefined ? {} : { namespace }),
    ...(node === undefined ? {} : { node }),
    ...(image === undefined ? {} : { image }),
  });
  if (conditions === undefined) return { rows: [], isPartial: false };
  const { db, dialect } = context;
  const rest = [...conditions.rest, sql`pod <> ''`];
  if (q !== undefined) rest.push(dialect.contains(sql`lower(pod)`, folded(q)));
  const found = await sql<PodGroup>`
    SELECT max(number) AS number, max(day) AS day, count(*) AS alerts FROM (
      SELECT ${sql.join(['number', ...COLUMNS].map((column) => sql.ref(column)))}
      FROM alerts WHERE ${all(conditions.near)} ORDER BY number DESC LIMIT ${ROWS_PER_SCAN}
    ) AS near WHERE ${all(rest)}
    GROUP BY namespace, pod, node, workload, image
    ORDER BY max(number) DESC LIMIT ${Math.min(limit, PODS_OF_ALERTS_MAX)}`.execute(db);
  const beyond = await sql<Numbered>`
    SELECT number FROM alerts WHERE ${all(conditions.near)}
    ORDER BY number DESC LIMIT 1 OFFSET ${ROWS_PER_SCAN}`.execute(db);
  const alerts = new Map(found.rows.map((row) => [row.number, row.alerts]));
  const rows = await readNumbers(context, found.rows);
  return {
    rows: rows.map((last) => ({ last, alerts: alerts.get(last.number) ?? 1 })),
    isPartial: beyond.rows.length > 0,
  };
}
