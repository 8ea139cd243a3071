import { describe, expect, test } from 'vitest';
import type { Container, Exec } from './observation.ts';
import { resetDocument, toDocument } from './profile/document.ts';
import type { Decision } from './profile/decisions.ts';
import type { ImageProfile } from './profile/image-profile.ts';
import { exec, fromOutside, pod, read, START_MS, write } from './testing/observations.ts';
import { learnedStage, routine, SIX_PODS, Stage } from './testing/stage.ts';

const KEY = 'shop/web@sha256:shop/web:1.0';
const CURL = 'exec /usr/bin/curl as user ← web';
const GZIP = 'exec /usr/bin/gzip as user ← web';

function decision(kind: Decision['kind'], value = '', options: Partial<Decision> = {}): Decision {
  return {
    id: `${kind} ${value}`,
    kind,
    scope: 'image',
    profileKey: KEY,
    repository: 'shop/web',
    channel: 'exec',
    value,
    by: 'ana',
    at: new Date(START_MS + 50_000).toISOString(),
    why: 'looked at',
    ...options,
  };
}

function profile(stage: Stage, key = KEY): ImageProfile {
  const found = stage.baseline.profiles.get(key);
  if (found === undefined) throw new Error('no such profile');
  return found;
}

const curl = (stage: Stage, container: Container = pod({ pod: 'web-1' })): Exec =>
  exec({
    at: stage.now,
    in: container,
    exe: '/usr/bin/curl',
    pid: 300,
    commandLine: 'gzip -k access.log',
  });
const ARGS = 'args gzip -k access.log by /usr/bin/curl';

function said(stage: Stage): readonly string[] {
  return stage.loud.flatMap(({ behaviours }) => behaviours.map(({ value }) => value));
}

describe('an accepted behaviour', () => {
  test('is known at once and trusted, and after an undo it is judged again', () => {
    const accepted = learnedStage();
    const both = [decision('accept', CURL), decision('accept', ARGS)];
    expect(accepted.baseline.decide(both).ok).toBe(true);
    accepted.see(curl(accepted));
    expect(accepted.loud).toEqual([]);
    expect(accepted.baseline.progress()[0]).toMatchObject({ state: 'complete' });
    const undone = learnedStage();
    undone.baseline.decide(both.map((one) => ({ ...one, undoneBy: 'bo', undoneAt: one.at })));
    undone.see(curl(undone));
    expect(said(undone)).toContain(CURL);
  });

  test('of another image is not accepted here, one of the lineage is', () => {
    const stage = learnedStage();
    stage.baseline.decide([decision('accept', CURL, { profileKey: 'shop/web@sha256:other' })]);
    stage.see(curl(stage));
    expect(said(stage)).toContain(CURL);
    const lineage = learnedStage();
    const scope = { profileKey: 'shop/web@sha256:other', scope: 'lineage' } as const;
    lineage.baseline.decide([decision('accept', CURL, scope)]);
    lineage.see(curl(lineage));
    expect(said(lineage)).not.toContain(CURL);
  });

  test('on the never-learn list is let pass, by the value that the alert showed', () => {
    const stage = learnedStage();
    const dropped = exec({ at: stage.now, exe: '/tmp/tool', isUpperLayer: true, pid: 9 });
    stage.see(dropped);
    const [value] = said(stage);
    expect(value).toMatch(/^dropped-exec: /);
    const other = learnedStage();
    other.baseline.decide([decision('accept', value)]);
    other.see({ ...dropped, timeNs: exec({ at: other.now }).timeNs });
    expect(said(other)).not.toContain(value);
  });
});

describe('a rejected behaviour', () => {
  test('is raised every time, on every pod, though the profile holds it', () => {
    const stage = learnedStage();
    stage.baseline.decide([decision('reject', GZIP)]);
    for (const container of SIX_PODS.slice(0, 3)) {
      for (const o of routine(container, stage.now)) stage.see(o);
    }
    expect(stage.loud).toHaveLength(3);
    expect(said(stage)).toEqual([GZIP, GZIP, GZIP]);
    expect(stage.loud[0]?.reason.en).toContain('somebody reviewed this behaviour and rejected it');
    expect(stage.loud[0]?.reason.zh).toContain('被拒绝');
    stage.now += 60;
    for (const o of routine(SIX_PODS[0] as Container, stage.now)) stage.see(o);
    expect(stage.loud).toHaveLength(4);
  });

  test('is not learned, not even while everything else is', () => {
    const stage = new Stage();
    stage.baseline.decide([decision('reject', CURL)]);
    stage.launch(...SIX_PODS);
    stage.see(curl(stage));
    stage.pass(5);
    expect(profile(stage).channel('exec').items.has(CURL)).toBe(false);
    expect(said(stage)).toContain(CURL);
  });

  test('is raised in an operator’s session too', () => {
    const stage = learnedStage();
    stage.baseline.decide([decision('reject', 'exec /bin/sh as user ← (runtime exec)')]);
    stage.see(fromOutside({ at: stage.now, exe: '/bin/sh', pid: 800, tty: true }));
    expect(said(stage)).toContain('exec /bin/sh as user ← (runtime exec)');
  });

  test('holds under its literal name when its directory became general', () => {
    const file = (n: number): string => `/var/spool/job-${n}`;
    const see = (stage: Stage): void => {
      for (const n of [1, 2, 3, 4]) stage.see(write(file(n), { at: stage.now }));
    };
    const stage = new Stage();
    see(stage);
    stage.pass(5);
    const { items } = profile(stage).channel('file-write');
    expect([...items.keys()]).toContain('write /var/spool/job-<N> by web');
    const channel = 'file-write' as const;
    stage.baseline.decide([decision('reject', `write ${file(3)} by web`, { channel })]);
    see(stage);
    expect(stage.loud.flatMap(({ behaviours }) => behaviours)).toMatchObject([
      { channel, value: 'write /var/spool/job-<N> by web', count: 1 },
    ]);
  });

  test('of an upgrade’s diff is raised on every pod of the new version', () => {
    const next = [1, 2, 3].map((n) => pod({ pod: `next-${n}`, tag: '2.0' }));
    const stage = learnedStage();
    stage.launch(...next);
    for (const container of next) stage.see(curl(stage, container));
    expect(stage.loud).toEqual([]);
    stage.baseline.decide([
      decision('reject', CURL, { profileKey: 'shop/web@sha256:shop/web:2.0' }),
    ]);
    for (const container of next) stage.see(curl(stage, container));
    expect(new Set(stage.loud.map((alert) => alert.pod))).toEqual(
      new Set(['next-1', 'next-2', 'next-3']),
    );
  });
});

