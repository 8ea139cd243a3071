import { createHash } from 'node:crypto';

import { sql } from 'kysely';

import type { SeenRun } from './image-face.ts';
import { ImageNames } from './image-names.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Tables, Tx } from './tables.ts';

/**
 * Writes what was seen, some hundred rows per transaction. A run that is known is joined: the
 * earliest first and the latest last; whether it ended is the word of whoever of its node said it
 * last. So reports may come twice, late, and over two replicas.
 */
const RUNS_PER_TRANSACTION = 1_000;
const ROWS_PER_STATEMENT = 500;
const DAY_MS = 86_400_000;
/** 48 bits: two of a million pods share a number once in 500 ledgers, and then count as one. */
const POD_BYTES = 6;

type Row = Tables['image_runs'];

export class RunWriter {
  readonly #context: StoreContext;
  readonly #names = new ImageNames();
  /** One at a time: what is remembered of names is that of the last commit. */
  #last: Promise<void> = Promise.resolve();

  constructor(context: StoreContext) {
    this.#context = context;
  }

  save(runs: readonly SeenRun[]): Promise<void> {
    const saved = this.#last.then(async () => {
      for (let start = 0; start < runs.length; start += RUNS_PER_TRANSACTION) {
        await this.#saveSome(runs.slice(start, start + RUNS_PER_TRANSACTION));
      }
    });
    // Whoever comes next is not told of this failure: it was told to the one it belongs to.
    this.#last = saved.catch(() => undefined);
    return saved;
  }

  async #saveSome(runs: readonly SeenRun[]): Promise<void> {
    const nowMs = this.#context.clock.now();
    const day = Math.floor(nowMs / DAY_MS);
    const names = await transact(this.#context, async (tx) => {
      const written = await this.#names.write(tx, {
        images: runs.map(({ image }) => image),
        owners: runs,
        nodes: runs,
      }, day);
      const rows = joined(runs.map((run): Row => ({
        image: written.image(run.image),
        owner: written.owner(run),
        node: written.node(run),
        pod: podNumber(run),
        // A clock that is ahead would be the last to be forgotten, and its pods run for ever.
        first_at: Math.min(run.firstMs, nowMs),
        last_at: Math.min(run.lastMs, nowMs),
        said_at: Math.min(run.saidMs, nowMs),
        is_ended: run.isEnded ? 1 : 0,
        name: run.pod,
      })));
      for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
        await upsert(tx, rows.slice(start, start + ROWS_PER_STATEMENT));
      }
      return written;
    });
    names.remember();
  }
}

/** With the node in it: an agent cannot make another node's pods its own. */
export function podNumber({ cluster, node, podUid, pod }: SeenRun): number {
  const text = JSON.stringify([cluster, node, podUid === '' ? pod : podUid]);
  return createHash('sha256').update(text).digest().readUIntBE(0, POD_BYTES);
}

const keyOf = ({ image, owner, node, pod }: Row): string => `${image} ${owner} ${node} ${pod}`;

/** PostgreSQL refuses to touch a row twice in one statement; in one order of locking. */
function joined(rows: readonly Row[]): readonly Row[] {
  const byKey = new Map<string, Row>();
  for (const row of rows) {
    const key = keyOf(row);
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? row : join(known, row));
  }
  return [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function join(left: Row, right: Row): Row {
  const said = right.said_at >= left.said_at ? right : left;
  return {
    ...said,
    first_at: Math.min(left.first_at, right.first_at),
    last_at: Math.max(left.last_at, right.last_at),
  };
}

async function upsert(tx: Tx, rows: readonly Row[]): Promise<void> {
  await tx.insertInto('image_runs').values([...rows])
    .onConflict((conflict) => conflict.columns(['image', 'owner', 'node', 'pod']).doUpdateSet({
      first_at: sql`CASE WHEN excluded.first_at < image_runs.first_at
        THEN excluded.first_at ELSE image_runs.first_at END`,
      last_at: sql`CASE WHEN excluded.last_at > image_runs.last_at
        THEN excluded.last_at ELSE image_runs.last_at END`,
      is_ended: sql`CASE WHEN excluded.said_at >= image_runs.said_at
        THEN excluded.is_ended ELSE image_runs.is_ended END`,
      said_at: sql`CASE WHEN excluded.said_at > image_runs.said_at
        THEN excluded.said_at ELSE image_runs.said_at END`,
    }))
    .execute();
}
