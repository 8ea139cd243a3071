import { gzipSync } from 'node:zlib';

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ProfileDocument } from '../../baseline/profile/document.ts';
import type { ProfileStore, Store } from '../store/faces.ts';
import { openStore } from '../store/open-store.ts';
import { ManualClock } from '../testing/clock.ts';
import { IMAGE, KEY, learned, unzipped, zipped } from '../testing/profiles.ts';
import { JSON_BYTES_MAX } from './document-bytes.ts';
import { EvidenceBudget } from './evidence-budget.ts';
import { itemsIn, mismatch, ofGeneration, stamped } from './image-profiles.ts';
import { ProfileBook, TRIES_MAX } from './profile-book.ts';
import type { ProfileBookOptions } from './profile-book.ts';

let store: Store;
let book: ProfileBook;
let unreadable: string[];
let locked: Set<string>;
let generation: number;

const nobody = {
  isLocked: async ({ profileKey }: { profileKey: string }) => locked.has(profileKey),
  generationOf: async () => generation,
};

const bookOf = (over: Partial<ProfileBookOptions> = {}): ProfileBook =>
  new ProfileBook({
    store,
    clock: new ManualClock(),
    decisions: nobody,
    onUnreadable: (key) => unreadable.push(key),
    ...over,
  });

beforeEach(async () => {
  store = await openStore({ path: ':memory:', clock: new ManualClock() });
  unreadable = [];
  locked = new Set();
  generation = 0;
  book = bookOf();
});

afterEach(() => store.close());

const node = (name: string) => ({ cluster: 'c1', node: name });

async function stored(key = KEY): Promise<ProfileDocument> {
  const found = await book.readDocument(key);
  if (found === undefined) throw new Error('nothing is stored');
  return found.document;
}

const filesOf = (document: ProfileDocument): readonly string[] =>
  itemsIn(document, 'file-write').map(({ object }) => object);

describe('evidence', () => {
  test('of several agents is one profile; the same again changes nothing', async () => {
    const [one, two] = [learned({ files: ['a'] }), learned({ files: ['b'], pods: ['pod-2'] })];
    expect(await book.receive(node('n1'), KEY, zipped(one)))
      .toMatchObject({ ok: true, changed: true, senderLacks: false });
    expect(await book.receive(node('n2'), KEY, zipped(two)))
      .toMatchObject({ changed: true, senderLacks: true, profile: { revision: 2 } });
    expect(await book.receive(node('n2'), KEY, zipped(two)))
      .toMatchObject({ changed: false, senderLacks: true, profile: { revision: 2 } });
    expect(filesOf(await stored())).toEqual(['/var/log/a', '/var/log/b']);
    expect([...await store.profileRevisions([KEY, 'unknown'])]).toEqual([[KEY, 2]]);
  });

  test('that arrives at once from many nodes loses none of it', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `log${String.fromCharCode(97 + n)}`);
    await Promise.all(names.map((name) =>
      book.receive(node(name), KEY, zipped(learned({ files: [name], pods: [name] })))));
    expect(filesOf(await stored())).toEqual(names.map((name) => `/var/log/${name}`));
  });

  test('in any order, split and repeated in any way, gives the same stored bytes', async () => {
    const words = fc.constantFrom('access', 'error', 'audit', 'slow', 'debug');
    const evidence = fc.record({
      node: fc.constantFrom('n1', 'n2', 'n3'),
      document: fc.record({
        pods: fc.uniqueArray(fc.constantFrom('p1', 'p2', 'p3', 'p4'), { minLength: 1 }),
        files: fc.uniqueArray(words),
        commands: fc.uniqueArray(words),
        addresses: fc.uniqueArray(fc.constantFrom('10.0.0.1', '8.8.8.8')),
        ms: fc.integer({ min: 0, max: 10_000_000 }),
        tag: fc.constantFrom('1.0', 'latest'),
      }).map(({ tag, ...over }) => learned({ ...over, image: { ...IMAGE, tag } })),
    });
    const sequence = fc.array(evidence, { minLength: 1, maxLength: 6 }).chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.shuffledSubarray(all),
      ));
    await fc.assert(fc.asyncProperty(sequence, async ([first, second, again]) => {
      const bytes: string[] = [];
      for (const order of [first, [...second, ...again]]) {
        const one = await openStore({ path: ':memory:', clock: new ManualClock() });
        const own = bookOf({ store: one });
        for (const { node: name, document } of order) {
          const received = await own.receive(node(name), KEY, zipped(document));
          expect(received.ok).toBe(true);
        }
        bytes.push(JSON.stringify((await own.readDocument(KEY))?.document));
        await one.close();
      }
      expect(bytes[1]).toBe(bytes[0]);
    }), { numRuns: 40 });
  });

  test('is stamped with the node of the link, whatever the document says', async () => {
    await book.receive(node('n1'), KEY, zipped(learned()));
    expect(await stored()).toEqual(stamped(learned(), 'c1/n1'));
  });

  test('cannot speak for other nodes: what one says counts as said by one', async () => {
    const claimed = stamped(learned({ pods: ['p1', 'p2', 'p3'] }), 'c1/n2');
    await book.receive(node('n1'), KEY, zipped(stamped(claimed, 'c1/n3')));
    await book.receive(node('n1'), KEY, zipped(claimed));
    expect(itemsIn(await stored(), 'exec').map(({ reporters }) => reporters)).toEqual([1, 1]);
    await book.receive(node('n2'), KEY, zipped(learned({ pods: ['p4'] })));
    expect(itemsIn(await stored(), 'exec').map(({ reporters }) => reporters)).toEqual([2, 2]);
  });
});

