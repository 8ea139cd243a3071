import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Alert } from '../../baseline/alert.ts';
import { severities } from '../../baseline/alert.ts';
import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { closeQuiet, correlate } from './correlate.ts';
import type { Correlated, IncidentSettings } from './correlate.ts';
import { ALERTS_KEPT_MAX, combinedScore } from './fold.ts';
import type { Incident } from './incident.ts';
import { INCIDENTS_OPEN_MAX, emptyState, restoreState } from './state.ts';

const settings: IncidentSettings = { windowMs: 600_000, behaviourPods: 3, coolDownMs: 900_000 };
const NOW = Date.parse('2026-03-01T10:00:00Z');
const at = (second: number): string =>
  new Date(NOW + second * 1_000).toISOString().replace('Z', '000000Z');

const run = (alerts: readonly Alert[], from = emptyState, nowMs = NOW): Correlated =>
  correlate(from, alerts.map((alert) => ({ alert, incidentId: '' })), nowMs, settings);
const incidents = (result: Correlated): readonly Incident[] => [...result.state.open.values()];
const kinds = (result: Correlated): string =>
  result.effects.map((effect) =>
    effect.kind === 'notify' ? effect.reason : effect.kind).join(' ');

/** Alerts of one pod within one window. */
const ofOnePod = fc.uniqueArray(
  fc.record({
    id: fc.stringMatching(/^[a-z]{1,6}$/),
    severity: fc.constantFrom('low', 'medium', 'high', 'critical'),
    score: fc.integer({ min: 0, max: 100 }),
    count: fc.integer({ min: 1, max: 50 }),
    second: fc.integer({ min: 0, max: 299 }),
    techniques: fc.subarray(['T1059', 'T1105', 'T1071', 'T1548', 'T1552']),
  }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 20 },
).map((rows) =>
  rows.map((row) =>
    anAlert({
      ...row,
      firstTime: at(row.second),
      lastTime: at(row.second + 3),
      severity: row.severity as Alert['severity'],
    })));

/** All of an incident that does not tell when and by whom it was opened. */
function content(incident: Incident | undefined) {
  if (incident === undefined) throw new Error('no incident');
  const { id: _, revision: __, ...rest } = incident;
  return rest;
}

describe('alerts of one pod', () => {
  test('are one incident, the same whatever the order of arrival', () => {
    fc.assert(fc.property(
      ofOnePod.chain((alerts) =>
        fc.tuple(fc.constant(alerts), fc.shuffledSubarray(alerts, { minLength: alerts.length }))),
      ([alerts, shuffled]) => {
        const one = run(alerts);
        const other = run(shuffled);
        expect(one.state.open.size).toBe(1);
        expect(content(incidents(other)[0])).toEqual(content(incidents(one)[0]));
        const [incident] = incidents(one);
        expect(incident?.alertCount).toBe(alerts.length);
        expect(incident?.eventCount).toBe(alerts.reduce((sum, { count }) => sum + count, 0));
        const worst = Math.max(...alerts.map(({ severity }) => severities.indexOf(severity)));
        expect(severities.indexOf(incident?.severity ?? 'low')).toBeGreaterThanOrEqual(worst);
        expect(incident?.score).toBeGreaterThanOrEqual(Math.max(...alerts.map((a) => a.score)));
        expect(incident?.score).toBeLessThanOrEqual(100);
      },
    ));
  });

  test('seen again change nothing, in one call or in many, also over a restart', () => {
    fc.assert(fc.property(ofOnePod, (alerts) => {
      const once = run(alerts);
      const twice = run(alerts, once.state);
      expect(incidents(twice)).toEqual(incidents(once));
      expect(twice.effects).toEqual([]);
      let state = emptyState;
      for (const alert of alerts) {
        state = restoreState([...run([alert], state).state.open.values()], settings.windowMs);
      }
      expect(content([...state.open.values()][0])).toEqual(content(incidents(once)[0]));
    }));
  });

  test('a later revision replaces the earlier: counts are not added up', () => {
    const first = run([anAlert({ count: 3 })]);
    const grown = run([anAlert({ revision: 2, count: 10, severity: 'critical' })], first.state);
    expect(incidents(grown)[0]).toMatchObject({
      alertCount: 1,
      eventCount: 10,
      severity: 'critical',
    });
    expect(kinds(grown)).toBe('grown escalated');
  });

  test('more than a window apart are two incidents', () => {
    const result = run([
      anAlert({ id: 'a' }),
      anAlert({ id: 'b', firstTime: at(900), lastTime: at(900) }),
    ], emptyState, NOW + 1_000_000);
    expect(result.state.open.size).toBe(2);
  });

  test('repeats are told again only after the cool-down', () => {
    const first = run([anAlert({ id: 'a' })]);
    expect(kinds(first)).toBe('grown opened');
    const second = run([anAlert({ id: 'b', firstTime: at(60), lastTime: at(60) })], first.state);
    expect(kinds(second)).toBe('grown');
    const late = run([anAlert({ id: 'c', firstTime: at(500), lastTime: at(500) })], second.state,
      NOW + 901_000);
    expect(kinds(late)).toBe('grown repeated');
  });

  test('beyond the bound the worst are kept and every one is counted', () => {
    const alerts = Array.from({ length: ALERTS_KEPT_MAX + 50 }, (_, n) =>
      anAlert({ id: `a${n}`, score: n % 97, severity: n === 3 ? 'critical' : 'low' }));
    const [incident] = incidents(run(alerts));
    expect(incident).toMatchObject({ alertCount: 250, alertsDropped: 50, severity: 'critical' });
    expect(incident?.alerts.length).toBe(ALERTS_KEPT_MAX);
    expect(incident?.alerts[0]?.id).toBe('a3');
  });
});

