import { describe, expect, test } from 'vitest';
import { behavioursOf, type Behaviour } from '../behaviour/behaviour.ts';
import type { Observation } from '../observation.ts';
import { connect, exec, read } from '../testing/observations.ts';
import { COMPLETION_DEFAULT } from './completion.ts';
import type { Decision } from './decisions.ts';
import { ImageProfile } from './image-profile.ts';
import { PODS_MAX } from './pods.ts';
import { RATES_MAX } from './rate-book.ts';
import { NEW_PER_POD_AND_DAY } from './share.ts';
import { partOf, shouldSplit, SPLIT_WINDOWS_MIN } from './workload-split.ts';

const IMAGE = { repository: 'shop/web', tag: '1.0', digest: '' };
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

function profile(): ImageProfile {
  return new ImageProfile('shop/web:1.0', IMAGE);
}

function first(o: Observation): Behaviour {
  return behavioursOf(o, () => null)[0] as Behaviour;
}

const CURL = first(exec({ exe: '/usr/bin/curl' }));

/** Pods that were watched for `minutes`, one window a minute. */
function watch(p: ImageProfile, pods: number, minutes: number, fromMs = 0): void {
  for (let pod = 1; pod <= pods; pod += 1) {
    p.see(pod, fromMs);
    p.addWindows(pod, { fromMs, toMs: fromMs + minutes * MINUTE_MS }, minutes);
  }
}

function accepted(value: string): Decision {
  return {
    id: value, kind: 'accept', scope: 'image', profileKey: 'shop/web:1.0', repository: 'shop/web',
    channel: 'exec', value, by: 'ana', at: '2026-01-05T00:00:00Z', why: 'known',
  };
}

describe('completion', () => {
  test('counts pod-windows after the last novelty, over all pods', () => {
    const p = profile();
    watch(p, 5, 1_440);
    p.learn(CURL, 1, 1_400 * MINUTE_MS);
    const state = p.completion('exec', COMPLETION_DEFAULT, MINUTE_MS);
    expect(state).toMatchObject({ clean: 200, needed: 173, complete: true, basis: 'pods' });
    p.learn(first(exec({ exe: '/usr/bin/wget' })), 2, 1_410 * MINUTE_MS);
    expect(p.completion('exec', COMPLETION_DEFAULT, MINUTE_MS)).toMatchObject({
      clean: 150,
      needed: 242,
      complete: false,
    });
  });

  test('counts two novelties of one window as one', () => {
    const p = profile();
    watch(p, 5, 1_440);
    p.learn(CURL, 1, 1_400 * MINUTE_MS);
    p.learn(first(exec({ exe: '/usr/bin/wget' })), 2, 1_400 * MINUTE_MS + 500);
    expect(p.completion('exec', COMPLETION_DEFAULT, MINUTE_MS).needed).toBe(173);
  });

  test('is per channel', () => {
    const p = profile();
    watch(p, 5, 1_440);
    p.learn(first(connect('10.0.0.7', 1)), 1, 1_439 * MINUTE_MS);
    expect(p.completion('net', COMPLETION_DEFAULT, MINUTE_MS).complete).toBe(false);
    expect(p.completion('exec', COMPLETION_DEFAULT, MINUTE_MS).complete).toBe(true);
    expect(p.state(COMPLETION_DEFAULT, MINUTE_MS)).toBe('learning');
  });

  test('takes no notice of what a person approved, a rule exempted, or the parent knew', () => {
    const p = profile();
    watch(p, 5, 1_440);
    p.parent = profile();
    p.parent.learn(first(exec({ exe: '/usr/bin/tar' })), 1, 0);
    p.learn(first(exec({ exe: '/usr/bin/tar' })), 1, 1_439 * MINUTE_MS);
    p.learn(first(exec({ exe: '/usr/bin/probe' })), 1, 1_439 * MINUTE_MS, true);
    p.learn(CURL, 1, 1_439 * MINUTE_MS);
    expect(p.state(COMPLETION_DEFAULT, MINUTE_MS)).toBe('learning');
    p.decisions.replace([accepted('exec /usr/bin/curl as user ← web')]);
    expect(p.state(COMPLETION_DEFAULT, MINUTE_MS)).toBe('complete');
  });

  test('is called never-complete after seven times the minimum age', () => {
    const p = profile();
    watch(p, 5, 8 * 1_440);
    p.learn(CURL, 1, 8 * DAY_MS - 1);
    expect(p.state(COMPLETION_DEFAULT, MINUTE_MS)).toBe('never-complete');
  });
});

describe('coverage', () => {
  test('is the share of pods without a strong behaviour of their own', () => {
    const p = profile();
    watch(p, 4, 10);
    expect(p.coverage()).toBe(1);
    p.learn(CURL, 1, 0);
    expect(p.coverage()).toBe(0.75);
    p.learn(first(exec({ exe: '/usr/bin/wget' })), 1, 0);
    expect(p.coverage()).toBe(0.75);
    p.learn(CURL, 2, 0);
    expect(p.coverage()).toBe(0.75);
    p.learn(first(exec({ exe: '/usr/bin/wget' })), 2, 0);
    expect(p.coverage()).toBe(1);
  });

  test('takes no notice of files', () => {
    const p = profile();
    watch(p, 4, 10);
    p.learn(first(read('/only/here')), 1, 0);
    expect(p.coverage()).toBe(1);
  });
});

