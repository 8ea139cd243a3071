import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { anIncident, aResponse } from '../testing/records.ts';
import { normalFor, partsOf } from './known-behaviours.ts';
import { processTree } from './process-tree.ts';
import type { ProcessNode } from './process-tree.ts';
import { timelineOf } from './timeline.ts';
import { isWithin, seenFrom, touches } from '../incident/visibility.ts';
import { UNTOUCHED, stepped } from '../incident/work.ts';
import { counted } from './counts.ts';
import { IncidentDesk } from './incident-desk.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/faces.ts';
import { ManualClock } from '../testing/clock.ts';

const by = { by: 'li', atMs: 5 };

describe('the work on an incident', () => {
  test('closing acknowledges, reopening keeps who did, and nothing is done twice', () => {
    const closed = stepped(UNTOUCHED, { kind: 'close', verdict: 'benign', why: 'drill' }, by);
    if (!closed.ok) throw new Error(closed.reason);
    expect(closed.work).toMatchObject({ revision: 1, acknowledged: by, closed: { why: 'drill' } });
    expect(stepped(closed.work, { kind: 'acknowledge' }, by)).toMatchObject({ reason: 'closed' });
    expect(stepped(closed.work, { kind: 'close', verdict: 'unclear', why: 'x' }, by))
      .toMatchObject({ reason: 'already' });
    const open = stepped(closed.work, { kind: 'reopen', why: 'no' }, { by: 'mei', atMs: 9 });
    expect(open).toMatchObject({ ok: true, work: { closed: null, acknowledged: by, revision: 2 } });
    expect(stepped(UNTOUCHED, { kind: 'reopen', why: 'no' }, by))
      .toMatchObject({ reason: 'not-closed' });
    const comment = stepped(UNTOUCHED, { kind: 'comment', text: 'x' }, by);
    expect(comment).toMatchObject({ ok: true, work: UNTOUCHED });
  });

  let store: Store;
  beforeEach(async () => {
    store = await openStore({ path: ':memory:', clock: new ManualClock() });
  });
  afterEach(() => store.close());

  test('is for those who may decide where it is, and measures the time to the first of them',
    async () => {
      const clock = new ManualClock(61_001);
      const seconds: number[] = [];
      let id = 0;
      const desk = new IncidentDesk({ store, clock, newId: () => `n${id += 1}`,
        onAcknowledged: (one) => seconds.push(one) });
      const pods = ['shop', 'pay'].map((namespace) =>
        ({ namespace, pod: `${namespace}-1`, podUid: namespace, node: 'n' }));
      await store.saveCorrelation({ incidents: [anIncident({ pods, openedAtMs: 1_001 })],
        correlated: new Map(), merged: new Map(), nowMs: 1,
        fatigue: { coolDowns: [], hits: new Map(), tallies: [] } });
      const shop = { by: 'li', sees: ['shop'], decides: ['shop'], revision: 0 };
      const why = { why: 'drill', verdict: 'benign' } as const;
      expect(await desk.take('incident-1', { kind: 'acknowledge' }, { ...shop, sees: ['ops'] }))
        .toMatchObject({ reason: 'not-found' });
      expect(await desk.take('incident-1', { kind: 'acknowledge' }, { ...shop, decides: [] }))
        .toMatchObject({ reason: 'beyond-scope' });
      expect(await desk.take('incident-1', { kind: 'close', ...why }, shop))
        .toMatchObject({ reason: 'beyond-scope' });
      expect(await desk.take('incident-1', { kind: 'acknowledge' }, shop)).toMatchObject({
        ok: true,
      });
      expect(await desk.take('incident-1', { kind: 'assign', assignee: 'li' }, shop))
        .toMatchObject({ reason: 'conflict' });
      const both = { ...shop, decides: ['shop', 'pay'], sees: ['shop', 'pay'], revision: 1 };
      expect(await desk.take('incident-1', { kind: 'close', ...why }, both))
        .toMatchObject({ ok: true });
      expect(seconds).toEqual([60]);
    });
});

describe('an incident over several namespaces', () => {
  const incident = anIncident({
    namespace: 'pay',
    workload: 'secret',
    pods: [
      { namespace: 'pay', pod: 'secret-1', podUid: 'p', node: 'n' },
      { namespace: 'shop', pod: 'web-1', podUid: 's', node: 'n' },
    ],
    title: { en: 'pay/secret-1: x', zh: '' },
  });

  test('shows each their own pods and says how many more there are', () => {
    expect(touches(['shop'], incident)).toBe(true);
    expect(touches(['ops'], incident)).toBe(false);
    expect(isWithin(['shop'], incident)).toBe(false);
    expect(isWithin(['shop', 'pay'], incident)).toBe(true);
    const seen = seenFrom(['shop'], incident);
    expect(seen).toMatchObject({ namespace: 'shop', workload: '', podsDropped: 1 });
    expect(JSON.stringify(seen)).not.toContain('secret');
    expect(seenFrom('all', incident)).toBe(incident);
    expect(touches(['shop'], anIncident({ namespace: '', pods: [] }))).toBe(false);
  });
});

