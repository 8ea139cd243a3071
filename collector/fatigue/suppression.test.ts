import { describe, expect, test } from 'vitest';

import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { isNarrow, lifetimeProblem, suppresses } from './suppression.ts';
import type { SuppressionMatch } from './suppression.ts';

const job = aBehaviour({ value: 'exec /usr/bin/find ← cron', techniques: ['T1083'] });
const shell = aBehaviour({ value: 'exec /bin/bash ← gunicorn' });
const alert = anAlert({ behaviours: [job], techniques: ['T1083'] });
const does = (match: SuppressionMatch, about = alert, includesDestructive = false): boolean =>
  suppresses({ match, includesDestructive }, about);

describe('a suppression rule', () => {
  test('matches by place, kind, channel, behaviour and technique, all of them at once', () => {
    const whole: SuppressionMatch = {
      cluster: 'c1',
      namespace: 'sh*',
      workload: 'web',
      image: 'docker.io/*/web',
      kinds: ['anomaly'],
      channels: ['exec', 'file-read'],
      behaviours: [{ kind: 'glob', value: 'exec */find ← cron' }],
      techniques: ['T1083'],
    };
    expect(does(whole)).toBe(true);
    for (const over of [
      { cluster: 'c2' },
      { namespace: 'test' },
      { workload: 'we' },
      { image: 'docker.io/web' },
      { kinds: ['rule'] as const },
      { channels: ['net'] as const },
      { behaviours: [{ kind: 'exact', value: 'exec */find ← cron' }] as const },
      { techniques: ['T1005'] },
    ]) expect({ over, does: does({ ...whole, ...over }) }).toEqual({ over, does: false });
  });

  test('matches all behaviours of an alert and not one of many', () => {
    const rule: SuppressionMatch = { behaviours: [{ kind: 'exact', value: job.value }] };
    expect(does(rule)).toBe(true);
    expect(does(rule, anAlert({ behaviours: [job, shell] }))).toBe(false);
    expect(does({ channels: ['exec'] }, anAlert({
      behaviours: [job, aBehaviour({ channel: 'net' })],
    }))).toBe(false);
    const both: SuppressionMatch = {
      behaviours: [{ kind: 'exact', value: job.value }, { kind: 'glob', value: 'exec /bin/*' }],
    };
    expect(does(both, anAlert({ behaviours: [job, shell] }))).toBe(true);
  });

  test('a technique beside those that it names is not one of them', () => {
    const two = anAlert({ behaviours: [{ ...job, techniques: ['T1083', 'T1552.001'] }] });
    expect(does({ techniques: ['T1083'] }, two)).toBe(false);
    expect(does({ techniques: ['T1083', 'T1552'] }, two)).toBe(true);
    const none = anAlert({ behaviours: [{ ...job, techniques: [] }] });
    expect(does({ techniques: ['T1083'] }, none)).toBe(false);
  });

  test('says nothing about an alert that shows nothing, or that left something out', () => {
    expect(does({ channels: ['exec'] }, anAlert({ behaviours: [] }))).toBe(false);
    expect(does({ namespace: 'shop' }, anAlert({ behaviours: [] }))).toBe(true);
    expect(does({ namespace: 'shop' }, { ...alert, behavioursDropped: 1 })).toBe(false);
    expect(does({ namespace: 'shop' }, { ...alert, behavioursDropped: 1 }, true)).toBe(false);
  });

  test('leaves the never-learn list alone unless it says so', () => {
    for (const name of ['dropped-exec', 'namespace-escape', 'credential-read', 'kernel-module']) {
      const bad = anAlert({ behaviours: [job, aBehaviour({ value: `${name}: exec /x ← sh` })] });
      expect(does({ namespace: 'shop' }, bad)).toBe(false);
      expect(does({ namespace: 'shop' }, bad, true)).toBe(true);
    }
    // A file that is called like one is none.
    const named = aBehaviour({ value: 'exec /tmp/dropped-exec: x ← sh' });
    expect(does({ namespace: 'shop' }, anAlert({ behaviours: [named] }))).toBe(true);
  });

  test('of a place does not hide that a sensor is silent, nor that a response failed', () => {
    const sensor = anAlert({ kind: 'sensor', behaviours: [] });
    expect(does({ cluster: 'c1', namespace: 'shop' }, sensor)).toBe(false);
    expect(does({ namespace: 'shop', kinds: ['sensor'] }, sensor)).toBe(true);
    const own = anAlert({ id: 'alert-of-response-1.not-effective', kind: 'rule' });
    expect(does({ namespace: 'shop' }, own, true)).toBe(false);
    const stranger = anAlert({ id: 'link-1', kind: 'sensor', behaviours: [] });
    expect(does({ namespace: 'shop', kinds: ['sensor'] }, stranger, true)).toBe(false);
  });
});

describe('a new rule', () => {
  test('names something narrow', () => {
    const wide: readonly SuppressionMatch[] = [
      {},
      { cluster: 'c1' },
      { kinds: ['anomaly'] },
      { channels: ['exec'] },
      { namespace: '*' },
      { namespace: '*a*' },
      { image: '**' },
      { behaviours: [{ kind: 'glob', value: '*' }] },
      { behaviours: [{ kind: 'exact', value: 'x' }, { kind: 'glob', value: '*/*' }] },
    ];
    expect(wide.filter(isNarrow)).toEqual([]);
    const narrow: readonly SuppressionMatch[] = [
      { namespace: 'a' },
      { workload: 'web-*' },
      { image: '*/web' },
      { techniques: ['T1083'] },
      { behaviours: [{ kind: 'exact', value: 'x' }] },
    ];
    expect(narrow.filter((match) => !isNarrow(match))).toEqual([]);
  });

  test('ends, within a year', () => {
    const day = 86_400_000;
    expect(lifetimeProblem(365 * day, 0)).toBeUndefined();
    expect(lifetimeProblem(366 * day, 0)).toBe('too-long');
    expect(lifetimeProblem(5, 5)).toBe('no-such-time');
    expect(lifetimeProblem(Number.NaN, 5)).toBe('no-such-time');
  });
});