test('a behaviour is looked for in the version before, and before that', () => {
  const [oldest, older, newest] = [profile(), profile(), profile()];
  newest.parent = older;
  older.parent = oldest;
  oldest.learn(CURL, 1, 0);
  expect(newest.find(CURL)).toBeDefined();
  expect(newest.channel('exec').find(CURL)).toBeUndefined();
});

describe('bounds', () => {
  test('a pod teaches so much a channel and day, and goes on the next day', () => {
    const p = profile();
    const program = (n: number): Behaviour => first(exec({ exe: `/usr/bin/p${'x'.repeat(n)}` }));
    for (let n = 0; n < NEW_PER_POD_AND_DAY + 5; n += 1) p.learn(program(n), 1, 0);
    expect(p.channel('exec').items.size).toBe(NEW_PER_POD_AND_DAY);
    expect(p.channel('exec').refused).toBe(5);
    expect(p.learn(first(read('/a')), 1, 0)).not.toBeNull();
    expect(p.learn(program(900), 2, 0)).not.toBeNull();
    expect(p.learn(program(901), 1, DAY_MS)).not.toBeNull();
    expect(p.learn(program(0), 1, 0)).not.toBeNull();
  });

  test('beyond the bound the pods seen last stay', () => {
    const p = profile();
    for (let pod = 0; pod < PODS_MAX + 7; pod += 1) p.see(pod, 1_000 + pod);
    expect(p.podCount).toBe(PODS_MAX);
    expect(p.pods.own.has(6)).toBe(false);
    expect(p.pods.own.has(7)).toBe(true);
    expect(p.observations).toBe(PODS_MAX);
  });

  test('counters are bounded in number', () => {
    const p = profile();
    for (let n = 0; n < RATES_MAX + 9; n += 1) p.addRate(`connections to port ${n} by web`, 1, 1);
    expect(p.rateCount).toBe(RATES_MAX);
  });
});

test('what was not done in all the windows before counts as done nought times', () => {
  const p = profile();
  watch(p, 2, 30);
  p.addRate('files read', 1, 7);
  expect(p.rate('files read')).toEqual({ windows: 60, sum: 7, squares: 49, max: 7 });
  expect(p.rate('files written')).toBeUndefined();
});

test('a start after the image was known for a while is a restart', () => {
  const p = profile();
  for (const pod of [1, 2, 3, 4]) watch(p, pod, 10);
  p.noteStart(1, p.firstMs + 1);
  expect([p.starts, p.restarts]).toEqual([1, 0]);
  p.noteStart(2, p.firstMs + 60_000);
  p.noteStart(3, p.firstMs + 90_001);
  expect([p.starts, p.restarts]).toEqual([3, 1]);
  expect(p.knowsStartUp).toBe(false);
  p.noteStart(4, p.firstMs + 120_000);
  expect(p.knowsStartUp).toBe(true);
});

test('the revision grows when something was learned, not when something was seen again', () => {
  const p = profile();
  p.learn(CURL, 1, 0);
  const { revision } = p;
  p.learn(CURL, 1, 1);
  expect(p.revision).toBe(revision);
  p.learn(first(exec({ exe: '/usr/bin/wget' })), 1, 0);
  expect(p.revision).toBe(revision + 1);
});

describe('several applications on one image', () => {
  function two(shared: number, own: number, windows = SPLIT_WINDOWS_MIN): ImageProfile {
    const p = profile();
    for (const [pod, workload] of [
      [1, 'shop/api'],
      [2, 'shop/mail'],
    ] as const) {
      p.see(pod, 0, workload);
      p.addWindows(pod, { fromMs: 0, toMs: windows * MINUTE_MS }, windows);
      for (let n = 0; n < shared; n += 1) p.learn(first(exec({ exe: `/bin/s${n}` })), pod, 0);
      for (let n = 0; n < own; n += 1)
        p.learn(first(exec({ exe: `/bin/${workload}${n}` })), pod, 0);
    }
    return p;
  }

  test('are split when they share less than half of what they do', () => {
    expect(shouldSplit(two(1, 1))).toBe(true);
    expect(shouldSplit(two(2, 1))).toBe(false);
    expect(shouldSplit(two(5, 0))).toBe(false);
  });

  test('are not split before each had its say', () => {
    expect(shouldSplit(two(0, 5, SPLIT_WINDOWS_MIN - 1))).toBe(false);
  });

  test('leave to each part what its own pods showed', () => {
    const p = two(1, 1);
    const part = partOf(p, 'shop/api', 'shop/web:1.0#shop/api');
    const keys = [...part.channel('exec').items.keys()].sort();
    expect(keys).toEqual(['exec /bin/s0 as user ← web', 'exec /bin/shop/api0 as user ← web']);
    expect([...part.pods.own.keys()]).toEqual([1]);
    expect(part.windows).toBe(SPLIT_WINDOWS_MIN);
  });
});
