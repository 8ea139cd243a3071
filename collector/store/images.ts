import type { ImageStore } from './image-face.ts';
import { claimsWith, imagesWithoutLayers, layersOf, saveLayers } from './image-layers.ts';
import { imageMigration } from './image-migration.ts';
import { RunWriter } from './image-runs.ts';
import { findImages, imageRuns } from './image-scan.ts';
import type { StoreContext } from './store-context.ts';

export function imageStore(context: StoreContext): ImageStore {
  const { db } = context;
  const writer = new RunWriter(context);
  return {
    saveImageRuns: (runs) => writer.save(runs),
    findImages: (wish, limit) => findImages(context, wish, limit),
    imageRuns: (wish) => imageRuns(context, wish),
    saveLayers: (claims, names) => saveLayers(context, claims, names),
    layersOf: (digests) => layersOf(db, digests),
    claimsWith: (layers, limit) => claimsWith(db, layers, limit),
    imagesWithoutLayers: (limit) => imagesWithoutLayers(db, limit),
    imageRunsSince: async () => {
      const row = await db.selectFrom('migrations').select('applied_at')
        .where('number', '=', imageMigration.number).executeTakeFirst();
      return row?.applied_at ?? 0;
    },
    listProfileRevisions: async (limit) => {
      const rows = await db.selectFrom('profiles').select(['key', 'revision'])
        .orderBy('key').limit(limit).execute();
      return new Map(rows.map(({ key, revision }) => [key, revision]));
    },
  };
}
