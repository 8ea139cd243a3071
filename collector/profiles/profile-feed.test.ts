import { beforeEach, expect, test } from 'vitest';

import type { StoredProfile } from '../store/faces.ts';
import { ManualClock } from '../testing/clock.ts';
import { NOTICE_MS, PUSH_MS, ProfileFeed, TICK_MS } from './profile-feed.ts';
import type { FeedLink } from './profile-feed.ts';

let clock: ManualClock;
let feed: ProfileFeed;
let links: Link[];
let stored: Map<string, StoredProfile>;
let decided: { revision: number; document: Uint8Array };
let failures: unknown[];
let fails: boolean;
let queries: number;

class Link implements FeedLink {
  readonly got: string[] = [];
  isEnded = false;
  isFull = false;

  pushProfile(key: string, revision: number): boolean {
    if (this.isFull) return false;
    this.got.push(`${key} ${revision}`);
    return true;
  }

  pushDecisions(revision: number): boolean {
    if (this.isFull) return false;
    this.got.push(`decisions ${revision}`);
    return true;
  }

  /** What came since the last look. */
  news(): readonly string[] {
    return this.got.splice(0);
  }
}

beforeEach(() => {
  clock = new ManualClock();
  links = [];
  stored = new Map();
  decided = { revision: 1, document: new Uint8Array() };
  failures = [];
  fails = false;
  queries = 0;
  feed = new ProfileFeed({
    store: {
      readProfile: async (key) => stored.get(key),
      profileRevisions: async (keys) => {
        if (fails) throw new Error('the store is away');
        return new Map(keys.flatMap((key) => {
          const profile = stored.get(key);
          return profile === undefined ? [] : [[key, profile.revision] as const];
        }));
      },
    },
    decisions: {
      document: async () => {
        queries += 1;
        return decided;
      },
    },
    links: () => links,
    clock,
    onPush: () => undefined,
    onFailed: (error) => failures.push(error),
  });
  feed.start();
});

function write(key: string, revision: number): StoredProfile {
  const profile = { key, revision, document: new Uint8Array(), updatedAtMs: 0 };
  stored.set(key, profile);
  return profile;
}

async function linked(...keys: readonly string[]): Promise<Link> {
  const link = new Link();
  links.push(link);
  await feed.welcome(link);
  await feed.named(link, keys);
  return link;
}

/** Lets what the timers started come to its end. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test('a link gets the decisions with its welcome, and each profile when it names it', async () => {
  write('k', 3);
  const link = await linked('k', 'unknown');
  expect(link.news()).toEqual(['decisions 1', 'k 3']);
  await feed.named(link, ['k', 'unknown']);
  expect(link.news()).toEqual([]);
});

test('changes reach who runs the image, soon, and then not more often than the interval',
  async () => {
    const [one, two, other] = [await linked('k'), await linked('k'), await linked('x')];
    for (const link of links) link.news();
    feed.brought(one, write('k', 1), { lacks: false });
    feed.changed(write('k', 1), { now: false });
    expect([one.news(), two.news(), other.news()]).toEqual([[], ['k 1'], []]);
    for (let revision = 2; revision < 50; revision += 1) {
      feed.changed(write('k', revision), { now: false });
    }
    expect(one.news()).toEqual(['k 2']);
    expect(two.news()).toEqual([]);
    await pass(PUSH_MS + TICK_MS);
    expect([one.news(), two.news(), other.news()]).toEqual([['k 49'], ['k 49'], []]);
  });

test('a reset goes out at once, also to who was just told', async () => {
  const link = await linked('k');
  feed.changed(write('k', 1), { now: false });
  feed.changed(write('k', 2), { now: true });
  expect(link.news()).toEqual(['decisions 1', 'k 1', 'k 2']);
});

test('what another replica wrote is found at the next tick', async () => {
  const link = await linked('k');
  link.news();
  write('k', 5);
  decided = { revision: 9, document: new Uint8Array() };
  await pass(TICK_MS);
  expect(link.news()).toEqual(['decisions 9', 'k 5']);
});

test('what people decide here goes out at once, and after a change in the store within a second',
  async () => {
    const link = await linked();
    link.news();
    decided = { revision: 2, document: new Uint8Array() };
    feed.wake();
    await pass(0);
    expect(link.news()).toEqual(['decisions 2']);
    decided = { revision: 3, document: new Uint8Array() };
    const before = queries;
    for (let n = 0; n < 100; n += 1) feed.notice();
    await pass(NOTICE_MS);
    expect(link.news()).toEqual(['decisions 3']);
    expect(queries).toBe(before + 1);
  });

test('an agent that does not read is offered it again, and nothing is lost', async () => {
  const link = await linked('k');
  link.news();
  link.isFull = true;
  feed.changed(write('k', 1), { now: true });
  decided = { revision: 2, document: new Uint8Array() };
  feed.wake();
  await pass(TICK_MS);
  expect(link.news()).toEqual([]);
  link.isFull = false;
  await pass(TICK_MS);
  expect(link.news()).toEqual(['decisions 2', 'k 1']);
});

test('a store that fails is told of, and the next tick makes up for it', async () => {
  const link = await linked('k');
  link.news();
  write('k', 1);
  fails = true;
  await pass(TICK_MS);
  expect([link.news(), failures.length]).toEqual([[], 1]);
  fails = false;
  await pass(TICK_MS);
  expect(link.news()).toEqual(['k 1']);
});

test('a link that was not welcomed or has ended is sent nothing; a stopped feed sleeps', async () => {
  const link = new Link();
  links.push(link);
  await feed.named(link, ['k']);
  feed.changed(write('k', 1), { now: true });
  const gone = await linked('k');
  gone.news();
  gone.isEnded = true;
  feed.changed(write('k', 2), { now: true });
  await pass(TICK_MS);
  expect([link.got, gone.got]).toEqual([[], []]);
  await feed.stop();
  expect(clock.pending).toBe(0);
});