describe('a locked profile', () => {
  test('raises what is new as a complete one does, and learns nothing until it is unlocked', () => {
    const stage = new Stage();
    stage.launch(...SIX_PODS);
    stage.pass(5);
    stage.baseline.decide([decision('lock')]);
    const other = pod({ pod: 'web-2' });
    stage.see(curl(stage), read('/srv/new/file', { at: stage.now, in: other }));
    stage.pass(5);
    expect(said(stage)).toContain(CURL);
    expect(profile(stage).channel('file-read').items.has('read /srv/new/file by web')).toBe(false);
    expect(profile(stage).lockedOut).toBeGreaterThan(0);
    stage.baseline.decide([]);
    stage.pass(30);
    stage.see(read('/srv/new/file', { at: stage.now, in: other }));
    stage.pass(5);
    expect(profile(stage).channel('file-read').items.has('read /srv/new/file by web')).toBe(true);
  });

  test('still counts what it knows', () => {
    const stage = learnedStage();
    stage.baseline.decide([decision('lock')]);
    const before = profile(stage).windows;
    stage.pass(10);
    expect(profile(stage).windows).toBeGreaterThan(before);
    expect(stage.loud).toEqual([]);
  });

  test('takes what a person accepts', () => {
    const stage = learnedStage();
    stage.baseline.decide([decision('lock'), decision('accept', CURL)]);
    stage.see(curl(stage));
    expect(said(stage)).not.toContain(CURL);
  });
});

describe('a reset', () => {
  test('forgets what was learned before it, and learns anew', () => {
    const stage = learnedStage();
    stage.baseline.decide([decision('reset')]);
    expect(stage.baseline.progress()[0]).toMatchObject({ state: 'learning', pods: 0 });
    expect(profile(stage).channel('exec').items.size).toBe(0);
    stage.pass(3);
    expect(profile(stage).channel('exec').items.has(GZIP)).toBe(true);
    expect(stage.loud).toEqual([]);
  });

  test('is done once: the same list again forgets nothing', () => {
    const stage = learnedStage();
    stage.baseline.decide([decision('reset')]);
    stage.pass(5);
    const { size } = profile(stage).channel('exec').items;
    stage.baseline.decide([decision('reset'), decision('lock')]);
    expect(profile(stage).channel('exec').items.size).toBe(size);
  });

  test('is not undone by the fleet’s old evidence, and the fleet’s new one resets here', () => {
    const stage = learnedStage();
    const old = toDocument(profile(stage));
    const there = learnedStage();
    stage.baseline.decide([decision('reset')]);
    expect(stage.baseline.adopt(KEY, old)).toEqual({ ok: true });
    expect(profile(stage).channel('exec').items.size).toBe(0);
    const reset = resetDocument(old, Date.parse(decision('reset').at));
    expect(there.baseline.adopt(KEY, reset)).toEqual({ ok: true });
    expect(profile(there).channel('exec').items.size).toBe(0);
    expect(profile(there).generation).toBe(profile(stage).generation);
  });

  test('holds for images that come only later', () => {
    const stage = new Stage();
    stage.baseline.decide([decision('reset', '', { scope: 'everywhere' })]);
    stage.launch(...SIX_PODS);
    expect(stage.baseline.takeEvidence()[0]?.document.generation).toBe(START_MS + 50_000);
  });
});

test('a list that is not valid changes nothing', () => {
  const stage = learnedStage();
  stage.baseline.decide([decision('accept', CURL)]);
  const outcome = stage.baseline.decide([{ ...decision('reject', CURL), kind: 'maybe' }]);
  expect(outcome).toMatchObject({ ok: false });
  stage.see(curl(stage));
  expect(said(stage)).not.toContain(CURL);
});
