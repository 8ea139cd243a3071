import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/faces.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import { CoverageSampler, POINTS_PER_PROFILE_MAX, THINNINGS } from './coverage-history.ts';
import type { Progress } from './coverage-history.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = 20_000 * DAY;
const progress = (over: Partial<Progress> = {}): Progress =>
  ({ profileKey: 'k', state: 'learning', coverage: 0.5, observations: 1, pods: 1, ...over });
const of = (...images: readonly Progress[]) => [{ heartbeat: { images } }, { heartbeat: null }];

describe.each(storeKinds)('the history of coverage on %s', (kind) => {
  let place: StorePlace;
  let store: Store;

  beforeAll(async () => {
    place = await storePlace(kind);
  });
  afterAll(() => place.remove());
  beforeEach(async () => {
    await place.empty();
    store = await openStore({ path: place.path });
  });
  afterEach(() => store.close());

  const points = async (key = 'k') => store.coverageOf(key, POINTS_PER_PROFILE_MAX);

  test('has a point when something changed, and one every ten minutes when nothing did', async () => {
    const sampler = new CoverageSampler(store);
    for (let minute = 0; minute <= 25; minute += 1) {
      const coverage = minute < 3 ? 0.5 + minute / 10 : 0.8;
      await sampler.sample(of(progress({ coverage })), START + minute * MINUTE);
    }
    const minutes = (await points()).map(({ atMs }) => (atMs - START) / MINUTE);
    expect(minutes).toEqual([0, 1, 2, 3, 13, 23]);
    expect((await points())[1]).toEqual({ ...progress({ coverage: 0.6 }), atMs: START + MINUTE });
  });

  test('is of the agent that has seen most, and goes on after a restart', async () => {
    const sampler = new CoverageSampler(store);
    const behind = progress({ coverage: 0.1 });
    const ahead = progress({ observations: 9, pods: 4 });
    await sampler.sample(of(behind, ahead, progress({ profileKey: 'other' })), START);
    expect(await points()).toMatchObject([{ coverage: 0.5, pods: 4 }]);
    expect(await new CoverageSampler(store).sample(of(ahead), START + 2 * MINUTE)).toBe(0);
    expect(await new CoverageSampler(store).sample(of(ahead), START + 10 * MINUTE)).toBe(1);
  });

  test('keeps minutes for six hours, then hours, then days', async () => {
    const at = (ms: number) => ({ ...progress(), atMs: START + ms });
    const all = [
      ...Array.from({ length: 48 }, (_, n) => at(n * HOUR / 2)),
      ...Array.from({ length: 60 }, (_, n) => at(15 * DAY + n * MINUTE)),
      ...Array.from({ length: 60 }, (_, n) => at(16 * DAY + n * MINUTE)),
    ];
    await store.addCoverage(all);
    await store.addCoverage([{ ...at(0), profileKey: 'other' }]);
    const nowMs = START + 16 * DAY + HOUR;
    await store.thinCoverage(THINNINGS, nowMs, 1_000);
    await store.thinCoverage(THINNINGS, nowMs, 1_000);
    const hours = (await points()).map(({ atMs }) => (atMs - START) / HOUR);
    // The last of the first day, the last of that hour, and all of the newest.
    expect(hours.slice(0, 3)).toEqual([23.5, 15 * 24 + 59 / 60, 16 * 24]);
    expect(hours).toHaveLength(2 + 60);
    expect(await points('other')).toHaveLength(1);
    expect(await store.thinCoverage([], nowMs, 10)).toBe(53);
  });
});
