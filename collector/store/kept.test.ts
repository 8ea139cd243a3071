import { createHash } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Decision } from '../../baseline/profile/decisions.ts';
import type { CommandFrame } from '../../proto/lanner/v1/frames.ts';
import { systemClock } from '../clock.ts';
import type { AuditEntry } from '../respond/response-store.ts';
import { aResponse } from '../testing/records.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import { EVIDENCE_FILE_BYTES_MAX } from './evidence-files.ts';
import type { CommandQueue, Store } from './faces.ts';
import { openStore } from './open-store.ts';

const audit: AuditEntry = { atMs: 1, actor: 'anna', action: 'a', subject: 's', detail: {} };
const DAY_MS = 86_400_000;

const aDecision = (over: Partial<Decision> = {}): Decision => ({
  id: 'd1',
  kind: 'accept',
  scope: 'image',
  profileKey: 'k',
  repository: 'docker.io/shop/web',
  channel: 'exec',
  value: 'exec /bin/sh ← nginx',
  by: 'anna',
  at: '2026-03-01T10:00:00Z',
  why: 'a health check',
  ...over,
});

describe.each(storeKinds)('what is kept on %s', (kind) => {
  let place: StorePlace;
  let store: Store;
  let nowMs = 10 * DAY_MS;
  const clock = { now: () => nowMs, after: systemClock.after.bind(systemClock) };

  beforeAll(async () => {
    place = await storePlace(kind);
  });

  afterAll(() => place.remove());

  beforeEach(async () => {
    nowMs = 10 * DAY_MS;
    await place.empty();
    store = await openStore({ path: place.path, clock });
  });

  afterEach(async () => {
    await store.close();
  });

  test('decisions come back in the order they were made, an undo in its place', async () => {
    let calls = 0;
    store.onChange(() => {
      calls += 1;
    });
    expect(await store.decisionsRevision()).toBe(0);
    await store.putDecision(aDecision(), audit);
    await store.putDecision(aDecision({ id: 'd2', kind: 'lock' }), audit);
    const undone = aDecision({ undoneBy: 'bert', undoneAt: '2026-03-02T10:00:00Z' });
    await store.putDecision(undone, audit);
    expect(await store.listDecisions()).toEqual([undone, aDecision({ id: 'd2', kind: 'lock' })]);
    expect(await store.decisionsRevision()).toBe(3);
    expect(calls).toBe(3);
    expect(await store.verifyAudit()).toEqual({ ok: true, rows: 3 });
  });

  test('a setting is written only over the revision that was read', async () => {
    expect(await store.readSetting('response.paused')).toBeUndefined();
    expect(await store.writeSetting('response.paused', { by: 'anna' }, 1, audit)).toBe(false);
    expect(await store.writeSetting('response.paused', { by: 'anna' }, 0, audit)).toBe(true);
    expect(await store.writeSetting('response.paused', null, 0, audit)).toBe(false);
    expect(await store.readSetting('response.paused'))
      .toEqual({ value: { by: 'anna' }, revision: 1 });
    const both = await Promise.all([
      store.writeSetting('response.paused', 1, 1, audit),
      store.writeSetting('response.paused', 2, 1, audit),
    ]);
    expect(both.filter((isWritten) => isWritten).length).toBe(1);
    expect((await store.readSetting('response.paused'))?.revision).toBe(2);
    // What was not written is not in the audit.
    expect(await store.verifyAudit()).toEqual({ ok: true, rows: 2 });
  });

  test('evidence comes back byte for byte, and the same name replaces it', async () => {
    const bytes = new Uint8Array(100_000).map((_, index) => (index * 31) % 256);
    const file = { responseId: 'r1', name: 'pod.yaml', mediaType: 'text/yaml', bytes, takenAtMs: 5 };
    await store.putEvidence({ ...file, bytes: new Uint8Array([1]) });
    await store.putEvidence(file);
    await store.putEvidence({ ...file, name: 'logs', bytes: new Uint8Array() });
    expect(await store.listEvidence('r1')).toEqual([
      { responseId: 'r1', name: 'pod.yaml', mediaType: 'text/yaml', takenAtMs: 5, size: 100_000 },
      { responseId: 'r1', name: 'logs', mediaType: 'text/yaml', takenAtMs: 5, size: 0 },
    ]);
    const read = await store.readEvidence('r1', 'pod.yaml');
    const hash = (some: Uint8Array | undefined): string =>
      createHash('sha256').update(some ?? '').digest('hex');
    expect(hash(read?.bytes)).toBe(hash(bytes));
    expect((await store.readEvidence('r1', 'logs'))?.bytes).toEqual(new Uint8Array());
    expect(await store.readEvidence('r2', 'logs')).toBeUndefined();
    await expect(store.putEvidence({
      ...file,
      bytes: new Uint8Array(EVIDENCE_FILE_BYTES_MAX + 1),
    })).rejects.toMatchObject({ code: 'too-large' });
  });

  test('evidence goes when it is too old', async () => {
    const file = { responseId: 'r1', mediaType: 'a/b', bytes: new Uint8Array(10) };
    await store.putEvidence({ ...file, name: 'old', takenAtMs: nowMs - 5 * DAY_MS });
    await store.putEvidence({ ...file, name: 'new', takenAtMs: nowMs });
    await store.retain({ ageMs: 2 * DAY_MS, alertsMax: 10 }, nowMs);
    expect((await store.listEvidence('r1')).map(({ name }) => name)).toEqual(['new']);
  });

  test('what was executed is counted in the scope that is asked for', async () => {
    const target = (over: Partial<ReturnType<typeof aResponse>['target']>) =>
      ({ ...aResponse().target, ...over });
    await store.insertResponse(aResponse({ id: '1', executedAtMs: 10 }), audit);
    await store.insertResponse(
      aResponse({ id: '2', executedAtMs: 20, target: target({ workload: 'api', node: 'n2' }) }),
      audit,
    );
    await store.insertResponse(
      aResponse({ id: '3', executedAtMs: 30, target: target({ namespace: 'bank' }) }),
      audit,
    );
    await store.insertResponse(aResponse({ id: '4', executedAtMs: 30, action: 'thaw' }), audit);
    expect(await store.countExecuted({}, 0)).toBe(3);
    expect(await store.countExecuted({ cluster: 'c1', namespace: 'shop' }, 0)).toBe(2);
    expect(await store.countExecuted({ namespace: 'shop', workload: 'web' }, 0)).toBe(1);
    expect(await store.countExecuted({ node: 'n2' }, 20)).toBe(1);
    expect(await store.countExecuted({ node: 'n2' }, 21)).toBe(0);
    expect(await store.countExecuted({ cluster: 'c2' }, 0)).toBe(0);
    expect((await store.executedSince({ cluster: 'c1' }, 15, 10)).map(({ id }) => id))
      .toEqual(['3', '2']);
    expect((await store.executedSince({}, 0, 1)).map(({ id }) => id)).toEqual(['3']);
  });

  test('a response is due for its reversal while it is in effect', async () => {
    const verified = { state: 'verified' as const };
    await store.insertResponse(aResponse({ ...verified, id: 'later', reverseAtMs: 200 }), audit);
    await store.insertResponse(aResponse({ ...verified, id: 'due', reverseAtMs: 100 }), audit);
    await store.insertResponse(aResponse({ ...verified, id: 'never' }), audit);
    await store.insertResponse(aResponse({ id: 'proposed', reverseAtMs: 100 }), audit);
    expect((await store.reversalsDue(150, 10)).map(({ id }) => id)).toEqual(['due']);
    expect((await store.reversalsDue(200, 10)).map(({ id }) => id)).toEqual(['due', 'later']);
  });

  test('a lease is one holder’s until it is given back or its time is over', async () => {
    expect(await store.acquire('work', 'a', 60_000)).toBe(true);
    expect(await store.acquire('work', 'a', 60_000)).toBe(true);
    expect(await store.acquire('work', 'b', 60_000)).toBe(false);
    expect(await store.acquire('other', 'b', 60_000)).toBe(true);
    await store.release('work', 'b');
    expect(await store.acquire('work', 'b', 60_000)).toBe(false);
    await store.release('work', 'a');
    expect(await store.acquire('work', 'b', 0)).toBe(true);
    expect(await store.acquire('work', 'a', 60_000)).toBe(true);
  });

  test('a profile is written only over a lower revision, and says so', async () => {
    const profile = { key: 'k', revision: 2, document: new Uint8Array([1]), updatedAtMs: 1 };
    expect(await store.writeProfile(profile)).toBe(true);
    expect(await store.writeProfile({ ...profile, document: new Uint8Array([2]) })).toBe(false);
    expect(await store.writeProfile({ ...profile, revision: 3 })).toBe(true);
    expect(await store.profileRevisions(['k', 'none'])).toEqual(new Map([['k', 3]]));
  });
});

