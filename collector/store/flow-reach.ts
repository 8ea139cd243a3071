import { sql } from 'kysely';

import type { Tx } from './tables.ts';

/**
 * What each application reached, apart from when: a list for a firewall must not read a month of
 * flows. One row per destination, written when it is new and then at most every `NOTE_MS`.
 */
export const NOTE_MS = 600_000;
export const REACH_REMEMBERED_MAX = 100_000;
const ROWS_PER_STATEMENT = 500;

export type Reach = {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  readonly name: string;
  readonly firstMs: number;
  readonly lastMs: number;
};

export class ReachNotes {
  /** When it was last written, in the time of the flows. */
  readonly #noted = new Map<string, { readonly first: number; readonly last: number }>();

  async write(tx: Tx, reached: readonly Reach[]): Promise<() => void> {
    const due = new Map<string, Reach>();
    for (const one of reached) {
      const key = keyOf(one);
      const noted = this.#noted.get(key);
      const isNew = noted === undefined || one.lastMs - noted.last >= NOTE_MS ||
        one.firstMs < noted.first;
      if (isNew) due.set(key, united(due.get(key), one));
    }
    const rows = [...due].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
    for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
      await upsert(tx, rows.slice(start, start + ROWS_PER_STATEMENT));
    }
    return () => {
      if (this.#noted.size + due.size > REACH_REMEMBERED_MAX) this.#noted.clear();
      for (const [key, { firstMs, lastMs }] of due) {
        const known = this.#noted.get(key);
        this.#noted.set(key, { first: Math.min(firstMs, known?.first ?? firstMs), last: lastMs });
      }
    };
  }
}

const keyOf = (one: Reach): string => JSON.stringify([one.namespace, one.workload, one.cluster,
  one.address, one.port, one.protocol, one.name]);

const united = (known: Reach | undefined, one: Reach): Reach => known === undefined ? one : {
  ...one,
  firstMs: Math.min(known.firstMs, one.firstMs),
  lastMs: Math.max(known.lastMs, one.lastMs),
};

async function upsert(tx: Tx, rows: readonly Reach[]): Promise<void> {
  await tx.insertInto('flow_reach')
    .values(rows.map(({ firstMs, lastMs, ...same }) =>
      ({ ...same, first_at: firstMs, last_at: lastMs })))
    .onConflict((conflict) => conflict
      .columns(['namespace', 'workload', 'cluster', 'address', 'port', 'protocol', 'name'])
      .doUpdateSet({
        first_at: sql`CASE WHEN excluded.first_at < flow_reach.first_at
          THEN excluded.first_at ELSE flow_reach.first_at END`,
        last_at: sql`CASE WHEN excluded.last_at > flow_reach.last_at
          THEN excluded.last_at ELSE flow_reach.last_at END`,
      }))
    .execute();
}