describe('the process tree', () => {
  const process = (pid: number, name: string, ...ancestry: string[]) =>
    ({ pid, name, exe: `/bin/${name}`, commandLine: name, uid: 0, ancestry });
  const alert = (id: string, ...all: readonly [ReturnType<typeof process>, number?][]) =>
    anAlert({
      id,
      process: all[0]?.[0] ?? process(1, 'x'),
      behaviours: all.map(([one, ppid]) => aBehaviour({
        value: `exec /bin/${one.name} ← ${one.ancestry[0] ?? ''}`,
        process: one,
        fields: ppid === undefined ? {} : { 'proc.ppid': String(ppid) },
      })),
    });
  const shape = (nodes: readonly ProcessNode[]): unknown =>
    nodes.map(({ name, pid, children }) => [name, pid, shape(children)]);

  test('hangs each under its parent, by pid where it is known and by names where not', () => {
    const tree = processTree([
      alert('a', [process(10, 'bash', 'gunicorn', 'tini')], [process(11, 'nc', 'bash', 'gunicorn'),
        10]),
      alert('b', [process(12, 'curl', 'gunicorn', 'tini')]),
    ]);
    expect(shape(tree)).toEqual([
      ['tini', null, [['gunicorn', null, [['bash', 10, [['nc', 11, []]]], ['curl', 12, []]]]]],
    ]);
  });

  test('is no loop, however processes name each other, and is bounded', () => {
    const loop = processTree([
      alert('a', [process(1, 'a', 'b'), 2], [process(2, 'b', 'a'), 1], [process(3, 'c', 'c'), 3]),
    ]);
    expect(JSON.stringify(shape(loop))).toContain('"a"');
    const many = Array.from({ length: 2_000 }, (_, n) => alert(`m${n}`, [process(n, `p${n}`)]));
    expect(processTree(many).length).toBe(300);
  });
});

describe('what would have been normal', () => {
  const known = ['exec /bin/ls as root ← gunicorn', 'exec /usr/bin/python3 as user ← gunicorn',
    'args python3 -c <X> by /usr/bin/python3', 'exec /bin/sh as root ← cron']
    .map((value, pods) =>
      ({ channel: 'exec' as const, value, pods, firstTime: '', lastTime: '' }));

  test('is what the same actor is known to do, the most alike first', () => {
    const normal = normalFor({ channel: 'exec', value: 'exec /bin/bash as root ← gunicorn' }, known);
    expect(normal.actor).toBe('gunicorn');
    expect(normal.known.map(({ value }) => value)).toEqual([known[0]?.value, known[1]?.value]);
    expect(normal.knownTotal).toBe(2);
  });

  test('takes no part of a hostile name for the actor', () => {
    expect(partsOf('exec /tmp/x ← init ← nginx')).toEqual(
      { verb: 'exec', object: '/tmp/x ← init', actor: 'nginx' });
    expect(partsOf('write /tmp/a by b by nginx').actor).toBe('nginx');
    expect(partsOf('').actor).toBe('');
  });
});

test('the timeline is in order of time, whoever wrote how many digits', () => {
  const { items } = timelineOf({
    alerts: [{ number: 1, incidentId: 'i', receivedAtMs: 1, handling: { kind: 'none' },
      alert: anAlert({ revision: 2, lastTime: '2026-03-01T10:00:09.000000000Z', behaviours: [
        aBehaviour({ time: '2026-03-01T10:00:00.500000001Z' }),
        aBehaviour({ time: '2026-03-01T09:59:59.000000000Z' }),
      ] }) }],
    gaps: [{ number: 1, cluster: 'c1', node: 'n', from: '2026-03-01T10:00:00.5Z',
      to: '2026-03-01T10:00:01Z', cause: 'falco-drop', eventsEstimate: 3, receivedAtMs: 1 }],
    responses: [aResponse({ proposedAtMs: Date.parse('2026-03-01T10:00:05Z') })],
    notes: [{ id: 'n', kind: 'comment', by: 'li', atMs: Date.parse('2026-03-01T10:00:07Z'),
      text: 'hm' }],
    decisions: [],
  });
  expect(items.map(({ kind }) => kind))
    .toEqual(['finding', 'gap', 'finding', 'response', 'comment', 'revision']);
});

test('counts by technique may add up to more than the alerts, and the rest is said', () => {
  const rows = Array.from({ length: 60 }, (_, n) => ({ atMs: 0, key: `k${n}`, count: 60 - n }));
  const result = counted(rows, [{ atMs: 0, key: '', count: 7 }, { atMs: 0, key: '', count: 1 }]);
  expect(result).toMatchObject({ total: 8, buckets: [{ atMs: 0, count: 8 }], other: 55 });
  expect(result.groups[0]).toMatchObject({ key: 'k0', count: 60 });
});
