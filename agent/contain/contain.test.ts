import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CommandFrame } from '../../proto/lanner/v1/frames.ts';
import { NO_MORE_RULES } from '../outbox/redact.ts';
import { ANSWERS_MAX } from './answers.ts';
import { Containment, PRUNE_MS } from './contain.ts';
import { EVIDENCE_OPEN_MAX, WATCHES_MAX } from './executor.ts';
import { registerContainMetrics } from './metrics.ts';
import type { ContainOptions } from './options.ts';
import { TURNS_MAX } from './turns.ts';
import { FakeNode, ID_A, ID_B, OWN_PID, POD_UID } from './testing/fake-node.ts';
import { commandWith, documentOf } from './testing/frames.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { observation } from './testing/observations.ts';

const START_MS = Date.UTC(2026, 0, 5);
const POD = `kubepods/burstable/pod${POD_UID}`;
const FROZEN = 'populated 1\nfrozen 1\n';
const THAWED = 'populated 1\nfrozen 0\n';

let node: FakeNode;
let clock: ManualClock;
let logged: Record<string, unknown>[];
beforeEach(() => {
  node = new FakeNode().version2();
  node.cgroup(`${POD}/${ID_A}`, [100]);
  node.process(100, { cgroup: `0::/${POD}/${ID_A}\n`, startTicks: 5_000 });
  clock = new ManualClock(START_MS);
  logged = [];
});
afterEach(() => node.remove());

function containment(over: Partial<ContainOptions> = {}): Containment {
  const write = (line: string): void => void logged.push(JSON.parse(line));
  return new Containment({
    cgroupRoot: node.cgroupRoot,
    procRoot: node.procRoot,
    freezeSecondsMax: 0,
    clock,
    ownPid: OWN_PID,
    kill: (pid) => node.process(pid, { state: 'Z', startTicks: 5_000 }),
    rules: NO_MORE_RULES,
    log: pino({ base: null }, { write }),
    isLinked: () => true,
    isSensing: () => true,
    onFrozen: () => {},
    ...over,
  });
}

const command = (told: Partial<CommandFrame> = {}): CommandFrame => commandWith(told, START_MS);
/** The kernel's part: what was asked for is so. */
const becomes = (state: string): void => node.file(`${POD}/${ID_A}/cgroup.events`, state);

test('freeze, thaw and kill-process act on the node and are counted and logged', async () => {
  const contain = containment();
  const freezing = contain.contain(command({ id: 'f' }));
  becomes(FROZEN);
  await clock.pass(100);
  expect(await freezing).toMatchObject({ outcome: 'done' });
  expect(node.read(`${POD}/${ID_A}/cgroup.freeze`)).toMatch(/^1/);
  expect(contain.counts().frozen).toBe(1);

  const thawing = contain.contain(command({ id: 't', action: 'thaw' }));
  becomes(THAWED);
  await clock.pass(100);
  expect(await thawing).toMatchObject({ outcome: 'done' });
  expect(node.read(`${POD}/${ID_A}/cgroup.freeze`)).toMatch(/^0/);
  expect(contain.counts().frozen).toBe(0);

  const kill = { id: 'k', action: 'kill-process', pid: 100, containerId: ID_A } as const;
  expect(await contain.contain(command(kill))).toMatchObject({ outcome: 'done' });
  expect(contain.counts().commands).toMatchObject({
    freeze: { done: 1, refused: 0, failed: 0 },
    thaw: { done: 1 },
    'kill-process': { done: 1 },
  });
  const received = logged.filter(({ msg }) => msg === 'command received');
  const answered = logged.filter(({ msg }) => msg === 'command answered');
  expect([received.length, answered.length]).toEqual([3, 3]);
  for (const line of [...received, ...answered]) {
    expect(line).toMatchObject({ security: true, podUid: POD_UID });
  }
});

test('a command that is sent again is not done again, and gets the first answer', async () => {
  const killed: number[] = [];
  const contain = containment({
    kill: (pid) => {
      killed.push(pid);
      node.process(pid, { state: 'Z', startTicks: 5_000 });
    },
  });
  const kill = command({ action: 'kill-process', pid: 100 });
  const first = contain.contain(kill);
  const second = contain.contain({ ...kill, deadline: '2026-01-05T00:00:59Z' });
  expect(await first).toMatchObject({ outcome: 'done' });
  expect(await second).toBe(await first);
  await clock.pass(3_600_000);
  // After the deadline as well: it was done in time.
  expect(await contain.contain(kill)).toBe(await first);
  expect(killed).toEqual([100]);
  const commands = { 'kill-process': { done: 1 } };
  expect(contain.counts()).toMatchObject({ repeated: 2, commands });
});

