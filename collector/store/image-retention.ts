import { sql } from 'kysely';

import type { StoreContext } from './store-context.ts';
import type { Db } from './tables.ts';

/**
 * Forgets runs that nobody saw for too long, image by image: a run has no index by time, which each
 * report would have to renew. When there are too many, the oldest days go. Names go a day after the
 * last run that can have them: they are written anew each day that they are used.
 */
const DAY_MS = 86_400_000;
const IMAGES_PER_TURN = 50;

export type ImageLimits = { readonly ageMs: number; readonly rowsMax: number };

export async function retainImages(
  context: StoreContext,
  { ageMs, rowsMax }: ImageLimits,
  nowMs: number,
): Promise<number> {
  const { db } = context;
  const beforeMs = nowMs - ageMs;
  const images = await db.selectFrom('image_names').select('id').orderBy('id').execute();
  const days = new Map<number, number>();
  let deleted = 0;
  await eachOf(images, async (id) => {
    const { numDeletedRows } = await db.deleteFrom('image_runs')
      .where('image', '=', id).where('last_at', '<', beforeMs).executeTakeFirst();
    deleted += Number(numDeletedRows);
    const { rows } = await sql<{ day: number; runs: number }>`
      SELECT last_at / ${sql.lit(DAY_MS)} AS day, count(*) AS runs FROM image_runs
      WHERE image = ${id} GROUP BY 1`.execute(db);
    for (const { day, runs } of rows) {
      days.set(Number(day), (days.get(Number(day)) ?? 0) + Number(runs));
    }
  });
  const fromMs = firstDayKept(days, rowsMax) * DAY_MS;
  if (fromMs > 0) {
    await eachOf(images, async (id) => {
      const { numDeletedRows } = await db.deleteFrom('image_runs')
        .where('image', '=', id).where('last_at', '<', fromMs).executeTakeFirst();
      deleted += Number(numDeletedRows);
    });
  }
  await forgetNames(db, Math.floor(beforeMs / DAY_MS) - 1);
  return deleted;
}

async function eachOf(
  images: readonly { readonly id: number }[],
  work: (id: number) => Promise<void>,
): Promise<void> {
  for (const [index, { id }] of images.entries()) {
    if (index % IMAGES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    await work(id);
  }
}

/** 0 when all may stay. The newest day stays, however many it has. */
function firstDayKept(days: ReadonlyMap<number, number>, rowsMax: number): number {
  const newestFirst = [...days].toSorted(([a], [b]) => b - a);
  let kept = 0;
  for (const [index, [day, runs]] of newestFirst.entries()) {
    kept += runs;
    if (kept > rowsMax && index > 0) return day + 1;
  }
  return 0;
}

async function forgetNames(db: Db, beforeDay: number): Promise<void> {
  // A name was written no earlier than on the day of the last run that has it.
  await db.deleteFrom('image_owners').where('last_day', '<', beforeDay).execute();
  await db.deleteFrom('image_nodes').where('last_day', '<', beforeDay).execute();
  // What a build imported stays: nobody may run it yet, and others may be built on it.
  const isImported = sql`EXISTS (SELECT 1 FROM image_layer_claims AS claims
    WHERE claims.digest = image_names.digest AND claims.source = 'import')`;
  await sql`DELETE FROM image_names
    WHERE last_day < ${beforeDay} AND NOT ${isImported}`.execute(db);
  const isOld = sql`list IN (SELECT list FROM image_layer_lists WHERE last_day < ${beforeDay}
    AND list NOT IN (SELECT list FROM image_layer_claims WHERE source = 'import'))`;
  await sql`DELETE FROM image_layers WHERE ${isOld}`.execute(db);
  await sql`DELETE FROM image_layer_claims WHERE ${isOld}`.execute(db);
  await sql`DELETE FROM image_layer_lists WHERE last_day < ${beforeDay}
    AND list NOT IN (SELECT list FROM image_layer_claims)`.execute(db);
}
