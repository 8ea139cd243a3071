import { expect, test } from 'vitest';

import { openStore } from '../store/open-store.ts';
import { DIGEST } from '../testing/image-runs.ts';
import { ManualClock } from '../testing/clock.ts';
import { learned, zipped } from '../testing/profiles.ts';
import { BehaviourIndex } from './behaviour-index.ts';

const wanted = [{ channel: 'file-write' as const, value: 'write /var/log/access.log by web' }];
const image = (number: number) => ({ repository: 'shop/web', tag: String(number), digest: DIGEST(number) });

async function indexOn(documents: readonly ReturnType<typeof learned>[]) {
  const clock = new ManualClock(0);
  const store = await openStore({ path: ':memory:', clock });
  const write = (document: ReturnType<typeof learned>, revision: number) =>
    store.writeProfile({ key: document.key, revision, document: zipped(document), updatedAtMs: 1 });
  for (const document of documents) await write(document, 1);
  let reads = 0;
  const index = new BehaviourIndex({
    store: {
      listProfileRevisions: (limit) => store.listProfileRevisions(limit),
      readProfile: (key) => {
        reads += 1;
        clock.advance(10);
        return store.readProfile(key);
      },
    },
    clock,
    readMs: 25,
  });
  return { index, store, write, reads: () => reads };
}

test('a profile is read once, and again when it has grown', async () => {
  const { index, store, write, reads } = await indexOn([learned({ image: image(1) })]);
  expect(await index.knownBy(wanted)).toEqual({ images: [], unread: 0 });
  await index.knownBy(wanted);
  expect(reads()).toBe(1);
  await write(learned({ image: image(1), files: ['access.log'] }), 2);
  expect(await index.knownBy(wanted)).toEqual({ images: [image(1)], unread: 0 });
  expect(reads()).toBe(2);
  await store.close();
});

test('a question reads for a bounded time, says what is left, and the next goes on', async () => {
  const documents = [1, 2, 3, 4, 5].map((number) =>
    learned({ image: image(number), files: ['access.log'] }));
  const { index, store } = await indexOn(documents);
  const [first, second] = await Promise.all([index.knownBy(wanted), index.knownBy(wanted)]);
  expect([first.unread, second.unread]).toEqual([2, 0]);
  expect(second.images).toHaveLength(5);
  await store.close();
});

test('a profile that cannot be read is told, and does not stop the others', async () => {
  const good = learned({ image: image(1), files: ['access.log'] });
  const { index, store } = await indexOn([good]);
  await store.writeProfile({ key: 'a-broken', revision: 1, document: new Uint8Array([1, 2, 3]),
    updatedAtMs: 1 });
  expect(await index.knownBy(wanted)).toEqual({ images: [image(1)], unread: 1 });
  await store.close();
});
