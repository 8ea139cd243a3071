import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { systemClock } from '../clock.ts';
import { DIGEST, aRun, layer } from '../testing/image-runs.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import type { Store } from './faces.ts';
import type { RunsWish, SeenRun } from './image-face.ts';
import { CLAIMS_PER_DIGEST_MAX } from './image-layers.ts';
import { openStore } from './open-store.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 23, 12);

describe.each(storeKinds)('which images ran where, on %s', (kind) => {
  let place: StorePlace;
  let store: Store;
  let nowMs = NOW;
  const clock = { now: () => nowMs, after: systemClock.after.bind(systemClock) };

  beforeAll(async () => {
    place = await storePlace(kind);
  }, 60_000);

  afterAll(() => place.remove());

  beforeEach(async () => {
    nowMs = NOW;
    await place.empty();
    store = await openStore({ path: place.path, clock });
  }, 60_000);

  afterEach(async () => {
    await store.close();
  });

  async function runs(over: Partial<RunsWish> = {}) {
    const images = (await store.findImages({}, 1_000)).map(({ id }) => id);
    return store.imageRuns({ images, scope: 'all', sinceMs: NOW - 30 * DAY_MS,
      nowSinceMs: NOW - 1_800_000, ...over });
  }

  test('a pod that lived three minutes is found, and not as running', async () => {
    await store.saveImageRuns([aRun({ firstMs: NOW - 600_000, lastMs: NOW - 420_000,
      saidMs: NOW - 420_000, isEnded: true })]);
    const found = await runs();
    const counted = { pods: 1, podsNow: 0, firstMs: NOW - 600_000, lastMs: NOW - 420_000 };
    expect(found.owners).toEqual([{ cluster: 'c1', namespace: 'shop', workload: 'web', nodes: 1,
      images: [expect.any(Number)], ...counted }]);
    expect(found.nodes).toEqual([{ cluster: 'c1', node: 'node-1', ...counted }]);
    expect(found).toMatchObject({ rows: 1, isPartial: false });
    expect((await runs({ sinceMs: NOW - 60_000 })).owners).toEqual([]);
  });

  test('reports join: earliest first, latest last, and the last word about whether it runs', async () => {
    const seen = fc.record({
      firstMs: fc.integer({ min: NOW - 5_000, max: NOW - 3_000 }),
      lastMs: fc.integer({ min: NOW - 3_000, max: NOW }),
      saidMs: fc.integer({ min: NOW - 2_000, max: NOW }),
      isEnded: fc.boolean(),
    });
    const some = fc.uniqueArray(seen, { minLength: 1, maxLength: 6, selector: ({ saidMs }) => saidMs });
    let at = 0;
    await fc.assert(fc.asyncProperty(some, fc.boolean(), async (parts, isAtOnce) => {
      at += 1;
      const workload = `w${at}`;
      const all = parts.map((part) => aRun({ ...part, workload, podUid: `uid-${at}` }));
      if (isAtOnce) await store.saveImageRuns([...all, ...all.toReversed()]);
      else for (const run of [...all, ...all.toReversed()]) await store.saveImageRuns([run]);
      const found = (await runs()).owners.find((one) => one.workload === workload);
      const last = all.toSorted((a, b) => b.saidMs - a.saidMs)[0] as SeenRun;
      expect(found).toMatchObject({
        pods: 1,
        podsNow: last.isEnded ? 0 : 1,
        firstMs: Math.min(...all.map(({ firstMs }) => firstMs)),
        lastMs: Math.max(...all.map(({ lastMs }) => lastMs)),
      });
    }), { numRuns: 30 });
  });

  test('an alert tells that a pod was there, and not whether it still is', async () => {
    await store.saveImageRuns([aRun({ saidMs: 0, isEnded: true, lastMs: NOW })]);
    expect((await runs()).owners).toMatchObject([{ podsNow: 0 }]);
    await store.saveImageRuns([aRun({ saidMs: NOW - 1_000, lastMs: NOW - 1_000 })]);
    await store.saveImageRuns([aRun({ saidMs: 0, isEnded: true, lastMs: NOW })]);
    expect((await runs()).owners).toMatchObject([{ podsNow: 1, lastMs: NOW }]);
  });

  test('a node that says no more does not run its pods for ever', async () => {
    await store.saveImageRuns([aRun({ saidMs: NOW - 3_600_000, lastMs: NOW - 3_600_000 })]);
    expect((await runs()).owners).toMatchObject([{ pods: 1, podsNow: 0 }]);
  });

  test('a clock that is ahead is not believed', async () => {
    await store.saveImageRuns([aRun({ firstMs: NOW + DAY_MS, lastMs: NOW + 2 * DAY_MS,
      saidMs: NOW + 2 * DAY_MS })]);
    expect((await runs()).owners).toMatchObject([{ firstMs: NOW, lastMs: NOW }]);
  });

  test('a pod with two of the images is one pod, and each image has it', async () => {
    await store.saveImageRuns([
      aRun(), aRun({ image: { repository: 'mesh/proxy', tag: '1', digest: DIGEST(9) } }),
      aRun({ podUid: 'uid-2', pod: 'web-2' }), aRun({ podUid: 'uid-2', pod: 'web-2', node: 'node-2' }),
    ]);
    const found = await runs();
    expect(found.nodes.map(({ node, pods, podsNow }) => [node, pods, podsNow]))
      .toEqual(expect.arrayContaining([['node-1', 2, 2], ['node-2', 1, 1]]));
    expect(found.owners).toMatchObject([{ pods: 3, podsNow: 3, nodes: 2 }]);
    expect(new Set([...found.images.values()].map(({ pods }) => pods))).toEqual(new Set([1, 3]));
  });

  test('a scope and a cluster narrow what is counted', async () => {
    await store.saveImageRuns([aRun(), aRun({ namespace: 'pay', workload: 'pay', podUid: 'p' }),
      aRun({ cluster: 'c2', podUid: 'q' })]);
    expect((await runs({ scope: ['shop'] })).owners).toHaveLength(2);
    expect((await runs({ scope: ['shop'], cluster: 'c2' })).owners).toHaveLength(1);
    expect((await runs({ scope: [] })).owners).toEqual([]);
    const [first] = (await runs({ scope: ['pay'] })).images.values();
    expect(first).toMatchObject({ pods: 1 });
  });

  test('images are found by repository, tag and digest', async () => {
    const image = (tag: string, digest: string) => ({ repository: 'shop/web', tag, digest });
    await store.saveImageRuns([
      aRun({ image: image('1', DIGEST(1)) }), aRun({ image: image('2', DIGEST(2)) }),
      aRun({ image: { repository: 'copy/web', tag: '9', digest: DIGEST(2) } }),
    ]);
    const names = async (wish: object) => (await store.findImages(wish, 10))
      .map(({ repository, tag }) => `${repository}:${tag}`).toSorted();
    expect(await names({ repository: 'shop/web' })).toEqual(['shop/web:1', 'shop/web:2']);
    expect(await names({ repository: 'shop/web', tag: '2' })).toEqual(['shop/web:2']);
    expect(await names({ digests: [DIGEST(2), DIGEST(2)] })).toEqual(['copy/web:9', 'shop/web:2']);
    expect(await names({ digests: [] })).toEqual([]);
  });

  test('layers are found by what holds all of them', async () => {
    const base = [layer(1), layer(2)];
    expect(await store.saveLayers([
      { digest: DIGEST(1), layers: base, source: 'import' },
      { digest: DIGEST(2), layers: [...base, layer(3)], source: 'node' },
      { digest: DIGEST(3), layers: [layer(1), layer(4)], source: 'node' },
    ], [{ repository: 'debian', tag: '12', digest: DIGEST(1) }])).toBe(0);
    const held = async (layers: readonly string[]) =>
      (await store.claimsWith(layers, 100)).map(({ digest }) => digest);
    expect(await held(base)).toEqual([DIGEST(1), DIGEST(2)]);
    expect(await held([layer(1), layer(1)])).toEqual([DIGEST(1), DIGEST(2), DIGEST(3)]);
    expect(await held([])).toEqual([]);
    expect(await store.layersOf([DIGEST(2)]))
      .toEqual([{ digest: DIGEST(2), layers: [...base, layer(3)], source: 'node' }]);
    expect(await store.findImages({ repository: 'debian' }, 10)).toHaveLength(1);
    await store.saveImageRuns([aRun()]);
    expect(await store.imagesWithoutLayers(5)).toEqual({ count: 1, some: [aRun().image] });
  });

  test('who lies about an image’s layers hides none of what others say', async () => {
    const claim = (number: number) =>
      ({ digest: DIGEST(1), layers: [layer(number)], source: 'node' as const });
    await store.saveLayers([claim(0)]);
    const liesTold = Array.from({ length: 20 }, (_, at) => claim(at + 1));
    expect(await store.saveLayers(liesTold)).toBe(20 - (CLAIMS_PER_DIGEST_MAX - 1));
    expect(await store.claimsWith([layer(0)], 10)).toHaveLength(1);
    // A build that proves it has a place all the same, and a node does not take the proof away.
    const proof = { digest: DIGEST(1), layers: [layer(99)], source: 'import' as const };
    expect(await store.saveLayers([proof])).toBe(0);
    expect(await store.saveLayers([{ ...proof, source: 'node' }])).toBe(0);
    expect(await store.claimsWith([layer(99)], 10)).toHaveLength(1);
    expect((await store.layersOf([DIGEST(1)])).filter(({ source }) => source === 'import'))
      .toMatchObject([{ layers: [layer(99)] }]);
  });

  test('what nobody saw for too long goes, names and layers with it', async () => {
    await store.saveImageRuns([aRun(), aRun({ podUid: 'uid-2' })]);
    await store.saveLayers([
      { digest: aRun().image.digest, layers: [layer(1)], source: 'node' },
      { digest: DIGEST(5), layers: [layer(5)], source: 'import' },
    ], [{ repository: 'debian', tag: '12', digest: DIGEST(5) }]);
    nowMs = NOW + 20 * DAY_MS;
    await store.saveImageRuns([aRun({ podUid: 'uid-3', lastMs: nowMs, saidMs: nowMs })]);
    const limits = { ageMs: 90 * DAY_MS, alertsMax: 1_000,
      images: { ageMs: 10 * DAY_MS, rowsMax: 10_000 } };
    expect(await store.retain(limits, nowMs)).toBe(2);
    expect((await runs()).rows).toBe(1);
    nowMs = NOW + 40 * DAY_MS;
    expect(await store.retain(limits, nowMs)).toBe(1);
    expect((await store.findImages({}, 10)).map(({ repository }) => repository)).toEqual(['debian']);
    expect(await store.claimsWith([layer(1)], 10)).toEqual([]);
    expect(await store.claimsWith([layer(5)], 10)).toHaveLength(1);
    // What is remembered of names must not outlive them.
    await store.saveImageRuns([aRun({ lastMs: nowMs, saidMs: nowMs })]);
    expect((await runs({ sinceMs: 0, nowSinceMs: nowMs })).owners)
      .toMatchObject([{ namespace: 'shop', podsNow: 1 }]);
  });

  test('when there are too many, the oldest days go', async () => {
    const day = (back: number, uid: string) => aRun({ podUid: uid, firstMs: NOW - back * DAY_MS,
      lastMs: NOW - back * DAY_MS, saidMs: NOW - back * DAY_MS });
    await store.saveImageRuns([day(3, 'a'), day(3, 'b'), day(1, 'c'), day(0, 'd')]);
    const limits = { ageMs: 90 * DAY_MS, alertsMax: 1_000,
      images: { ageMs: 90 * DAY_MS, rowsMax: 3 } };
    expect(await store.retain(limits, NOW)).toBe(2);
    expect((await runs()).rows).toBe(2);
    expect(await store.retain(limits, NOW)).toBe(0);
  });
});
