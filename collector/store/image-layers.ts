import { createHash } from 'node:crypto';

import { sql } from 'kysely';

import type { ImageName, LayerClaim, LayerSource } from './image-face.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Db, Tx } from './tables.ts';

/**
 * What images are made of. Nobody can check what a node says of an image, so no claim takes the
 * place of another: whoever lies adds a list, and hides none. A multi-platform image has a list per
 * platform by right.
 */
export const CLAIMS_PER_DIGEST_MAX = 8;
/** A hundred times the images of a large fleet; the lists of which are 20 layers each. */
export const LISTS_MAX = 50_000;
const DAY_MS = 86_400_000;
const ROWS_PER_STATEMENT = 500;

const listOf = (layers: readonly string[]): string =>
  createHash('sha256').update(layers.join('\n')).digest('base64url').slice(0, 22);

/** Gives back how many there was no room for. */
export async function saveLayers(
  context: StoreContext,
  claims: readonly LayerClaim[],
  names: readonly ImageName[] = [],
): Promise<number> {
  const day = Math.floor(context.clock.now() / DAY_MS);
  let refused = 0;
  await transact(context, async (tx) => {
    refused = 0;
    const ordered = claims.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
    for (const claim of ordered) {
      if (!await saveClaim(tx, claim, day)) refused += 1;
    }
    if (names.length === 0 || refused > 0) return;
    const rows = names.map(({ repository, tag, digest }) =>
      ({ repository, tag, digest, last_day: day }));
    await tx.insertInto('image_names').values(rows)
      .onConflict((conflict) => conflict.columns(['repository', 'tag', 'digest'])
        .doUpdateSet({ last_day: day }))
      .execute();
  });
  return refused;
}

async function saveClaim(tx: Tx, { digest, layers, source }: LayerClaim, day: number) {
  const list = listOf(layers);
  const known = await tx.selectFrom('image_layer_claims').select(['list', 'source'])
    .where('digest', '=', digest).execute();
  const same = known.find((claim) => claim.list === list);
  // What was proved by a build is proved, however often nodes say it, too.
  const isFull = known.length >= CLAIMS_PER_DIGEST_MAX;
  if (same === undefined && isFull && source === 'node') return false;
  if (!await saveList(tx, { list, layers, day })) return false;
  await tx.insertInto('image_layer_claims').values({ digest, list, source })
    .onConflict((conflict) => conflict.columns(['digest', 'list'])
      .doUpdateSet({ source: same?.source === 'import' ? 'import' : source }))
    .execute();
  return true;
}

async function saveList(
  tx: Tx,
  { list, layers, day }: { list: string; layers: readonly string[]; day: number },
): Promise<boolean> {
  const known = await tx.selectFrom('image_layer_lists').select('last_day')
    .where('list', '=', list).executeTakeFirst();
  if (known === undefined) {
    const { size } = await tx.selectFrom('image_layer_lists')
      .select(({ fn }) => fn.countAll<number>().as('size')).executeTakeFirstOrThrow();
    if (size >= LISTS_MAX) return false;
    await tx.insertInto('image_layer_lists')
      .values({ list, layers: JSON.stringify(layers), size: layers.length, last_day: day })
      .onConflict((conflict) => conflict.column('list').doUpdateSet({ last_day: day }))
      .execute();
    const members = [...new Set(layers)].toSorted().map((layer) => ({ layer, list }));
    await tx.insertInto('image_layers').values(members)
      .onConflict((conflict) => conflict.columns(['layer', 'list']).doNothing())
      .execute();
  } else if (known.last_day !== day) {
    await tx.updateTable('image_layer_lists').set({ last_day: day }).where('list', '=', list)
      .execute();
  }
  return true;
}

export async function layersOf(
  db: Db,
  digests: readonly string[],
): Promise<readonly LayerClaim[]> {
  const claims: LayerClaim[] = [];
  const wanted = [...new Set(digests)];
  for (let start = 0; start < wanted.length; start += ROWS_PER_STATEMENT) {
    const rows = await db.selectFrom('image_layer_claims as claims')
      .innerJoin('image_layer_lists as lists', 'lists.list', 'claims.list')
      .select(['claims.digest', 'claims.source', 'lists.layers'])
      .where('claims.digest', 'in', wanted.slice(start, start + ROWS_PER_STATEMENT))
      .execute();
    claims.push(...rows.map(claimOf));
  }
  return claims;
}

export async function claimsWith(
  db: Db,
  layers: readonly string[],
  limit: number,
): Promise<readonly { readonly digest: string; readonly layers: number }[]> {
  const wanted = [...new Set(layers)];
  if (wanted.length === 0) return [];
  return await db.selectFrom('image_layer_claims as claims')
    .innerJoin('image_layer_lists as lists', 'lists.list', 'claims.list')
    .select(['claims.digest', 'lists.size as layers'])
    .where('claims.list', 'in', db.selectFrom('image_layers').select('list')
      .where('layer', 'in', wanted)
      .groupBy('list')
      .having(sql<number>`count(*)`, '=', wanted.length))
    .orderBy('claims.digest')
    .limit(limit)
    .execute();
}

export async function imagesWithoutLayers(
  db: Db,
  limit: number,
): Promise<{ readonly count: number; readonly some: readonly ImageName[] }> {
  const missing = db.selectFrom('image_names').where((eb) =>
    eb.not(eb.exists(eb.selectFrom('image_layer_claims').select('digest')
      .whereRef('image_layer_claims.digest', '=', 'image_names.digest'))));
  const { count } = await missing.select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const some = await missing.select(['repository', 'tag', 'digest'])
    .orderBy('id', 'desc').limit(limit).execute();
  return { count: Number(count), some };
}

type Row = { readonly digest: string; readonly source: string; readonly layers: string };

const claimOf = ({ digest, source, layers }: Row): LayerClaim => ({
  digest,
  source: source as LayerSource,
  layers: JSON.parse(layers) as readonly string[],
});
