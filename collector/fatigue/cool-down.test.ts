import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Alert, AlertBehaviour } from '../../baseline/alert.ts';
import type { CoolDown } from '../incident/handling.ts';
import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { FORGET_MS, coolDown, keyOf, mayCool } from './cool-down.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const medium = (over: Partial<Alert> = {}): Alert => anAlert({ severity: 'medium', ...over });

/** Alerts of other pods that do the same, one after the other, at these times. */
function told(times: readonly number[], over: (index: number) => Partial<Alert> = () => ({})) {
  const known = new Map<string, CoolDown>();
  return times.map((nowMs, index) => {
    const alert = medium({ id: `a${index}`, podUid: `uid-${index}`, ...over(index) });
    const key = keyOf(alert);
    const answer = coolDown(alert, key, known.get(key), nowMs);
    known.set(key, answer.next);
    return answer.kind;
  });
}

describe('the same again', () => {
  test('is raised after a quarter of an hour, then an hour, four, and a day', () => {
    const times = [0, 1, 15 * MINUTE - 1, 15 * MINUTE, 75 * MINUTE - 1, 75 * MINUTE,
      315 * MINUTE - 1, 315 * MINUTE, 29 * HOUR, 29 * HOUR + 15 * MINUTE, 53 * HOUR + 15 * MINUTE];
    expect(told(times)).toEqual(['raise', 'cool', 'cool', 'raise', 'cool', 'raise',
      'cool', 'raise', 'cool', 'raise', 'raise']);
  });

  test('begins anew when it was not seen for a week', () => {
    const later = FORGET_MS + HOUR;
    expect(told([0, 15 * MINUTE, later, later + 15 * MINUTE - 1, later + 15 * MINUTE]))
      .toEqual(['raise', 'raise', 'raise', 'cool', 'raise']);
  });

  test('is raised when there is far more of it', () => {
    const count = (n: number) => ({ count: n });
    expect(told([0, 1, 2, 3], (index) => count([10, 56, 57, 200][index] ?? 0)))
      .toEqual(['raise', 'cool', 'raise', 'cool']);
  });

  test('of a growing alert stays raised', () => {
    expect(told([0, 1_000, 5 * HOUR], () => ({ id: 'one' }))).toEqual(['raise', 'raise', 'raise']);
  });
});

describe('an intruder cannot hide in a cool-down:', () => {
  const first = medium();
  const other = (over: Partial<AlertBehaviour>): Alert =>
    medium({ podUid: 'uid-2', behaviours: [aBehaviour(over)] });
  const { process } = aBehaviour();

  test.each<[string, Alert]>([
    ['another argument', other({ process: { ...process, commandLine: 'bash -c id' } })],
    ['another parent', other({ process: { ...process, ancestry: ['sshd'] } })],
    ['a longer ancestry', other({ process: { ...process, ancestry: ['gunicorn', 'sh'] } })],
    ['another program', other({ process: { ...process, exe: '/tmp/bash' } })],
    ['another user', other({ process: { ...process, uid: 0 } })],
    ['another technique', other({ techniques: ['T1105'] })],
    ['another behaviour', other({ value: 'exec /bin/bash ← sh' })],
    ['one behaviour more', medium({ behaviours: [aBehaviour(), aBehaviour({ value: 'x' })] })],
    ['another channel', other({ channel: 'net' })],
    ['another workload', medium({ workload: 'api' })],
    ['another namespace', medium({ namespace: 'test' })],
    ['another image', medium({ image: { repository: 'x', tag: '', digest: '' } })],
    ['another severity', medium({ severity: 'low' })],
    ['another cluster', medium({ cluster: 'c2' })],
  ])('%s is not the same', (_, alert) => {
    expect(keyOf(alert)).not.toBe(keyOf(first));
  });

  test('another destination is not the same, another client port is', () => {
    const to = (fields: Record<string, string>): Alert =>
      other({ channel: 'net', value: 'connect outside:443/tcp by curl', fields });
    const one = { 'fd.sip': '198.51.100.7', 'fd.sport': '443', 'fd.cport': '40000' };
    expect(keyOf(to({ ...one, 'fd.cport': '40001' }))).toBe(keyOf(to(one)));
    expect(keyOf(to({ ...one, 'fd.sip': '198.51.100.8' }))).not.toBe(keyOf(to(one)));
    expect(keyOf(to({ ...one, 'fd.sport': '444' }))).not.toBe(keyOf(to(one)));
  });

  test('what differs from pod to pod and from time to time is the same', () => {
    const again = medium({
      id: 'b',
      podUid: 'uid-9',
      pod: 'web-9',
      node: 'node-9',
      containerId: 'ffff',
      firstTime: '2026-03-02T10:00:00.000000000Z',
      count: 5,
      behaviours: [aBehaviour({ count: 5, process: { ...process, pid: 9 } })],
    });
    expect(keyOf(again)).toBe(keyOf(first));
  });

  test('of high severity each pod is told', () => {
    expect(told([0, 1, 2], () => ({ severity: 'high' }))).toEqual(['raise', 'raise', 'raise']);
    expect(told([0, 1], () => ({ severity: 'high', podUid: 'one' }))).toEqual(['raise', 'cool']);
  });

  test('without a workload each place is told', () => {
    expect(told([0, 1], () => ({ workload: '' }))).toEqual(['raise', 'raise']);
  });

  test('what is critical, on the never-learn list, or not all there is never cooled', () => {
    expect(mayCool(first)).toBe(true);
    for (const over of [
      { severity: 'critical' as const },
      { behaviours: [aBehaviour({ value: 'dropped-exec: exec /tmp/x as root ← sh' })] },
      { behavioursDropped: 1 },
      { behaviours: [] },
      { kind: 'sensor' as const },
      { kind: 'session' as const },
      { id: 'alert-of-response-1.kill-loop', kind: 'rule' as const },
    ]) expect(mayCool(medium(over))).toBe(false);
  });

  test('never quiet for more than a day since it was last raised', () => {
    fc.assert(fc.property(
      fc.array(fc.integer({ min: 1, max: 6 * 3_600_000 }), { maxLength: 200 }),
      (gaps) => {
        let nowMs = 0;
        const times = [0, ...gaps.map((gap) => (nowMs += gap))];
        let raisedMs = 0;
        told(times).forEach((kind, index) => {
          const at = times[index] ?? 0;
          if (kind === 'raise') raisedMs = at;
          else expect(at - raisedMs).toBeLessThan(24 * HOUR);
        });
      },
    ), { numRuns: 50 });
  });
});