describe('informational alerts', () => {
  test('open no incident, but join the one of their pod', () => {
    const session = anAlert({ id: 's', kind: 'session', severity: 'informational' });
    const upgrade = anAlert({ id: 'u', kind: 'upgrade', severity: 'medium' });
    const alone = run([session, upgrade]);
    expect(alone.state.open.size).toBe(0);
    expect(alone.placed.get('s')).toMatchObject({ revision: 1, incidentId: '' });
    const joined = run([anAlert(), session]);
    expect(incidents(joined)[0]).toMatchObject({ alertCount: 2, severity: 'high' });
  });
});

describe('one behaviour on several pods', () => {
  const onPod = (n: number, over: Partial<Alert> = {}): Alert =>
    anAlert({ id: `a${n}`, podUid: `uid-${n}`, pod: `web-${n}`, ...over });
  /** Each of another workload: the same image in three places. */
  const elsewhere = (n: number, over: Partial<Alert> = {}): Alert =>
    onPod(n, { workload: `web-${n}`, ...over });

  test('of one workload is one incident from the second pod on', () => {
    const two = run([onPod(1), onPod(2)]);
    expect(two.state.open.size).toBe(1);
    expect(incidents(two)[0]).toMatchObject({
      id: 'incident-a1',
      scope: 'behaviour',
      sharedBehaviour: 'exec: exec /bin/bash ← gunicorn',
      sharedPods: 2,
      severity: 'high',
      alertCount: 2,
    });
    expect(kinds(two)).toBe('grown opened grown');
    const ten = run([3, 4, 5, 6, 7, 8, 9, 10].map((n) => onPod(n)), two.state);
    expect(ten.state.open.size).toBe(1);
    expect(incidents(ten)[0]).toMatchObject({ sharedPods: 10, severity: 'critical' });
    expect(incidents(ten)[0]?.title.en).toMatch(/^exec \/bin\/bash ← gunicorn on 10 pods of /);
    expect(ten.effects.filter(({ kind }) => kind === 'notify'))
      .toEqual([{ kind: 'notify', incidentId: 'incident-a1', reason: 'escalated' }]);
  });

  test('of several workloads of an image is one incident from the third pod on', () => {
    const two = run([elsewhere(1), elsewhere(2)]);
    expect(two.state.open.size).toBe(2);
    const three = run([elsewhere(3)], two.state);
    expect(three.state.open.size).toBe(1);
    expect(incidents(three)[0]).toMatchObject({
      id: 'incident-a1',
      scope: 'behaviour',
      sharedBehaviour: 'exec: exec /bin/bash ← gunicorn',
      severity: 'critical',
      alertCount: 3,
      eventCount: 3,
    });
    expect(three.changed.get('incident-a2')).toMatchObject({
      state: 'closed',
      closedBecause: 'merged',
      mergedInto: 'incident-a1',
    });
    expect(three.effects).toContainEqual({
      kind: 'merged',
      from: 'incident-a2',
      into: 'incident-a1',
    });
    const four = run([elsewhere(4), elsewhere(2, { id: 'b', behaviours: [] })], three.state);
    expect(four.state.open.size).toBe(1);
    expect(incidents(four)[0]).toMatchObject({ alertCount: 5 });
  });

  test('placement follows a merge within the same call', () => {
    const result = run([elsewhere(1), elsewhere(2), elsewhere(3)]);
    expect([...result.placed.values()].map(({ incidentId }) => incidentId))
      .toEqual(['incident-a1', 'incident-a1', 'incident-a1']);
  });

  test('is not shared between images, workloads of two names, or clusters', () => {
    const image = { repository: 'other', tag: '', digest: '' };
    expect(run([elsewhere(1), elsewhere(2), elsewhere(3, { image })]).state.open.size).toBe(3);
    expect(run([elsewhere(1), elsewhere(2), elsewhere(3, { cluster: 'c2' })]).state.open.size)
      .toBe(3);
    expect(run([onPod(1), onPod(2, { namespace: 'test' })]).state.open.size).toBe(2);
    const other = [aBehaviour({ value: 'exec /bin/nc ← sh' })];
    expect(run([onPod(1), onPod(2, { behaviours: other })]).state.open.size).toBe(2);
  });

  test('more than a window apart is not, unless others lie between', () => {
    const late = (n: number, second: number): Alert =>
      onPod(n, { firstTime: at(second), lastTime: at(second) });
    const nowMs = NOW + 2_000_000;
    const apart = run([late(1, 0), late(2, 1_100)], emptyState, nowMs);
    expect(apart.state.open.size).toBe(2);
    // The one between came last.
    expect(run([late(3, 550)], apart.state, nowMs).state.open.size).toBe(1);
  });
});

