import { describe, expect, test } from 'vitest';
import type { FalcoEvent } from '../../../agent/source/event.ts';
import type { Label } from '../detect/recording.ts';
import { aLabel, anEvent, anExec, aRecording } from '../detect/testing.ts';
import { measureRecorded } from './recorded.ts';
import { slicesOf } from './slices.ts';

const PODS = ['web-a', 'web-b', 'web-c'];
/** What each pod does every second, and in which order an intruder does the same. */
const USUAL = ['/srv/a', '/var/b', '/opt/c', '/usr/d'];
const FOREIGN = ['/usr/d', '/srv/a', '/usr/d', '/opt/c'];

function reads(pod: string, second: number, paths: readonly string[]): FalcoEvent[] {
  return paths.map((path, index) =>
    anEvent(second + index / 100, 'openat', {
      'k8s.pod.name': pod, 'fd.name': `${path}/file`, 'evt.is_open_write': 'false',
    }, 'lanner open read'));
}

function events(foreign: (pod: string, second: number) => boolean): FalcoEvent[] {
  const all: FalcoEvent[] = PODS.map((pod) =>
    anExec(0, '/usr/sbin/nginx', { 'k8s.pod.name': pod, 'proc.vpid': '1' }));
  for (let second = 1; second < 199; second += 1) {
    for (const pod of PODS) {
      all.push(...reads(pod, second, foreign(pod, second) ? FOREIGN : USUAL));
    }
  }
  return all;
}

const ATTACK: Label = aLabel({ from: 150, to: 159, pods: ['web-b'] });
const HOW = { unit: 'pod', alphabet: 'names', order: 3 } as const;

describe('slices', () => {
  test('are what one pod did within five seconds, in order, as small numbers', () => {
    const slices = slicesOf({ events: events(() => false) }, 'pod', 'names');
    const full = slices.filter(({ symbols }) => symbols.length === 20);
    expect(full.length).toBeGreaterThan(100);
    expect(new Set(full.map(({ symbols }) => symbols.join())).size).toBe(1);
    expect(full[0]).toMatchObject({ pod: 'web-a', repository: 'registry.local/shop/web' });
  });

  test('of kinds alone do not tell one directory from another', () => {
    const symbols = slicesOf({ events: events(() => false) }, 'pod', 'kinds')
      .flatMap((slice) => slice.symbols);
    expect(new Set(symbols).size).toBe(1);
  });
});

describe('a recording', () => {
  test('in which an intruder does the usual in another order shows it', () => {
    const isForeign = (pod: string, second: number): boolean =>
      pod === 'web-b' && second >= 150 && second < 159;
    const recording = aRecording({ events: events(isForeign), labels: [ATTACK] });
    const measured = measureRecorded(recording, HOW);
    expect(measured.attacks).toBe(1);
    expect(measured.auc).toBeGreaterThan(0.8);
    expect(measured.detected.get(0)).toEqual(['a00']);
    expect(measured.bytes).toBeGreaterThan(0);
  });

  test('in which an attack looks like everything else shows nothing', () => {
    const recording = aRecording({ events: events(() => false), labels: [ATTACK] });
    const measured = measureRecorded(recording, HOW);
    expect(measured.auc).toBeLessThanOrEqual(0.5);
    expect(measured.detected.get(0)).toEqual([]);
  });

  test('counts what another pod does in the same way as false', () => {
    const isForeign = (pod: string, second: number): boolean =>
      second >= 150 && second < 159 && pod !== 'web-a';
    const recording = aRecording({ events: events(isForeign), labels: [ATTACK] });
    const measured = measureRecorded(recording, HOW);
    expect(measured.detected.get(0)).toEqual([]);
    expect(measured.detected.get(5)).toEqual(['a00']);
  });
});