describe('after a reset', () => {
  const AT = 5_000;
  const after = (files: readonly string[], generation: number): Uint8Array =>
    zipped(ofGeneration(learned({ files }), generation));

  test('what was learned before is refused, and what is learned anew is not', async () => {
    await book.receive(node('n1'), KEY, after(['old'], 0));
    generation = AT;
    expect(await book.receive(node('n2'), KEY, after(['old'], 0)))
      .toMatchObject({ ok: false, reason: 'outdated' });
    expect(await book.receive(node('n2'), KEY, after(['new'], AT))).toMatchObject({ changed: true });
    expect(filesOf(await stored())).toEqual(['/var/log/new']);
    expect((await stored()).generation).toBe(AT);
    expect(await book.receive(node('n1'), KEY, after(['old'], AT - 1)))
      .toMatchObject({ reason: 'outdated' });
  });

  test('a generation that an agent made up forgets nothing', async () => {
    await book.receive(node('n1'), KEY, after(['a'], 0));
    await book.receive(node('evil'), KEY, after(['b'], Number.MAX_SAFE_INTEGER));
    expect(filesOf(await stored())).toEqual(['/var/log/a', '/var/log/b']);
    expect((await stored()).generation).toBe(0);
    await book.receive(node('n1'), KEY, after(['c'], 0));
    expect(filesOf(await stored()).length).toBe(3);
  });
});

describe('what a hostile agent sends', () => {
  const reason = async (key: string, bytes: Uint8Array): Promise<string> => {
    const received = await book.receive(node('evil'), key, bytes);
    return received.ok ? 'ok' : received.reason;
  };

  test('a gzip that unpacks to more than the bound is refused without unpacking it all',
    async () => {
      const bomb = gzipSync(Buffer.alloc(JSON_BYTES_MAX + 1));
      expect(bomb.length).toBeLessThan(20_000);
      expect(await reason(KEY, bomb)).toBe('too-large');
    });

  test('what is no gzip, no JSON or no profile is refused, and the profile stays', async () => {
    await book.receive(node('n1'), KEY, zipped(learned({ files: ['a'] })));
    const before = await stored();
    expect(await reason(KEY, Buffer.from('{}'))).toBe('not-gzip');
    expect(await reason(KEY, zipped(learned()).subarray(0, 12))).toBe('not-gzip');
    expect(await reason(KEY, gzipSync('{'))).toBe('not-json');
    expect(await reason(KEY, zipped({ a: 1 }))).toBe('invalid');
    expect(await reason(KEY, new Uint8Array())).toBe('not-gzip');
    expect(await stored()).toEqual(before);
  });

  test('a document under another image’s key is refused', async () => {
    const other = { ...IMAGE, digest: 'sha256:2' };
    expect(await reason(KEY, zipped(learned({ image: other })))).toBe('wrong-image');
    expect(await reason(KEY, zipped(learned({ image: other, key: KEY })))).toBe('wrong-image');
    expect(await reason('x', zipped(learned({ key: 'x' })))).toBe('wrong-image');
    expect(await store.countProfiles()).toBe(0);
  });

  test('made-up images end at the bound of new ones, and at that of all', async () => {
    book = bookOf({ budget: new EvidenceBudget({ newKeysMax: 2 }), profilesMax: 3 });
    const made = (digest: string): [string, Uint8Array] => {
      const document = learned({ image: { ...IMAGE, digest } });
      return [document.key, zipped(document)];
    };
    expect(await reason(...made('a'))).toBe('ok');
    expect(await reason(...made('b'))).toBe('ok');
    expect(await reason(...made('c'))).toBe('too-many-new-keys');
    expect(await reason(...made('a'))).toBe('ok');
    expect(await book.receive(node('n2'), ...made('c'))).toMatchObject({ ok: true });
    expect(await book.receive(node('n2'), ...made('d'))).toMatchObject({ reason: 'full' });
  });

  test('a flood ends at the bytes of an hour', async () => {
    const bytes = zipped(learned());
    book = bookOf({ budget: new EvidenceBudget({ bytesMax: bytes.length * 2 }) });
    expect(await reason(KEY, bytes)).toBe('ok');
    expect(await reason(KEY, bytes)).toBe('ok');
    expect(await reason(KEY, bytes)).toBe('too-many-bytes');
  });
});

