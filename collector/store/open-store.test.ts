import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Alert } from '../../baseline/alert.ts';
import { anAlert } from '../testing/alerts.ts';
import { aPlace, aResponse, anIncident } from '../testing/records.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import { StoreFailure } from './faces.ts';
import type { AuditEntry } from '../respond/response-store.ts';
import type { Batch, BatchOutcome, Store } from './faces.ts';
import { openStore } from './open-store.ts';

const DAY_MS = 86_400_000;
let nowMs = 1_000_000;
const clock = { now: () => nowMs, after: () => () => undefined };

/** The same suite on both databases; each test has an empty one. */
describe.each(storeKinds)('%s', (kind) => {
  let place: StorePlace;
  let path: string;
  let store: Store;
  const audit: AuditEntry = { atMs: 1, actor: 'test', action: 'a', subject: 's', detail: { x: 1 } };

  beforeAll(async () => {
    place = await storePlace(kind);
  });

  afterAll(() => place.remove());

  beforeEach(async () => {
    nowMs = 1_000_000;
    await place.empty();
    ({ path } = place);
    store = await openStore({ path, clock });
  });

  afterEach(async () => {
    await store.close();
  });

  const batch = (sequence: number, alerts: readonly Alert[], epoch = 'e1'): Batch => ({
    cluster: 'c1',
    node: 'node-1',
    epoch,
    sequence,
    alerts,
    gaps: [],
  });

  /** One batch, as most tests need it. */
  const commit = async (one: Batch, into = store): Promise<BatchOutcome> => {
    const [outcome] = await into.commitBatches([one]);
    if (outcome === undefined) throw new Error('no outcome');
    return outcome;
  };

  const ids = async (): Promise<readonly string[]> =>
    (await store.listAlerts({}, { limit: 100 })).map(({ alert }) => alert.id);

  async function reopen(): Promise<void> {
    await store.close();
    store = await openStore({ path, clock });
  }

  describe('batches', () => {
    test('a batch sent again changes nothing and is recognised, also after a restart', async () => {
      const first = await commit(batch(1, [anAlert()]));
      expect(first).toMatchObject({ duplicate: false, stored: [{ id: 'alert-1' }] });
      await reopen();
      const again = await commit(batch(1, [anAlert({ id: 'smuggled' })]));
      expect(again).toEqual({ duplicate: true, stored: [], gaps: [] });
      expect(await ids()).toEqual(['alert-1']);
      expect(await store.committedSequence({ cluster: 'c1', node: 'node-1' }, 'e1')).toBe(1);
    });

    test('each epoch counts its own sequences', async () => {
      await commit(batch(9, [anAlert()]));
      const outcome = await commit(batch(1, [anAlert({ id: 'b' })], 'e2'));
      expect(outcome.duplicate).toBe(false);
      expect(await store.committedSequence({ cluster: 'c1', node: 'node-1' }, 'e1')).toBe(9);
      expect(await store.committedSequence({ cluster: 'c1', node: 'node-1' }, 'e2')).toBe(1);
      expect(await store.committedSequence({ cluster: 'c2', node: 'node-1' }, 'e1')).toBe(0);
    });

    test('the same batch twice in one group is stored once', async () => {
      const outcomes = await Promise.all([
        commit(batch(1, [anAlert()])),
        commit(batch(1, [anAlert()])),
      ]);
      expect(outcomes.map(({ duplicate }) => duplicate)).toEqual([false, true]);
    });

    test('a batch that cannot be written fails alone and leaves nothing behind', async () => {
      const bad = { ...anAlert({ id: 'bad' }), node: null } as unknown as Alert;
      const outcomes = await Promise.allSettled([
        commit(batch(1, [anAlert({ id: 'good' })])),
        commit({ ...batch(5, [anAlert({ id: 'half' }), bad]), node: 'node-2' }),
      ]);
      expect(outcomes[0]).toMatchObject({ status: 'fulfilled', value: { duplicate: false } });
      expect(outcomes[1]).toMatchObject({ status: 'rejected', reason: { code: 'store-write' } });
      expect(await ids()).toEqual(['good']);
      expect(await store.committedSequence({ cluster: 'c1', node: 'node-2' }, 'e1')).toBe(0);
    });

    test('batches of one agent that fail together do not pass each other', async () => {
      const bad = { ...anAlert({ id: 'bad' }), node: null } as unknown as Alert;
      const both = store.commitBatches([batch(1, [bad]), batch(2, [anAlert({ id: 'next' })])]);
      await expect(both).rejects.toMatchObject({ code: 'store-write' });
      expect(await ids()).toEqual([]);
      expect(await store.committedSequence({ cluster: 'c1', node: 'node-1' }, 'e1')).toBe(0);
    });

    test('whatever the order and the resending, the highest revision is what is stored', async () => {
      const revisions = fc.array(
        fc.record({ id: fc.constantFrom('a', 'b', 'c'), revision: fc.integer({ min: 1, max: 9 }) }),
        { minLength: 1, maxLength: 30 },
      );
      let run = 0;
      await fc.assert(fc.asyncProperty(revisions, async (sent) => {
        run += 1;
        const epoch = `run ${run}`;
        const highest = new Map<string, number>();
        const start = await store.newestChange();
        let sequence = 0;
        for (const { id: letter, revision } of sent) {
          sequence += 1;
          const id = `${run}-${letter}`;
          highest.set(id, Math.max(highest.get(id) ?? 0, revision));
          const alert = anAlert({ id, revision, count: revision });
          await commit(batch(sequence, [alert, alert], epoch));
          await commit(batch(sequence, [alert], epoch));
        }
        const rows = (await store.listAlerts({}, { limit: 10 }))
          .filter(({ alert }) => alert.id.startsWith(`${run}-`));
        expect(new Map(rows.map(({ alert }) => [alert.id, alert.revision]))).toEqual(highest);
        expect(rows.every(({ alert }) => alert.count === alert.revision)).toBe(true);
        const changes = await store.changesAfter(start, 100);
        expect(changes.length).toBe(highest.size);
      }), { numRuns: 40 });
    });
  });

  describe('alerts', () => {
    test('pages by arrival, newest first, without gap or double while revisions grow', async () => {
      for (let n = 1; n <= 25; n += 1) await commit(batch(n, [anAlert({ id: `a${n}` })]));
      const seen: string[] = [];
      let before: number | undefined;
      for (;;) {
        const page = await store.listAlerts({}, {
          limit: 7,
          ...(before === undefined ? {} : { before }),
        });
        if (page.length === 0) break;
        seen.push(...page.map(({ alert }) => alert.id));
        before = page.at(-1)?.number;
        await commit(batch(100 + seen.length, [anAlert({ id: 'a3', revision: 9 })]));
        await commit(batch(200 + seen.length, [anAlert({ id: `new${seen.length}` })]));
      }
      expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => `a${25 - index}`));
    });

    test('filters by severity, namespace, image, kind, node and technique', async () => {
      await commit(batch(1, [
        anAlert({ id: 'a', severity: 'low', techniques: ['T1059.004', 'T1105'] }),
        anAlert({ id: 'b', namespace: 'bank', kind: 'sensor', techniques: ['T1059'] }),
        anAlert({ id: 'c', node: 'n2', severity: 'critical', techniques: ['T10591'] }),
      ]));
      const found = async (filter: Parameters<Store['listAlerts']>[0]): Promise<string> =>
        (await store.listAlerts(filter, { limit: 10 })).map(({ alert }) => alert.id).join('');
      expect(await found({ severityMin: 'high' })).toBe('cb');
      expect(await found({ namespace: 'bank' })).toBe('b');
      expect(await found({ kind: 'sensor' })).toBe('b');
      expect(await found({ node: 'n2' })).toBe('c');
      expect(await found({ image: 'docker.io/shop/web' })).toBe('cba');
      expect(await found({ technique: 'T1059' })).toBe('ba');
      expect(await found({ technique: 'T1105' })).toBe('a');
      expect(await found({ technique: '%' })).toBe('');
    });

    test('hostile text comes back as it went in', async () => {
      const text = `\u001b[2J'); DROP TABLE alerts; --<script>\u202e\u0000=cmd|' /C calc'!A0`;
      await commit(batch(1, [anAlert({ namespace: text, reason: { en: text, zh: '' } })]));
      const row = await store.readAlert('alert-1');
      expect(row?.alert.reason.en).toBe(text);
      expect(row?.alert.namespace).toBe(text);
      expect(await store.listAlerts({ namespace: text }, { limit: 1 })).toHaveLength(1);
    });
  });

  describe('correlation', () => {
    test('an alert is uncorrelated until its newest revision was seen', async () => {
      await commit(batch(1, [anAlert()]));
      const [first] = await store.uncorrelatedAlerts(10);
      expect(first).toMatchObject({ alert: { revision: 1 }, incidentId: '' });
      await commit(batch(2, [anAlert({ revision: 2 })]));
      await store.saveCorrelation({
        incidents: [anIncident()],
        correlated: new Map([['alert-1', aPlace('incident-1')]]),
        merged: new Map(),
        nowMs,
      });
      expect(await store.uncorrelatedAlerts(10)).toMatchObject([
        { alert: { revision: 2 }, incidentId: 'incident-1' },
      ]);
      await store.saveCorrelation({
        incidents: [],
        correlated: new Map([['alert-1', aPlace('incident-1', 2)]]),
        merged: new Map([['incident-1', 'incident-2']]),
        nowMs,
      });
      expect(await store.uncorrelatedAlerts(10)).toEqual([]);
      expect((await store.readAlert('alert-1'))?.incidentId).toBe('incident-2');
      expect((await store.openIncidents(10)).map(({ id }) => id)).toEqual(['incident-1']);
    });

    test('an older revision of an incident does not replace a newer one', async () => {
      const save = (revision: number, score: number): Promise<void> =>
        store.saveCorrelation({
          incidents: [anIncident({ revision, score })],
          correlated: new Map(),
          merged: new Map(),
          nowMs,
        });
      await save(3, 30);
      await save(2, 20);
      expect((await store.readIncident('incident-1'))?.incident.score).toBe(30);
    });
  });

  describe('responses', () => {
    test('one id is one response, and only the next revision is written', async () => {
      expect(await store.insertResponse(aResponse(), audit)).toBe(true);
      expect(await store.insertResponse(aResponse({ action: 'isolate' }), audit)).toBe(false);
      const next = aResponse({ revision: 2, state: 'approved' });
      expect(await store.updateResponse(next, audit)).toBe(true);
      expect(await store.updateResponse(next, audit)).toBe(false);
      expect(await store.readResponse('response-1')).toEqual(next);
      expect((await store.listAudit({ limit: 10 })).length).toBe(2);
    });

    test('the budget counts what began since a time in that namespace', async () => {
      await store.insertResponse(aResponse({ executedAtMs: 500, state: 'verified' }), audit);
      await store.insertResponse(aResponse({ id: 'r2' }), audit);
      expect(await store.countExecuted({ namespace: 'shop' }, 500)).toBe(1);
      expect(await store.countExecuted({ namespace: 'shop' }, 501)).toBe(0);
      expect(await store.countExecuted({ namespace: 'shop' }, 0)).toBe(1);
      expect(await store.countExecuted({ namespace: 'bank' }, 0)).toBe(0);
      await store.insertResponse(aResponse({ id: 'r3', state: 'failed' }), audit);
      await store.insertResponse(
        aResponse({ id: 'r4', action: 'release', executedAtMs: 500 }),
        audit,
      );
      expect(await store.countExecuted({ namespace: 'shop' }, 0)).toBe(1);
      const live = await store.liveResponses('uid-1');
      expect(live.map(({ id }) => id)).toEqual(['response-1', 'r2', 'r4']);
      expect(await store.liveResponses('uid-2')).toEqual([]);
    });
  });

  describe('the live stream', () => {
    test('each record stands once, at the place of its newest change', async () => {
      let calls = 0;
      const end = store.onChange(() => {
        calls += 1;
      });
      await commit(batch(1, [anAlert({ id: 'a' }), anAlert({ id: 'b' })]));
      await store.insertResponse(aResponse(), audit);
      await commit(batch(2, [anAlert({ id: 'a', revision: 2 })]));
      await commit(batch(2, [anAlert({ id: 'a', revision: 2 })]));
      end();
      expect(calls).toBe(3);
      const changes = await store.changesAfter(0, 10);
      expect(changes.map(({ kind, document }) => [kind, (document as { id: string }).id])).toEqual([
        ['alert', 'b'],
        ['response', 'response-1'],
        ['alert', 'a'],
      ]);
      const newest = await store.newestChange();
      expect(changes.at(-1)?.position).toBe(newest);
      expect(await store.changesAfter(newest, 10)).toEqual([]);
    });

    test('positions are not given out again after retention', async () => {
      await commit(batch(1, [anAlert()]));
      const newest = await store.newestChange();
      nowMs += 3 * DAY_MS;
      await store.retain({ ageMs: DAY_MS, alertsMax: 10 }, nowMs);
      expect(await store.changesAfter(0, 10)).toEqual([]);
      expect(await store.newestChange()).toBe(newest);
      await commit(batch(2, [anAlert({ id: 'b' })]));
      expect(await store.newestChange()).toBeGreaterThan(newest);
    });
  });

  describe('the rest', () => {
    test('a gap sent again is one gap, told once, with the alerts of its batch', async () => {
      const gap = {
        from: '2026-01-01T00:00:00Z',
        to: '2026-01-01T00:01:00Z',
        cause: 'falco-drop' as const,
        eventsEstimate: 12,
      };
      const first = await commit({ ...batch(1, [anAlert()]), gaps: [gap, gap] });
      expect(first).toMatchObject({ stored: [{ id: 'alert-1' }], gaps: [gap] });
      expect((await commit({ ...batch(2, []), gaps: [gap] })).gaps).toEqual([]);
      expect((await commit({ ...batch(1, []), gaps: [gap] })).duplicate).toBe(true);
      expect(await store.listGaps({ limit: 10 })).toMatchObject([
        { cluster: 'c1', node: 'node-1', eventsEstimate: 12 },
      ]);
      const changes = await store.changesAfter(0, 10);
      expect(changes.map(({ kind }) => kind)).toEqual(['alert', 'gap']);
      expect(changes[1]?.document).toEqual({ cluster: 'c1', node: 'node-1', ...gap });
    });

    test('a batch that cannot be written keeps its gaps back, too', async () => {
      const bad = { ...anAlert(), node: null } as unknown as Alert;
      const gap = { from: 'a', to: 'b', cause: 'overload' as const, eventsEstimate: -1 };
      await expect(commit({ ...batch(1, [bad]), gaps: [gap] })).rejects.toThrow(StoreFailure);
      expect(await store.listGaps({ limit: 10 })).toEqual([]);
    });

    test('a profile keeps its highest revision', async () => {
      const profile = { key: 'k', revision: 2, document: new Uint8Array([1]), updatedAtMs: 1 };
      await store.writeProfile(profile);
      await store.writeProfile({ ...profile, revision: 1, document: new Uint8Array([2]) });
      expect(await store.readProfile('k')).toEqual(profile);
      expect(await store.listProfiles({ after: 'k', limit: 5 })).toEqual([]);
    });

    test('retention deletes by age and by number, never what is open', async () => {
      for (let n = 1; n <= 20; n += 1) await commit(batch(n, [anAlert({ id: `a${n}` })]));
      await store.insertResponse(aResponse({ updatedAtMs: 1 }), audit);
      await store.saveCorrelation({
        incidents: [anIncident(), anIncident({ id: 'i2', state: 'closed', updatedAtMs: 1 })],
        correlated: new Map(),
        merged: new Map(),
        nowMs,
      });
      expect(await store.retain({ ageMs: DAY_MS, alertsMax: 5 }, nowMs)).toBe(15);
      expect(await ids()).toEqual(['a20', 'a19', 'a18', 'a17', 'a16']);
      nowMs += 3 * DAY_MS;
      await store.retain({ ageMs: DAY_MS, alertsMax: 5 }, nowMs);
      expect(await store.counts()).toMatchObject({ alerts: 0, incidents: 1, responses: 1 });
      expect((await store.changesAfter(0, 100)).length).toBe(2);
    });
  });
});

describe('the embedded store', () => {
  test('the file is readable by its owner only and belongs to one process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lanner-store-'));
    const path = join(folder, 'collector.db');
    const store = await openStore({ path, clock });
    await store.commitBatches([{
      cluster: 'c1',
      node: 'n1',
      epoch: 'e1',
      sequence: 1,
      alerts: [anAlert()],
      gaps: [],
    }]);
    expect(statSync(path).mode & 0o077).toBe(0);
    expect(statSync(`${path}-wal`).mode & 0o077).toBe(0);
    await expect(openStore({ path, clock })).rejects.toMatchObject({ code: 'store-in-use' });
    await expect(openStore({ path: join(folder, 'no', 'x.db') })).rejects.toThrow(StoreFailure);
    await store.close();
    rmSync(folder, { recursive: true });
  });
});