/** Alerts of several pods, workloads and images over half an hour, some sharing behaviours. */
const ofManyPods = fc.uniqueArray(
  fc.record({
    id: fc.stringMatching(/^[a-z]{1,6}$/),
    pod: fc.integer({ min: 1, max: 7 }),
    second: fc.integer({ min: 0, max: 1_800 }),
    lasts: fc.integer({ min: 0, max: 60 }),
    behaviours: fc.subarray(['x', 'y', 'z'], { minLength: 1 }),
    severity: fc.constantFrom('low', 'medium', 'high', 'critical'),
    score: fc.integer({ min: 0, max: 100 }),
  }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 24 },
).map((rows) =>
  rows.map(({ id, pod, second, lasts, behaviours, severity, score }) =>
    anAlert({
      id,
      podUid: `uid-${pod}`,
      pod: `pod-${pod}`,
      workload: pod <= 3 ? 'web' : `job-${pod}`,
      image: { repository: pod === 7 ? 'other' : 'shop/web', tag: '', digest: '' },
      firstTime: at(second),
      lastTime: at(second + lasts),
      behaviours: behaviours.map((value) => aBehaviour({ value })),
      severity: severity as Alert['severity'],
      score,
    })));

describe('which alerts end up together', () => {
  const nowMs = NOW + 3_600_000;
  /** By their content: which of them was opened first is another question. */
  const groups = (open: Iterable<Incident>): readonly unknown[] =>
    [...open]
      .map((incident) => {
        const { id: _, revision: __, notifiedAtMs: ___, ...rest } = incident;
        return rest;
      })
      .toSorted((a, b) => (JSON.stringify(a.alerts) < JSON.stringify(b.alerts) ? -1 : 1));

  test('is the same for any order of arrival, in one call or in many, over restarts', () => {
    fc.assert(fc.property(
      ofManyPods.chain((alerts) =>
        fc.tuple(
          fc.constant(alerts),
          fc.shuffledSubarray(alerts, { minLength: alerts.length }),
          fc.array(fc.boolean(), { minLength: alerts.length, maxLength: alerts.length }),
        )),
      ([alerts, shuffled, restarts]) => {
        const once = run(alerts, emptyState, nowMs);
        let state = emptyState;
        const where = new Map<string, string>();
        shuffled.forEach((alert, index) => {
          const result = run([alert], state, nowMs);
          for (const [id, { incidentId }] of result.placed) where.set(id, incidentId);
          for (const { id, mergedInto } of result.changed.values()) {
            if (mergedInto === '') continue;
            for (const [alertId, at_] of where) if (at_ === id) where.set(alertId, mergedInto);
          }
          state = restarts[index] === true
            ? restoreState([...result.state.open.values()], settings.windowMs)
            : result.state;
        });
        expect(groups(state.open.values())).toEqual(groups(once.state.open.values()));
        // Where each alert is said to be is where it is.
        for (const incident of state.open.values()) {
          for (const { id } of incident.alerts) expect(where.get(id)).toBe(incident.id);
        }
      },
    ), { numRuns: 500 });
  });

  test('and a merge loses no alert and counts none twice', () => {
    fc.assert(fc.property(ofManyPods, (alerts) => {
      const { state } = run(alerts, emptyState, nowMs);
      const all = [...state.open.values()].flatMap((incident) => incident.alerts.map(({ id }) => id));
      expect(all.toSorted()).toEqual(alerts.map(({ id }) => id).toSorted());
      const counted = [...state.open.values()].reduce((sum, { alertCount }) => sum + alertCount, 0);
      expect(counted).toBe(alerts.length);
    }));
  });
});