test('an id that stood for another command is refused', async () => {
  const contain = containment();
  void contain.contain(command({ action: 'collect-evidence' }));
  expect(await contain.contain(command({ action: 'kill-process', pid: 100 })))
    .toMatchObject({ outcome: 'refused', detail: expect.stringMatching(/^id-reused/) });
});

test('answers are kept up to a bound, and the oldest is forgotten first', async () => {
  const contain = containment();
  for (let index = 0; index <= ANSWERS_MAX; index += 1) {
    await contain.contain(command({ id: `c${index}`, podUid: 'none' }));
  }
  await contain.contain(command({ id: `c${ANSWERS_MAX}`, podUid: 'none' }));
  expect(contain.counts().repeated).toBe(1);
  await contain.contain(command({ id: 'c0', podUid: 'none' }));
  expect(contain.counts().repeated).toBe(1);
});

const past = new Date(START_MS - 1).toISOString();
test.each<[string, Partial<CommandFrame>, string]>([
  ['without an id', { id: '' }, 'malformed'],
  ['with an id without end', { id: 'x'.repeat(300) }, 'malformed'],
  ['for no pod', { podUid: '' }, 'malformed'],
  ['for a path', { podUid: '../../../etc' }, 'malformed'],
  ['for a container that is a path', { containerId: '../..' }, 'malformed'],
  ['without a deadline', { deadline: '' }, 'malformed'],
  ['with a deadline that is none', { deadline: 'soon' }, 'malformed'],
  ['with seconds that are none', { seconds: -1, action: 'watch' }, 'malformed'],
  ['that comes too late', { deadline: past }, 'too-late'],
  ['for evidence that comes too late', { deadline: past, action: 'collect-evidence' }, 'too-late'],
  ['for a watch that comes too late', { deadline: past, action: 'watch' }, 'too-late'],
  ['for a process of no time', { action: 'kill-process', observedAt: '' }, 'malformed'],
])('a command %s is refused and changes nothing', async (_, told, reason) => {
  const result = await containment().contain(command(told));
  expect(result).toMatchObject({
    outcome: 'refused',
    detail: expect.stringMatching(new RegExp(`^${reason}: `)),
  });
  expect(node.read(`${POD}/${ID_A}/cgroup.freeze`)).toBe('0\n');
});

test('commands about one pod take turns; what waits beyond its deadline is not done', async () => {
  const contain = containment();
  const frozen = contain.contain(command({ id: 'slow' }));
  const soon = new Date(START_MS + 500).toISOString();
  const waiting = contain.contain(command({ id: 'late', action: 'thaw', deadline: soon }));
  const patient = contain.contain(command({ id: 'patient', action: 'thaw' }));
  await clock.pass(5_000);
  expect(await frozen).toMatchObject({ outcome: 'failed' });
  expect(await waiting).toMatchObject({ detail: expect.stringMatching(/^too-late/) });
  expect(await patient).toMatchObject({ outcome: 'done' });
});

test('too many commands for one pod, watches or collections are refused as busy', async () => {
  const contain = containment();
  const sent = (action: CommandFrame['action'], count: number) =>
    Array.from({ length: count }, (_, index) =>
      contain.contain(command({ id: `${action}${index}`, action, seconds: 1 })));
  const busy = { outcome: 'refused', detail: expect.stringMatching(/^busy/) };
  const thaws = sent('thaw', TURNS_MAX + 1);
  expect(await thaws.at(-1)).toMatchObject(busy);
  const watches = sent('watch', WATCHES_MAX + 1);
  expect(await watches.at(-1)).toMatchObject(busy);
  const collections = sent('collect-evidence', EVIDENCE_OPEN_MAX + 1);
  expect(await collections.at(-1)).toMatchObject(busy);
  expect(await collections[0]).toMatchObject({ outcome: 'done' });
  contain.stop();
  await Promise.all(watches);
});

