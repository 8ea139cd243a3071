import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Alert } from '../../baseline/alert.ts';
import { Correlator, GATHER_MS } from '../incident/correlator.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/faces.ts';
import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { ManualClock } from '../testing/clock.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import { Fatigue } from './fatigue.ts';
import { MaintenanceBook } from './maintenance-book.ts';
import { SuppressionBook } from './suppression-book.ts';
import { FatigueUpkeep } from './upkeep.ts';

/** All of it together, on both databases: what an alert does from the store to the incident. */
const log = pino({ level: 'silent' });
const START = Date.parse('2026-03-01T10:00:00Z');
const MINUTE = 60_000;
const settings = { windowMs: 600_000, behaviourPods: 3, coolDownMs: 900_000 };

describe.each(storeKinds)('alerts on %s', (kind) => {
  let place: StorePlace;
  let store: Store;
  let clock: ManualClock;
  let correlator: Correlator;
  let suppressions: SuppressionBook;
  let windows: MaintenanceBook;
  let grown: string[];
  let sequence = 0;
  let crash: 'never' | 'before-save' | 'after-save';

  beforeAll(async () => {
    place = await storePlace(kind);
  });

  afterAll(() => place.remove());

  beforeEach(async () => {
    await place.empty();
    clock = new ManualClock(START);
    store = await openStore({ path: place.path, clock });
    grown = [];
    crash = 'never';
    let made = 0;
    const newId = (): string => `id-${made += 1}`;
    suppressions = new SuppressionBook({ store, clock, newId });
    windows = new MaintenanceBook({ store, clock, newId });
    correlator = build();
    await correlator.start();
  });

  afterEach(async () => {
    await correlator.stop();
    await store.close();
  });

  function build(): Correlator {
    return new Correlator({
      store: {
        ...store,
        saveCorrelation: async (result) => {
          if (crash === 'before-save') throw new Error('the process died');
          await store.saveCorrelation(result);
          if (crash === 'after-save') throw new Error('the process died');
        },
      },
      clock,
      log,
      settings,
      weigher: new Fatigue({ store, agents: store, destructive: () => ['T1485'] }),
      onGrown: async (_, alert) => {
        grown.push(alert.id);
      },
      onEffects: () => undefined,
    });
  }

  const at = (ms: number): string => new Date(ms).toISOString();

  /** Arrives now, and happened now unless it says otherwise. */
  async function raise(over: Partial<Alert>): Promise<void> {
    sequence += 1;
    const now = at(clock.now());
    await store.commitBatches([{
      cluster: 'c1',
      node: 'node-1',
      epoch: 'e',
      sequence,
      alerts: [anAlert({ severity: 'medium', firstTime: now, lastTime: now, ...over })],
      gaps: [],
    }]);
    if (crash === 'never') await settled();
  }

  async function settled(): Promise<void> {
    correlator.wake({ isUrgent: true });
    await vi.waitUntil(async () => {
      clock.advance(GATHER_MS);
      return (await store.uncorrelatedAlerts(1)).length === 0;
    });
  }

  const handling = async (id: string) => (await store.readAlert(id))?.handling;
  const incidentIds = async () =>
    (await store.listIncidents({}, { limit: 50 })).map(({ incident }) => incident.id);
  const rule = (over: Partial<Parameters<SuppressionBook['make']>[0]> = {}) =>
    suppressions.make({
      match: { behaviours: [{ kind: 'exact', value: aBehaviour().value }] },
      includesDestructive: false,
      owner: 'web team',
      reason: 'a health check',
      ...over,
    }, 'anna');
  /** Past any cool-down's first quarter of an hour, and the incident's quiet. */
  const otherPod = (n: number): Partial<Alert> => ({ id: `a${n}`, podUid: `uid-${n}`, pod: `web-${n}` });

  describe('that a rule suppresses', () => {
    test('are stored and counted, open no incident and are told to nobody', async () => {
      expect(await rule()).toMatchObject({ ok: true });
      await raise({ id: 'a' });
      expect(await handling('a')).toEqual({
        kind: 'suppressed',
        ruleId: 'id-1',
        owner: 'web team',
        reason: 'a health check',
      });
      expect(await incidentIds()).toEqual([]);
      expect(grown).toEqual([]);
      expect(await suppressions.read('id-1')).toMatchObject({ hits: 1, lastHitAtMs: START + GATHER_MS });
      expect(await store.alertsByRef('id-1', 10)).toMatchObject([{ alert: { id: 'a' } }]);
    });

    test('come back when a later revision shows something else', async () => {
      await rule();
      await raise({ id: 'a' });
      await raise({ id: 'a', revision: 2, count: 7 });
      expect(await suppressions.read('id-1')).toMatchObject({ hits: 1 });
      await raise({
        id: 'a',
        revision: 3,
        behaviours: [aBehaviour(), aBehaviour({ value: 'exec /bin/nc ← bash' })],
      });
      expect(await handling('a')).toEqual({ kind: 'none' });
      expect(await incidentIds()).toEqual(['incident-a-3']);
      expect((await store.readAlert('a'))?.incidentId).toBe('incident-a-3');
      expect(grown).toEqual(['a']);
      expect(await store.talliesSince(0)).toMatchObject([{ handling: 'none', alerts: 1 }]);
    });

    test('stay where they were told when the rule came later', async () => {
      await raise({ id: 'a' });
      await rule();
      await raise({ id: 'a', revision: 2, severity: 'high' });
      expect(await store.readAlert('a')).toMatchObject({
        incidentId: 'incident-a',
        handling: { kind: 'suppressed' },
      });
      expect((await store.readIncident('incident-a'))?.incident.severity).toBe('medium');
      expect(grown).toEqual(['a']);
    });

    test('are raised again when its time is over, and the audit says that it was', async () => {
      await rule({ expiresTime: at(clock.now() + MINUTE) });
      await raise({ id: 'a' });
      clock.advance(MINUTE);
      await raise({ id: 'b', podUid: 'uid-2' });
      expect([await handling('a'), await handling('b')])
        .toMatchObject([{ kind: 'suppressed' }, { kind: 'none' }]);
      const expired: [string, number][] = [];
      const upkeep = new FatigueUpkeep({
        store,
        suppressions,
        windows,
        agents: store,
        clock,
        log,
        onExpired: (what, count) => expired.push([what, count]),
      });
      await upkeep.turn();
      await upkeep.turn();
      expect(expired.filter(([, count]) => count > 0)).toEqual([['suppression', 1]]);
      expect((await suppressions.read('id-1'))?.rule.ended)
        .toMatchObject({ because: 'expired', by: 'lanner' });
      expect(await suppressions.end('id-1', { by: 'bert', why: 'x' }))
        .toEqual({ ok: false, reason: 'ended' });
      const [newest] = await store.listAudit({ limit: 1 });
      expect(newest).toMatchObject({ action: 'suppression.expire', subject: 'id-1' });
      expect(await store.verifyAudit()).toMatchObject({ ok: true });
    });

    test('are shown before the rule is made', async () => {
      await raise({ id: 'a' });
      await raise({ id: 'b', podUid: 'uid-2', severity: 'high' });
      await raise({ id: 'c', behaviours: [aBehaviour(), aBehaviour({ value: 'x' })] });
      await raise({
        id: 'd',
        behaviours: [aBehaviour({ value: 'dropped-exec: exec /bin/bash ← gunicorn' })],
      });
      await raise({ id: 'e', namespace: 'secret' });
      const match = { behaviours: [{ kind: 'glob' as const, value: '*exec /bin/bash ← *' }] };
      const preview = await suppressions.preview({ match, includesDestructive: false },
        ({ namespace }) => namespace !== 'secret');
      expect(preview).toMatchObject({
        alerts: 2,
        destructive: 1,
        looked: 5,
        isPartial: false,
        bySeverity: { medium: 1, high: 1 },
        byNamespace: { shop: 2 },
      });
      expect(preview.examples.map(({ id }) => id)).toEqual(['b', 'a']);
      clock.advance(8 * 86_400_000);
      expect(await suppressions.preview({ match, includesDestructive: true }, () => true))
        .toMatchObject({ alerts: 0, looked: 0 });
    });
  });

  describe('in a maintenance window', () => {
    const make = (over: object = {}) =>
      windows.make({
        label: 'upgrade',
        scope: { namespace: 'shop' },
        fromTime: at(clock.now()),
        toTime: at(clock.now() + 60 * MINUTE),
        weekly: null,
        owner: 'dba',
        reason: 'postgres 17',
        ...over,
      }, 'anna');

    test('are informational and open nothing, but for the destructive', async () => {
      await make();
      clock.advance(MINUTE);
      await raise({ id: 'a', severity: 'high' });
      await raise({ id: 'b', severity: 'high', techniques: ['T1485'], podUid: 'uid-2',
        behaviours: [aBehaviour({ value: 'exec /usr/bin/shred ← sh', techniques: ['T1485'] })] });
      expect(await handling('a')).toEqual({ kind: 'maintenance', windowId: 'id-1' });
      expect(await handling('b')).toEqual({ kind: 'none' });
      expect(await incidentIds()).toEqual(['incident-b']);
      expect(grown).toEqual(['b']);
      const high = await store.listAlerts({ severityMin: 'low' }, { limit: 9 });
      expect(high.map(({ alert }) => alert.id)).toEqual(['b']);
      // What the agent said is what is kept.
      expect((await store.readAlert('a'))?.alert.severity).toBe('high');
      const window = await windows.read('id-1');
      expect(window && await windows.report(window, () => true)).toMatchObject({
        quietened: 1,
        raised: 1,
        bySeverity: { high: 2 },
        looked: 2,
      });
    });

    test('that arrive a day late are, and that go on behind its end are not', async () => {
      await make();
      const inside = at(clock.now() + 59 * MINUTE);
      clock.advance(24 * 60 * MINUTE);
      await windows.expire('lanner');
      await raise({ id: 'a', firstTime: inside, lastTime: inside });
      expect(await handling('a')).toMatchObject({ kind: 'maintenance' });
      expect(await incidentIds()).toEqual([]);
      await raise({ id: 'a', revision: 2, firstTime: inside, lastTime: at(START + 61 * MINUTE) });
      expect(await handling('a')).toEqual({ kind: 'none' });
      expect(await incidentIds()).toHaveLength(1);
      expect((await store.listAlerts({ severityMin: 'medium' }, { limit: 9 }))).toHaveLength(1);
    });

    test('of an agent whose clock is known to be wrong are raised', async () => {
      await make();
      clock.advance(MINUTE);
      const heartbeat = { time: at(clock.now() - 30 * MINUTE), images: [] };
      await store.saveAgents([{
        cluster: 'c1',
        node: 'node-1',
        epoch: 'e',
        protocol: 1,
        agentVersion: '',
        falcoVersion: '',
        capabilities: [],
        connectedAtMs: clock.now() - MINUTE,
        lastSeenMs: clock.now(),
        heartbeat: heartbeat as never,
      }]);
      await raise({ id: 'a' });
      expect(await handling('a')).toEqual({ kind: 'none' });
      await raise({ id: 'b', node: 'node-2', podUid: 'uid-2', behaviours: [] });
      expect(await handling('b')).toMatchObject({ kind: 'maintenance' });
    });
  });

  describe('that repeat what was raised', () => {
    test('are counted at its incident: while it is open, and when it is closed', async () => {
      await raise(otherPod(1));
      await raise(otherPod(2));
      await raise(otherPod(2));
      expect(await handling('a2')).toMatchObject({ kind: 'cooled' });
      const open = (await store.readIncident('incident-a1'))?.incident;
      expect(open).toMatchObject({ state: 'open', alertCount: 1, again: { alerts: 1 } });
      expect(open?.pods).toHaveLength(2);
      clock.advance(11 * MINUTE);
      await vi.waitUntil(async () => {
        clock.advance(10_000);
        return (await store.readIncident('incident-a1'))?.incident.state === 'closed';
      });
      await raise(otherPod(3));
      await raise({ ...otherPod(3), revision: 2, count: 3 });
      await raise(otherPod(4));
      const closed = (await store.readIncident('incident-a1'))?.incident;
      expect(closed).toMatchObject({ state: 'closed', alertCount: 1, again: { alerts: 3 } });
      expect(closed?.title.en).toMatch(/\(again on 3 pods, 3 times\)$/);
      expect((await store.readAlert('a4'))?.incidentId).toBe('incident-a1');
      expect(await incidentIds()).toEqual(['incident-a1']);
      // The policy saw only what came while it was open.
      expect(grown).toEqual(['a1', 'a2']);
      clock.advance(15 * MINUTE);
      await raise(otherPod(5));
      expect(await handling('a5')).toEqual({ kind: 'none' });
      expect(await incidentIds()).toEqual(['incident-a5', 'incident-a1']);
    });

    test('and then do something else are raised', async () => {
      await raise(otherPod(1));
      await raise(otherPod(2));
      await raise({
        ...otherPod(2),
        revision: 2,
        severity: 'high',
        behaviours: [aBehaviour(), aBehaviour({ value: 'exec /bin/nc ← bash' })],
      });
      expect(await handling('a2')).toEqual({ kind: 'none' });
      const incident = (await store.readIncident('incident-a1'))?.incident;
      expect(incident).toMatchObject({ alertCount: 2, severity: 'high' });
    });

    test('follow an incident that was merged into another', async () => {
      const elsewhere = (n: number) => ({ ...otherPod(n), workload: `w${n}` });
      for (const n of [1, 2, 3]) await raise(elsewhere(n));
      expect((await store.readIncident('incident-a2'))?.incident.mergedInto).toBe('incident-a1');
      await vi.waitUntil(async () => {
        clock.advance(MINUTE);
        return (await store.readIncident('incident-a1'))?.incident.state === 'closed';
      });
      await raise({ ...elsewhere(2), id: 'again', podUid: 'uid-x' });
      expect((await store.readAlert('again'))?.incidentId).toBe('incident-a1');
      expect((await store.readIncident('incident-a1'))?.incident.again).toMatchObject({ alerts: 1 });
    });
  });

  test.each(['before-save', 'after-save'] as const)(
    'are dealt with once, whether the process died %s',
    async (when) => {
      await rule({ match: { workload: 'job' } });
      await raise(otherPod(1));
      crash = when;
      await raise(otherPod(2));
      await raise({ ...otherPod(3), workload: 'job' });
      correlator.wake({ isUrgent: true });
      await vi.waitUntil(() => clock.pending > 1);
      await correlator.stop();
      crash = 'never';
      correlator = build();
      await correlator.start();
      await settled();
      expect(await handling('a2')).toMatchObject({ kind: 'cooled' });
      expect((await store.readIncident('incident-a1'))?.incident)
        .toMatchObject({ alertCount: 1, again: { alerts: 1 } });
      expect(await suppressions.read('id-1')).toMatchObject({ hits: 1 });
      const tallies = new Map((await store.talliesSince(0)).map((row) => [row.handling, row.alerts]));
      expect(tallies).toEqual(new Map([['none', 1], ['cooled', 1], ['suppressed', 1]]));
    },
  );

  test('a full list of rules refuses, and says nothing to the audit', async () => {
    const made = await rule();
    if (!made.ok) throw new Error(made.reason);
    const audit = { atMs: 1, actor: 'a', action: 'b', subject: 'c', detail: {} };
    expect(await store.addSuppression({ ...made.rule, id: 'x' }, 1, audit))
      .toEqual({ ok: false, reason: 'full' });
    expect(await store.listAudit({ limit: 9 })).toHaveLength(1);
  });
});