describe('bounds and time', () => {
  test('a flood of pods closes the longest quiet incident and says so', () => {
    const alerts = Array.from({ length: INCIDENTS_OPEN_MAX + 3 }, (_, n) =>
      anAlert({ id: `a${n}`, podUid: `u${n}`, behaviours: [] }));
    const result = run(alerts);
    expect(result.state.open.size).toBe(INCIDENTS_OPEN_MAX);
    expect(result.effects.filter(({ kind }) => kind === 'closed')).toHaveLength(3);
    expect(result.changed.get('incident-a0')).toMatchObject({ closedBecause: 'capacity' });
  });

  test('quiet incidents close by the collector’s clock', () => {
    const first = run([anAlert()]);
    expect(closeQuiet(first.state, NOW + 600_000, settings).changed.size).toBe(0);
    const closed = closeQuiet(first.state, NOW + 600_001, settings);
    expect(closed.state.open.size).toBe(0);
    expect(kinds(closed)).toBe('closed');
  });

  test('a clock far ahead or a time that is none does not glue incidents together for ever', () => {
    const wild = run([
      anAlert({ firstTime: '9999-01-01T00:00:00.000000000Z', lastTime: '9999-01-01T00:00:00Z' }),
    ]);
    const later = run(
      [anAlert({ id: 'b', firstTime: at(7_200), lastTime: at(7_200) })],
      closeQuiet(wild.state, NOW + 7_200_000, settings).state,
      NOW + 7_200_000,
    );
    expect(later.state.open.size).toBe(1);
    expect(incidents(later)[0]?.id).toBe('incident-b');
    expect(run([anAlert({ firstTime: 'x', lastTime: '\u001b[2J' })]).state.open.size).toBe(1);
  });

  test('alerts without a pod belong to their container or sensor', () => {
    const result = run([
      anAlert({ id: 'a', podUid: '', behaviours: [] }),
      anAlert({ id: 'b', podUid: '', behaviours: [] }),
      anAlert({ id: 'c', podUid: '', containerId: 'ffff', behaviours: [] }),
      anAlert({ id: 'd', kind: 'sensor', podUid: '', behaviours: [] }),
    ]);
    expect(result.state.open.size).toBe(3);
  });

  test('the state that came in is not changed', () => {
    const first = run([anAlert()]);
    const before = structuredClone([...first.state.open]);
    run([anAlert({ id: 'b' }), anAlert({ id: 'c', podUid: 'x' })], first.state);
    expect([...first.state.open]).toEqual(before);
  });

  test('the combined score grows with each alert and stays below 100', () => {
    expect(combinedScore([80])).toBe(80);
    expect(combinedScore([80, 80])).toBe(88);
    expect(combinedScore(Array.from({ length: 50 }, () => 30))).toBeLessThan(60);
    expect(combinedScore([])).toBe(0);
  });
});
