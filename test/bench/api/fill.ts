import { sql } from 'kysely';
import type { Kysely } from 'kysely';

import type { Alert } from '../../../baseline/alert.ts';
import type { Tables } from '../../../collector/store/tables.ts';
import type { Store } from '../../../collector/store/faces.ts';
import { aBehaviour, anAlert } from '../../../collector/testing/alerts.ts';

/**
 * A store as full as a large cluster leaves it: `SEEDS` different alerts come in as agents send
 * them, and are then copied inside the database, with ids, times and places of their own, because
 * a million of them through the front door take a quarter of an hour and would measure that.
 */
const SEEDS = 2_000;
const SEEDS_PER_BATCH = 250;
const NAMESPACES = 40;
const WORKLOADS = 200;
const NODES = 50;
const SPAN_MS = 30 * 86_400_000;
const COPIES_PER_STATEMENT = 50;

const severityOf = (n: number): Alert['severity'] =>
  n % 200 === 0 ? 'critical' : n % 20 === 0 ? 'high' : n % 3 === 0 ? 'medium' : 'low';

function seed(n: number): Alert {
  const workload = `workload-${n % WORKLOADS}`;
  const command = `/usr/bin/tool-${n % 97} --config /etc/${workload}/${n % 13}.yaml --job ${n}`;
  return anAlert({
    id: `seed-${n}`,
    severity: severityOf(n),
    namespace: `namespace-${n % NAMESPACES}`,
    workload,
    pod: `${workload}-7f9c4d5b6-${n % 10}`,
    podUid: `uid-${workload}-${n % 10}`,
    node: `node-${n % NODES}`,
    image: { repository: `registry.bank.example/${workload}`, tag: '1.4.2', digest: '' },
    behaviours: [aBehaviour({ value: `exec /usr/bin/tool-${n % 97} as user ← ${workload}` })],
    process: { ...anAlert().process, commandLine: command },
  });
}

export async function seedStore(store: Pick<Store, 'commitBatches'>): Promise<void> {
  for (let n = 0; n < SEEDS; n += SEEDS_PER_BATCH) {
    const some = Array.from({ length: SEEDS_PER_BATCH }, (_, k) => seed(n + k));
    await store.commitBatches([{ cluster: 'c1', node: 'node-0', epoch: 'e1',
      sequence: n / SEEDS_PER_BATCH + 1, alerts: some, gaps: [] }]);
  }
}

/** All in the partition of one day, which is the worst that PostgreSQL can be given. */
export async function multiply(
  db: Kysely<Tables>,
  { alerts, isPostgres, onStep }: {
    readonly alerts: number;
    readonly isPostgres: boolean;
    readonly onStep: (line: string) => void;
  },
): Promise<void> {
  // Only the filling: what is measured afterwards opens the file as the collector does.
  if (!isPostgres) await sql`PRAGMA synchronous = OFF`.execute(db);
  if (!isPostgres) await sql`PRAGMA cache_size = -524288`.execute(db);
  const copies = Math.max(0, Math.ceil(alerts / SEEDS) - 1);
  const series = (from: number, to: number) => isPostgres
    ? sql`generate_series(${sql.lit(from)}, ${sql.lit(to)}) AS copy(n)`
    : sql`(WITH RECURSIVE c(n) AS (SELECT ${sql.lit(from)} UNION ALL
        SELECT n + 1 FROM c WHERE n < ${sql.lit(to)}) SELECT n FROM c) AS copy`;
  // Numbers grow with time, as they do when alerts arrive.
  const step = Math.floor(SPAN_MS / Math.max(1, copies + 1));
  for (let from = 1; from <= copies; from += COPIES_PER_STATEMENT) {
    const to = Math.min(copies, from + COPIES_PER_STATEMENT - 1);
    await sql`
      INSERT INTO alerts (id, day, revision, kind, severity, node, namespace, image, techniques,
        incident_id, correlated_revision, received_at, document, workload, pod, words)
      SELECT s.id || '-' || copy.n, s.day, s.revision, s.kind, s.severity, s.node, s.namespace,
        s.image, s.techniques, '', 1, s.received_at + CAST(copy.n AS BIGINT) * ${sql.lit(step)}, s.document,
        s.workload, s.pod, s.words
      FROM ${series(from, to)}, alerts AS s WHERE s.number <= ${SEEDS}
      ORDER BY copy.n, s.number`.execute(db);
    onStep(`${Math.min(alerts, (to + 1) * SEEDS)} alerts`);
  }
  // Nobody correlates here.
  await sql`UPDATE alerts SET correlated_revision = revision WHERE number <= ${SEEDS}`.execute(db);
  if (isPostgres) await sql`ANALYZE`.execute(db);
  // The rarest of all: one in a million, the oldest.
  await sql`UPDATE alerts SET words = 'the-needle' WHERE number = 1`.execute(db);
}
