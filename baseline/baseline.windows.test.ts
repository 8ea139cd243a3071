import { describe, expect, test } from 'vitest';
import { Baseline } from './baseline.ts';
import { LESSONS_PER_CALL_MAX } from './judge/judge.ts';
import type { Container, Observation } from './observation.ts';
import type { ImageProfile } from './profile/image-profile.ts';
import { podHash } from './profile/pod-set.ts';
import { windowOffset } from './profile/window-offset.ts';
import { exec, pod, read, timeNs, write } from './testing/observations.ts';
import { learnedStage, routine, SIX_PODS, Stage } from './testing/stage.ts';

/** A window of the stage is one second; it is closed by time when it is a whole one behind. */

function job(name: string): Container {
  return pod({ pod: name, repository: 'batch/report', workload: 'report' });
}

function reportOf(container: Container, at: number): Observation {
  return exec({ in: container, at, exe: '/usr/bin/report', pid: 7 });
}

function profileOf(baseline: Baseline, repository: string): ImageProfile {
  const found = [...baseline.profiles.values()].find((p) => p.image.repository === repository);
  if (found === undefined) throw new Error('no such profile');
  return found;
}

const REPORT = 'exec /usr/bin/report as user ← web';

describe('a pod that says no more', () => {
  test('has its only window learned when time has passed it', () => {
    const stage = new Stage();
    stage.see(reportOf(job('r-1'), 0));
    stage.now = 1.9;
    stage.take();
    const profile = profileOf(stage.baseline, 'batch/report');
    expect(profile.channel('exec').items.has(REPORT)).toBe(false);
    stage.now = 2;
    stage.take();
    expect(profile.channel('exec').items.has(REPORT)).toBe(true);
    expect(profile.windows).toBe(1);
  });

  test('has lived one window and not the silence after it', () => {
    const stage = new Stage();
    stage.see(reportOf(job('r-1'), 0));
    for (let second = 1; second < 500; second += 1) {
      stage.now = second;
      stage.take();
    }
    expect(profileOf(stage.baseline, 'batch/report').windows).toBe(1);
  });

  test('has lived the silence when it speaks again, and nothing twice', () => {
    const stage = new Stage();
    const container = job('r-1');
    stage.see(reportOf(container, 0));
    for (let second = 1; second <= 20; second += 1) {
      stage.now = second;
      stage.take();
    }
    stage.see(reportOf(container, 20));
    const profile = profileOf(stage.baseline, 'batch/report');
    expect(profile.windows).toBe(20);
    stage.see(reportOf(container, 21));
    expect(profile.windows).toBe(21);
  });

  test('is learned by short jobs alone, pod after pod, until the image is complete', () => {
    const stage = new Stage();
    for (let index = 0; index < 400; index += 1) {
      stage.now = index;
      const container = job(`r-${index}`);
      for (const o of routine(container, stage.now)) stage.baseline.observe(o);
      stage.take();
    }
    const [progress] = stage.baseline.progress();
    expect(progress).toMatchObject({ state: 'complete' });
    expect(stage.loud).toEqual([]);
  });
});

describe('an event that comes after its window was closed', () => {
  test('is learned with the next close, and makes no window of its own', () => {
    const stage = new Stage();
    const container = job('r-1');
    stage.see(reportOf(container, 0));
    stage.now = 3;
    stage.take();
    const profile = profileOf(stage.baseline, 'batch/report');
    expect(profile.windows).toBe(1);
    stage.see(exec({ in: container, at: 0.5, exe: '/usr/bin/late', pid: 8 }));
    stage.now = 6;
    stage.take();
    expect(profile.channel('exec').items.has('exec /usr/bin/late as user ← web')).toBe(true);
    expect(profile.windows).toBe(1);
  });
});

test('weak evidence beyond the budget raises without a further event', () => {
  const told = (isFollowed: boolean): Stage => {
    const stage = learnedStage({ falseAlarmsPerDay: 350_000 });
    const [container] = SIX_PODS;
    const files = Array.from({ length: 10 }, (_, n) =>
      write(`/srv/odd-${n}/data`, {
        in: container as Container,
        at: stage.now,
        exe: `/opt/tool${n}`,
      }),
    );
    const quiet = (container as Container).podUid;
    for (const o of files) stage.baseline.observe({ ...o, isWrite: false } as Observation);
    for (let second = 0; second < 5; second += 1) {
      stage.now += 1;
      if (isFollowed) for (const o of routine(container as Container, stage.now)) stage.see(o);
      stage.take();
    }
    expect(stage.loud.every((alert) => alert.podUid === quiet)).toBe(true);
    return stage;
  };
  const silent = told(false).loud;
  expect(silent).toHaveLength(1);
  expect(silent[0]?.behaviours[0]?.value).toBe('evidence of file-read, rate');
  expect(told(true).loud).toHaveLength(1);
});