describe('the command queue', () => {
  let place: StorePlace;
  let store: Store;
  let queue: CommandQueue;

  beforeAll(async () => {
    place = await storePlace('PostgreSQL');
  });

  afterAll(() => place.remove());

  beforeEach(async () => {
    await place.empty();
    store = await openStore({ path: place.path });
    if (store.commands === undefined) throw new Error('no queue');
    queue = store.commands;
  });

  afterEach(async () => {
    await store.close();
  });

  const agent = { cluster: 'c', node: 'n1' };
  const frame: CommandFrame = {
    kind: 'command',
    id: 'r1/freeze',
    action: 'freeze',
    containerId: 'abc',
    podUid: 'uid',
    pid: 0,
    deadline: '2026-03-01T10:00:00Z',
    observedAt: '',
    seconds: 0,
  };
  const done = {
    kind: 'command-result' as const,
    id: 'r1/freeze',
    outcome: 'done' as const,
    detail: 'frozen\u0000',
    document: new Uint8Array([0, 1, 255]),
  };

  test('one claims it, its outcome is taken once, with the document', async () => {
    await queue.put({ id: '1', agent, frame, remainingMs: 60_000 });
    expect(await queue.waiting()).toEqual([{ id: '1', agent }]);
    const claims = await Promise.all([queue.claim('1'), queue.claim('1'), queue.claim('1')]);
    const [claimed] = claims.filter((claim) => claim !== undefined);
    expect(claims.filter((claim) => claim !== undefined).length).toBe(1);
    expect(claimed).toMatchObject({ id: '1', agent, frame });
    expect(claimed?.remainingMs).toBeGreaterThan(0);
    expect(await queue.withdraw('1')).toBe(false);
    expect(await queue.take('1')).toBeUndefined();
    await queue.finish('1', { ok: true, result: done });
    expect(await queue.take('1')).toEqual({ ok: true, result: done });
    expect(await queue.take('1')).toBeUndefined();
  });

  test('what was withdrawn, or is too late, is not claimed', async () => {
    await queue.put({ id: '1', agent, frame, remainingMs: 60_000 });
    expect(await queue.withdraw('1')).toBe(true);
    expect(await queue.claim('1')).toBeUndefined();
    await queue.put({ id: '2', agent, frame, remainingMs: 0 });
    expect(await queue.claim('2')).toBeUndefined();
  });
});