describe('a profile', () => {
  test('that people locked learns nothing, until it is unlocked', async () => {
    await book.receive(node('n1'), KEY, zipped(learned({ files: ['a'] })));
    locked.add(KEY);
    const more = zipped(learned({ files: ['b'] }));
    expect(await book.receive(node('n1'), KEY, more)).toMatchObject({ reason: 'locked' });
    expect(filesOf(await stored())).toEqual(['/var/log/a']);
    locked.clear();
    expect(await book.receive(node('n1'), KEY, more)).toMatchObject({ changed: true });
  });

  test('that cannot be read is begun anew from what agents send, and told', async () => {
    await store.writeProfile({ key: KEY, revision: 7, document: Buffer.from('x'), updatedAtMs: 1 });
    expect(await book.receive(node('n1'), KEY, zipped(learned())))
      .toMatchObject({ ok: true, changed: true, profile: { revision: 8 } });
    expect(unreadable).toEqual([KEY]);
    expect((await stored()).key).toBe(KEY);
  });
});

describe('with other replicas on the same store', () => {
  /** Another replica that writes each time just before this one does. */
  function interfered(times: number): ProfileStore {
    const other = bookOf();
    let left = times;
    return {
      ...store,
      writeProfile: async (profile) => {
        if (left > 0) {
          left -= 1;
          const name = `other${String.fromCharCode(97 + left)}`;
          await other.receive(node(name), KEY, zipped(learned({ files: [name], pods: [name] })));
        }
        return store.writeProfile(profile);
      },
    };
  }

  test('two merges of one key at once lose neither', async () => {
    const here = bookOf({ store: interfered(3) });
    expect(await here.receive(node('n1'), KEY, zipped(learned({ files: ['mine'] }))))
      .toMatchObject({ ok: true, profile: { revision: 4 } });
    expect(filesOf(await stored())).toEqual(['mine', 'othera', 'otherb', 'otherc']
      .map((name) => `/var/log/${name}`));
  });

  test('a key that others write all the time is given up after so many tries', async () => {
    const here = bookOf({ store: interfered(TRIES_MAX + 1) });
    expect(await here.receive(node('n1'), KEY, zipped(learned({ files: ['mine'] }))))
      .toMatchObject({ ok: false, reason: 'conflict' });
  });
});

test('a key says which image its document is of', () => {
  const of = (over: Parameters<typeof learned>[0]): string | undefined => {
    const document = learned(over);
    return mismatch(document.key, document);
  };
  const none = { repository: '', tag: '', digest: '' };
  expect(of({})).toBeUndefined();
  expect(of({ key: `${KEY}#shop/web`, workload: 'shop/web' })).toBeUndefined();
  expect(of({ key: KEY, workload: 'shop/web' })).toMatch(/workload/);
  expect(of({ key: 'r:1', image: { repository: 'r', tag: '1', digest: '' } })).toBeUndefined();
  expect(of({ key: 'r:2', image: { repository: 'r', tag: '1', digest: '' } })).toMatch(/r:1/);
  expect(of({ key: 'host:default', image: none })).toBeUndefined();
  expect(of({ key: 'unknown:shop', image: none })).toBeUndefined();
  expect(of({ key: KEY, image: none })).toMatch(/no name/);
  expect(of({ key: 'host:default' })).toMatch(/shop\/web/);
  expect(unzipped(zipped(learned()))).toEqual(learned());
});