test('observations reach evidence and watches', async () => {
  const contain = containment();
  contain.note(observation.exec({ at: -5, commandLine: 'sh -c id' }));
  const watching = contain.contain(command({ id: 'w', action: 'watch', seconds: 30 }));
  await clock.pass(1_000);
  contain.note(observation.connect({ at: 0.9, address: '203.0.113.9' }));
  expect(documentOf(await watching)).toMatchObject({
    activity: [{ record: { what: '203.0.113.9 port 443' } }],
  });
  const evidence = await contain.contain(command({ id: 'e', action: 'collect-evidence' }));
  expect(documentOf(evidence)).toMatchObject({
    observations: [{ what: 'sh -c id' }, { what: '203.0.113.9 port 443' }],
  });
});

test('the agent promises only what it can do here', () => {
  const all = ['freeze', 'thaw', 'kill-process', 'collect-evidence', 'watch'];
  expect(containment().capabilities()).toEqual(all);
  expect(containment({ ownPid: 7 }).capabilities()).not.toContain('kill-process');
  const empty = new FakeNode();
  expect(containment({ cgroupRoot: empty.cgroupRoot }).capabilities()).not.toContain('freeze');
  empty.remove();
  const nowhere = { cgroupRoot: '/nonexistent', procRoot: '/nonexistent' };
  expect(containment(nowhere).capabilities()).toEqual(['collect-evidence', 'watch']);
});

test('while the collector is away a pod is thawed after the limit, and not before', async () => {
  let isLinked = true;
  const contain = containment({ freezeSecondsMax: 60, isLinked: () => isLinked });
  becomes(FROZEN);
  void contain.contain(command());
  await clock.pass(120_000);
  await contain.advance();
  expect(node.read(`${POD}/${ID_A}/cgroup.freeze`)).toMatch(/^1/);
  isLinked = false;
  becomes(THAWED);
  await contain.advance();
  expect(node.read(`${POD}/${ID_A}/cgroup.freeze`)).toMatch(/^0/);
  expect(contain.counts()).toMatchObject({ released: 1, frozen: 0 });
  expect(logged.some(({ msg }) => msg === 'thawed because the collector is away')).toBe(true);
});

test('what an agent before froze is found again, and thawed on command', async () => {
  becomes(FROZEN);
  const contain = containment({ freezeSecondsMax: 60, isLinked: () => false });
  contain.start();
  expect(contain.counts().frozen).toBe(1);
  await clock.pass(61_000);
  becomes(THAWED);
  await contain.advance();
  expect(contain.counts()).toMatchObject({ frozen: 0, released: 1 });
});

test('a pod that ended while it was frozen is forgotten', async () => {
  becomes(FROZEN);
  const contain = containment();
  contain.start();
  node.remove();
  await clock.pass(PRUNE_MS);
  await contain.advance();
  expect(contain.counts()).toMatchObject({ frozen: 0, released: 0 });
});

test('everything is published under constant names and labels', async () => {
  const registry = new Registry();
  const contain = containment({ onFrozen: (seconds) => tell(seconds) });
  const tell = registerContainMetrics(registry, () => contain.counts());
  becomes(FROZEN);
  await contain.contain(command());
  await contain.contain(command({ id: 'x', podUid: 'none' }));
  const text = await registry.metrics();
  expect(text).toContain('lanner_agent_commands_total{action="freeze",outcome="done"} 1');
  expect(text).toContain('lanner_agent_commands_total{action="freeze",outcome="refused"} 1');
  expect(text).toContain('lanner_agent_freeze_seconds_count 1');
  expect(text).toContain('lanner_agent_frozen_targets 1');
  expect(text).not.toContain(POD_UID);
});

test('nothing outside of the two roots is ever opened', async () => {
  const touched: string[] = [];
  const contain = containment({ onTouch: (path) => touched.push(path) });
  const ids = ['..', '../..', `${ID_A}/..`, ID_A, '/etc', '\0', ID_B];
  const actions = ['freeze', 'thaw', 'kill-process', 'collect-evidence'] as const;
  const deadline = '2027-01-01T00:00:00Z';
  let id = 0;
  for (const podUid of [...ids, POD_UID]) {
    for (const containerId of ids) {
      for (const action of actions) {
        const sent = contain.contain(
          command({ id: `c${(id += 1)}`, deadline, action, podUid, containerId, pid: 100 }),
        );
        await clock.pass(2_000);
        await sent;
      }
    }
  }
  const roots = [node.cgroupRoot, node.procRoot];
  expect(touched.length).toBeGreaterThan(0);
  expect(touched.filter((path) => !roots.some((root) => path.startsWith(root)))).toEqual([]);
});
