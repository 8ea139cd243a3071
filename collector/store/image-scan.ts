import { sql } from 'kysely';

import { all } from './desk-scan.ts';
import type { Condition } from './desk-scan.ts';
import type {
  ImageRow,
  ImageRuns,
  ImageWish,
  NodeRuns,
  OwnerRuns,
  RunsWish,
} from './image-face.ts';
import type { StoreContext } from './store-context.ts';
import type { Db } from './tables.ts';

/**
 * Counts runs row by row in one pass: no pod has two owners or nodes, so that the first row of a
 * pod says where it counts, and the others only whether it runs. A question about a layer that
 * everything is built on is about all runs: it is read some images at a time, with a turn of the
 * event loop in between, because SQLite answers in this very thread.
 */
export const RUNS_READ_MAX = 1_000_000;
const IMAGES_PER_STATEMENT = 8;
const DIGESTS_PER_STATEMENT = 500;

type OwnerRow = {
  readonly id: number;
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
};

type RunRow = {
  readonly image: number;
  readonly owner: number;
  readonly node: number;
  readonly pod: number;
  readonly first: number;
  readonly last: number;
  readonly now: number;
};

export async function findImages(
  { db }: StoreContext,
  { repository, tag, digests }: ImageWish,
  limit: number,
): Promise<readonly ImageRow[]> {
  const found = new Map<number, ImageRow>();
  const portions = digests === undefined
    ? [undefined]
    : [...portionsOf([...new Set(digests)], DIGESTS_PER_STATEMENT)];
  for (const some of portions) {
    let query = db.selectFrom('image_names').select(['id', 'repository', 'tag', 'digest'])
      .orderBy('id', 'desc').limit(limit);
    if (repository !== undefined) query = query.where('repository', '=', repository);
    if (tag !== undefined) query = query.where('tag', '=', tag);
    if (some !== undefined) query = query.where('digest', 'in', some);
    for (const row of await query.execute()) found.set(row.id, row);
    if (found.size >= limit) break;
  }
  return [...found.values()].slice(0, limit);
}

export async function imageRuns(context: StoreContext, wish: RunsWish): Promise<ImageRuns> {
  const { db } = context;
  const count = new RunCount();
  const owners = new Map((await ownersOf(db, wish)).map((owner) => [owner.id, owner]));
  const isNarrow = wish.scope !== 'all' || wish.cluster !== undefined;
  const images = owners.size === 0 ? [] : [...wish.images];
  while (images.length > 0 && count.rows < RUNS_READ_MAX) {
    const conditions = [
      inIds(context, 'image', images.splice(0, IMAGES_PER_STATEMENT)),
      sql`last_at >= ${wish.sinceMs}`,
      ...isNarrow ? [inIds(context, 'owner', [...owners.keys()])] : [],
    ];
    const { rows } = await sql<RunRow>`
      SELECT image, owner, node, pod, first_at AS first, last_at AS last,
        CASE WHEN is_ended = 0 AND said_at >= ${wish.nowSinceMs} THEN 1 ELSE 0 END AS now
      FROM image_runs WHERE ${all(conditions)} LIMIT ${RUNS_READ_MAX - count.rows}`.execute(db);
    for (const row of rows) count.add(row);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { images: counted, rows } = count;
  const nodes = await db.selectFrom('image_nodes').select(['id', 'cluster', 'node']).execute();
  return {
    owners: count.owners(owners),
    nodes: count.nodes(nodes),
    images: counted,
    rows,
    isPartial: rows >= RUNS_READ_MAX,
  };
}

type Tally = { pods: number; podsNow: number; firstMs: number; lastMs: number };
type OwnerTally = Tally & { readonly images: Set<number>; readonly nodes: Set<number> };
type NodeRow = { readonly id: number; readonly cluster: string; readonly node: string };

class RunCount {
  rows = 0;
  readonly images = new Map<number, Tally>();
  readonly #owners = new Map<number, OwnerTally>();
  readonly #nodes = new Map<number, Tally>();
  /** Whether a row that was counted said that it runs. */
  readonly #pods = new Map<number, boolean>();

  add({ image, owner, node, pod, first, last, now }: RunRow): void {
    this.rows += 1;
    let ofImage = this.images.get(image);
    if (ofImage === undefined) this.images.set(image, ofImage = tallyOf(first, last));
    let ofOwner = this.#owners.get(owner);
    if (ofOwner === undefined) {
      ofOwner = { ...tallyOf(first, last), images: new Set(), nodes: new Set() };
      this.#owners.set(owner, ofOwner);
    }
    let ofNode = this.#nodes.get(node);
    if (ofNode === undefined) this.#nodes.set(node, ofNode = tallyOf(first, last));
    ofOwner.images.add(image);
    ofOwner.nodes.add(node);
    widen(ofImage, first, last);
    widen(ofOwner, first, last);
    widen(ofNode, first, last);
    ofImage.pods += 1;
    ofImage.podsNow += now;
    const known = this.#pods.get(pod);
    if (known === undefined) {
      ofOwner.pods += 1;
      ofNode.pods += 1;
    }
    if (known === true || (known === false && now === 0)) return;
    this.#pods.set(pod, now === 1);
    ofOwner.podsNow += now;
    ofNode.podsNow += now;
  }

  owners(named: ReadonlyMap<number, OwnerRow>): readonly OwnerRuns[] {
    return [...this.#owners].flatMap(([id, { images, nodes, ...tally }]) => {
      const owner = named.get(id);
      if (owner === undefined) return [];
      const { cluster, namespace, workload } = owner;
      return [{ cluster, namespace, workload, images: [...images], nodes: nodes.size, ...tally }];
    });
  }

  nodes(named: readonly NodeRow[]): readonly NodeRuns[] {
    return named.flatMap(({ id, cluster, node }) => {
      const tally = this.#nodes.get(id);
      return tally === undefined ? [] : [{ cluster, node, ...tally }];
    });
  }
}

const tallyOf = (firstMs: number, lastMs: number): Tally =>
  ({ pods: 0, podsNow: 0, firstMs, lastMs });

function widen(tally: Tally, first: number, last: number): void {
  if (first < tally.firstMs) tally.firstMs = first;
  if (last > tally.lastMs) tally.lastMs = last;
}

async function ownersOf(db: Db, { scope, cluster }: RunsWish): Promise<readonly OwnerRow[]> {
  if (scope !== 'all' && scope.length === 0) return [];
  let query = db.selectFrom('image_owners').select(['id', 'cluster', 'namespace', 'workload'])
    .orderBy('id');
  if (scope !== 'all') query = query.where('namespace', 'in', [...scope]);
  if (cluster !== undefined) query = query.where('cluster', '=', cluster);
  return query.execute();
}

/** One parameter, so that the statement stays the same however many there are. */
function inIds({ dialect }: StoreContext, column: string, ids: readonly number[]): Condition {
  return dialect.name === 'postgres'
    ? sql`${sql.ref(column)} = ANY(${`{${ids.join(',')}}`}::bigint[])`
    : sql`${sql.ref(column)} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
}

function* portionsOf<Item>(items: readonly Item[], size: number): Generator<Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
