import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { ProfileDocument } from '../../baseline/profile/document.ts';
import { systemClock } from '../clock.ts';
import type { Store } from '../store/faces.ts';
import { openStore } from '../store/open-store.ts';
import { KEY, learned, unzipped, zipped } from '../testing/profiles.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import { DecisionBook } from './decision-book.ts';
import { itemsIn } from './image-profiles.ts';
import { ProfileBook } from './profile-book.ts';
import { ProfileFeed } from './profile-feed.ts';
import type { FeedLink } from './profile-feed.ts';

/** What one collector keeps about profiles, over a store that others use, too. */
class Replica {
  readonly store: Store;
  readonly decisions: DecisionBook;
  readonly book: ProfileBook;
  readonly feed: ProfileFeed;
  readonly links: Link[] = [];
  readonly #stopNotice: () => void;
  /** Ten seconds pass when a test says so; a change in the store is looked at in a moment. */
  #tick: () => void = () => undefined;

  constructor(store: Store, name: string) {
    let ids = 0;
    const clock = {
      now: () => Date.now(),
      after: (ms: number, run: () => void) => {
        if (ms < 5_000) return systemClock.after(1, run);
        this.#tick = run;
        return () => undefined;
      },
    };
    this.store = store;
    this.decisions = new DecisionBook({ store, clock, newId: () => `${name}${++ids}` });
    const { decisions } = this;
    this.book = new ProfileBook({ store, clock, decisions, onUnreadable: () => undefined });
    this.feed = new ProfileFeed({
      store,
      decisions,
      clock,
      links: () => this.links,
      onPush: () => undefined,
      onFailed: (error) => {
        throw error;
      },
    });
    this.feed.start();
    this.#stopNotice = store.onChange(() => this.feed.notice());
  }

  async link(...keys: readonly string[]): Promise<Link> {
    const link = new Link();
    this.links.push(link);
    await this.feed.welcome(link);
    await this.feed.named(link, keys);
    return link;
  }

  tick(): void {
    this.#tick();
  }

  async stop(): Promise<void> {
    this.#stopNotice();
    await this.feed.stop();
  }
}

class Link implements FeedLink {
  readonly isEnded = false;
  profile: ProfileDocument | undefined;
  decisions: readonly { readonly id: string }[] = [];

  pushProfile(_: string, __: number, document: Uint8Array): boolean {
    this.profile = unzipped(document) as ProfileDocument;
    return true;
  }

  pushDecisions(_: number, document: Uint8Array): boolean {
    this.decisions = unzipped(document) as readonly { readonly id: string }[];
    return true;
  }
}

describe.each(storeKinds)('two replicas on %s', (kind) => {
  let place: StorePlace;
  let stores: Store[];
  let replicas: [Replica, Replica];

  beforeEach(async () => {
    place = await storePlace(kind);
    const first = await openStore({ path: place.path, clock: systemClock });
    // An embedded store is one process's own: there its two parts share it.
    stores = kind === 'SQLite'
      ? [first]
      : [first, await openStore({ path: place.path, clock: systemClock })];
    replicas = [new Replica(first, 'a'), new Replica(stores.at(-1) ?? first, 'b')];
  });

  afterEach(async () => {
    for (const replica of replicas) await replica.stop();
    for (const store of stores) await store.close();
    await place.remove();
  });

  test('merge one key at the same time and lose nothing', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `log${String.fromCharCode(97 + n)}`);
    const received = await Promise.all(names.map((name, index) =>
      (replicas[index % 2] as Replica).book.receive({ cluster: 'c', node: name }, KEY,
        zipped(learned({ files: [name], pods: [name] })))));
    expect(received.filter(({ ok }) => !ok)).toEqual([]);
    const found = await replicas[0].book.readDocument(KEY);
    expect(found && itemsIn(found.document, 'file-write').map(({ object }) => object))
      .toEqual(names.map((name) => `/var/log/${name}`));
  });

  test('tell their agents what the other one learned', async () => {
    const [here, there] = replicas;
    const link = await there.link(KEY);
    await here.book.receive({ cluster: 'c', node: 'n1' }, KEY, zipped(learned({ files: ['a'] })));
    there.tick();
    await vi.waitUntil(() => link.profile !== undefined, { timeout: 20_000 });
    expect(link.profile?.key).toBe(KEY);
  });

  test('tell their agents what people decided at the other one, without waiting for the tick',
    async () => {
      const [here, there] = replicas;
      const link = await there.link();
      await here.decisions.decide([{
        kind: 'accept',
        scope: 'image',
        profileKey: KEY,
        repository: 'docker.io/shop/web',
        channel: 'exec',
        value: 'x',
        by: 'ana',
        why: 'y',
      }]);
      await vi.waitUntil(() => link.decisions.length === 1, { timeout: 20_000 });
      expect(link.decisions).toMatchObject([{ id: 'a1' }]);
      expect((await there.decisions.inForce()).length).toBe(1);
      expect((await there.decisions.undo('a1', { by: 'bo', why: 'z' })).ok).toBe(true);
      expect(await here.decisions.inForce()).toEqual([]);
    });
});