describe('a gap', () => {
  /** Of all pods, each by its own minute. */
  function windowsIn({ from, to }: { readonly from: number; readonly to: number }): number {
    let windows = 0;
    for (const { podUid } of SIX_PODS) {
      const offset = windowOffset(podHash(podUid), 1_000) / 1_000;
      windows += Math.floor(to - offset) - Math.floor(from - offset) + 1;
    }
    return windows;
  }

  function passWith(gap: { readonly from: number; readonly to: number } | null): number {
    const stage = new Stage();
    for (let second = 0; second < 30; second += 1) stage.pass(1);
    if (gap !== null) {
      stage.baseline.noteGap({ fromNs: timeNs(gap.from), toNs: timeNs(gap.to) });
    }
    for (let second = 0; second < 30; second += 1) stage.pass(1);
    return profileOf(stage.baseline, 'shop/web').windows;
  }

  test('takes the windows it covers from every pod, also when they were counted before', () => {
    const whole = passWith(null);
    for (const gap of [{ from: 30, to: 32.5 }, { from: 10, to: 19.5 }]) {
      expect(passWith(gap)).toBe(whole - windowsIn(gap));
    }
    expect(passWith({ from: 1_000, to: 2_000 })).toBe(whole);
    expect(passWith({ from: -2_000, to: -1_000 })).toBe(whole);
  });

  test('in a silence takes its part of the silence', () => {
    const stage = new Stage();
    const container = job('r-1');
    stage.see(reportOf(container, 0));
    stage.now = 10;
    stage.take();
    stage.baseline.noteGap({ fromNs: timeNs(3), toNs: timeNs(5.5) });
    stage.now = 20;
    stage.see(reportOf(container, 20));
    expect(profileOf(stage.baseline, 'batch/report').windows).toBe(17);
  });

  test('over a window that time closed makes it no unit, but what it showed is learned', () => {
    const stage = new Stage();
    stage.see(reportOf(job('r-1'), 0));
    stage.baseline.noteGap({ fromNs: timeNs(0.2), toNs: timeNs(0.3) });
    stage.now = 5;
    stage.take();
    const profile = profileOf(stage.baseline, 'batch/report');
    expect(profile.windows).toBe(0);
    expect(profile.channel('exec').items.has(REPORT)).toBe(true);
    expect(stage.baseline.progress()[0]?.coverage).toBe(0);
  });
});

describe('pods that start together', () => {
  const containers = Array.from({ length: 120 }, (_, index) => job(`r-${index}`));

  test('end their windows apart, each once a minute', () => {
    const baseline = new Baseline({ cluster: 'test', node: 'node-a' });
    const ends: number[] = [];
    for (let second = 0; second < 180; second += 1) {
      for (const container of containers) {
        baseline.observe(read('/srv/page', { in: container, at: second }));
      }
      baseline.advance(timeNs(second));
      ends.push(profileOf(baseline, 'batch/report').windows);
    }
    const inSecond = ends.map((windows, second) => windows - (ends[second - 1] ?? 0));
    // Two a second, if hashes were spread as evenly as can be.
    expect(Math.max(...inSecond)).toBeLessThan(12);
    expect((ends[119] ?? 0) - (ends[59] ?? 0)).toBe(containers.length);
    expect((ends[179] ?? 0) - (ends[119] ?? 0)).toBe(containers.length);
  });

  test('and fall silent together are learned by and by, all of them', () => {
    const files = 100;
    const baseline = new Baseline({ cluster: 'test', node: 'node-a' });
    const silent = containers.slice(0, 10);
    for (const container of silent) {
      for (let file = 0; file < files; file += 1) {
        baseline.observe(read(`/srv/page-${container.pod}-${file}`, { in: container, at: 0 }));
      }
    }
    const profile = profileOf(baseline, 'batch/report');
    const windows: number[] = [];
    while (profile.windows < silent.length && windows.length < silent.length) {
      baseline.advance(timeNs(300));
      windows.push(profile.windows);
    }
    const most = Math.ceil(LESSONS_PER_CALL_MAX / files);
    expect(windows[0]).toBe(most);
    expect(windows).toHaveLength(Math.ceil(silent.length / most));
    expect(windows.at(-1)).toBe(silent.length);
  });
});
