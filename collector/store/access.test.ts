import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Holder, StoredSession, StoredToken } from '../access/access-store.ts';
import { systemClock } from '../clock.ts';
import type { AuditEntry } from '../respond/response-store.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import type { Store } from './faces.ts';
import { openStore } from './open-store.ts';

const DAY_MS = 86_400_000;
const START_MS = 100 * DAY_MS;

const aToken = (over: Partial<StoredToken> = {}): StoredToken => ({
  id: 't1',
  name: 'ci',
  hash: 'h',
  grants: [{ role: 'viewer', namespaces: ['shop'] }, { role: 'admin', namespaces: 'all' }],
  createdBy: 'token:bootstrap',
  createdAtMs: START_MS,
  expiresAtMs: START_MS + DAY_MS,
  lastUsedAtMs: 0,
  revokedAtMs: 0,
  revokedBy: '',
  ...over,
});

const holder: Holder = { kind: 'token', tokenId: 't1' };
const aSession = (over: Partial<StoredSession> = {}): StoredSession => ({
  hash: 's1',
  holder,
  createdAtMs: START_MS,
  lastSeenAtMs: START_MS,
  expiresAtMs: START_MS + 3_600_000,
  ...over,
});

const audit = (atMs = START_MS): AuditEntry =>
  ({ atMs, actor: 'anna', action: 'token.create', subject: 't1', detail: {} });
const limits = { perHolder: 3, inAll: 10 };

describe.each(storeKinds)('who may come in, on %s', (kind) => {
  let place: StorePlace;
  let store: Store;

  beforeAll(async () => {
    place = await storePlace(kind);
  });

  afterAll(() => place.remove());

  beforeEach(async () => {
    await place.empty();
    const clock = { now: () => START_MS, after: systemClock.after.bind(systemClock) };
    store = await openStore({ path: place.path, clock });
  });

  afterEach(() => store.close());

  test('a token comes back as it was, with its audit record; its name is its own while it holds',
    async () => {
      expect(await store.insertToken(aToken(), audit())).toBe('inserted');
      expect(await store.readToken('t1')).toEqual(aToken());
      expect(await store.insertToken(aToken({ id: 't2' }), audit())).toBe('name-taken');
      expect(await store.insertToken(aToken({ id: 't1', name: 'other' }), audit()))
        .toBe('name-taken');
      expect((await store.listAudit({ limit: 9 })).map(({ action }) => action))
        .toEqual(['token.create']);
      const later = START_MS + DAY_MS;
      expect(await store.insertToken(aToken({ id: 't2', createdAtMs: later }), audit(later)))
        .toBe('inserted');
      expect(await store.readToken('t1')).toMatchObject({ revokedBy: 'expiry' });
      expect((await store.listTokens(9)).map(({ id }) => id)).toEqual(['t2', 't1']);
    });

  test('what was revoked is gone with its sessions and codes, once', async () => {
    await store.insertToken(aToken(), audit());
    await store.insertSession(aSession(), limits);
    const other = aSession({ hash: 's2', holder: { ...holder, tokenId: 't2' } });
    await store.insertSession(other, limits);
    await store.insertCode({ hash: 'c1', tokenId: 't1', expiresAtMs: START_MS + 9 }, 5);
    expect(await store.revokeToken('t1', audit())).toBe(true);
    expect(await store.revokeToken('t1', audit())).toBe(false);
    expect(await store.readToken('t1')).toMatchObject({
      revokedAtMs: START_MS,
      revokedBy: 'anna',
    });
    expect(await store.readSession('s1')).toBeUndefined();
    expect(await store.readSession('s2')).toBeDefined();
    expect(await store.takeCode('c1', START_MS)).toBeUndefined();
    expect(await store.verifyAudit()).toEqual({ ok: true, rows: 2 });
  });

  test('the last use only moves forward', async () => {
    await store.insertToken(aToken(), audit());
    await store.touchToken('t1', 50);
    await store.touchToken('t1', 40);
    expect(await store.readToken('t1')).toMatchObject({ lastUsedAtMs: 50 });
    await store.insertSession(aSession(), limits);
    await store.touchSession('s1', START_MS + 50);
    await store.touchSession('s1', START_MS + 40);
    expect(await store.readSession('s1')).toEqual(aSession({ lastSeenAtMs: START_MS + 50 }));
  });

  test('one holder’s oldest session makes room for the newest; a full house takes nobody',
    async () => {
      for (let n = 1; n <= 5; n += 1) {
        await store.insertSession(aSession({ hash: `s${n}`, createdAtMs: START_MS + n }), limits);
      }
      const open = async (hash: string) => (await store.readSession(hash)) !== undefined;
      expect(await Promise.all(['s1', 's2', 's3', 's4', 's5'].map(open)))
        .toEqual([false, false, true, true, true]);
      const of = (n: number): StoredSession =>
        aSession({ hash: `p${n}`, holder: { kind: 'person', name: `p${n}`, alsoKnownAs: [],
          groups: [] } });
      for (let n = 1; n <= 7; n += 1) expect(await store.insertSession(of(n), limits)).toBe(true);
      expect(await store.insertSession(of(8), limits)).toBe(false);
      const late = { ...of(9), createdAtMs: START_MS + 3_600_000 };
      expect(await store.insertSession(late, limits)).toBe(true);
      expect(await store.deleteSession('p9')).toBe(true);
      expect(await store.deleteSession('p9')).toBe(false);
    });

  test('a code is taken once, by whoever is first, and not after its time', async () => {
    await store.insertCode({ hash: 'c1', tokenId: 't1', expiresAtMs: START_MS + 9 }, 3);
    const taken = await Promise.all([1, 2, 3, 4].map(() => store.takeCode('c1', START_MS)));
    expect(taken.filter((id) => id === 't1')).toHaveLength(1);
    await store.insertCode({ hash: 'c2', tokenId: 't1', expiresAtMs: START_MS }, 3);
    expect(await store.takeCode('c2', START_MS)).toBeUndefined();
    for (let n = 1; n <= 5; n += 1) {
      await store.insertCode({ hash: `d${n}`, tokenId: 't1', expiresAtMs: START_MS + n }, 3);
    }
    expect(await store.takeCode('d2', START_MS)).toBeUndefined();
    expect(await store.takeCode('d3', START_MS)).toBe('t1');
  });

  test('a subject keeps its first name, and no two have one that looks the same', async () => {
    expect(await store.knownSubject('a')).toBeUndefined();
    expect(await store.nameOfSubject('a', 'li.wei', 1)).toBe('li.wei');
    expect(await store.nameOfSubject('a', 'admin', 2)).toBe('li.wei');
    expect(await store.nameOfSubject('b', 'LI.WEI', 3)).toBeUndefined();
    expect(await store.nameOfSubject('b', 'admin', 4)).toBe('admin');
    expect(await store.knownSubject('a')).toBe('li.wei');
  });
});
