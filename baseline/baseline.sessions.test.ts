import { describe, expect, test } from 'vitest';
import type { Exec, Observation } from './observation.ts';
import { connect, exec, fromOutside, pod, read, ruleMatch, write } from './testing/observations.ts';
import { learnedStage, Stage } from './testing/stage.ts';

const WEB_1 = pod({ pod: 'web-1' });

function bash(at: number): Exec {
  return fromOutside({ at, exe: '/bin/bash', pid: 700, tty: true, uid: 0, commandLine: 'bash' });
}

/** A command typed in that shell. */
function typed(at: number, program: string, commandLine: string, pid = 701): Exec {
  return exec({ at, exe: program, pid, ppid: 700, parent: 'bash', uid: 0, tty: true, commandLine });
}

function curious(at: number): readonly Observation[] {
  return [
    typed(at, '/usr/bin/id', 'id'),
    typed(at, '/usr/bin/find', 'find / -name x', 702),
    read('/var/spool/secret.txt', { at, pid: 702, ppid: 700, exe: '/usr/bin/find' }),
    write('/tmp/notes', { at, pid: 703, ppid: 700, exe: '/bin/bash' }),
    typed(at, '/usr/bin/vim', 'vim /tmp/notes', 704),
  ];
}

describe.each([
  ['of an image that is complete', learnedStage],
  ['of an image that is still learned', () => new Stage()],
])('an operator’s interactive session %s', (_name, stageOf) => {
  test('is one informational alert, whatever is typed in it', () => {
    const stage = stageOf();
    stage.see(bash(stage.now), ...curious(stage.now));
    stage.pass(5);
    expect(stage.loud).toEqual([]);
    expect(stage.alerts).toHaveLength(1);
    expect(stage.alerts[0]).toMatchObject({
      kind: 'session',
      severity: 'informational',
      score: 0,
      pod: 'web-1',
      techniques: ['T1609'],
    });
    expect(stage.alerts[0]?.reason).toEqual({
      en: 'an operator ran an interactive session in shop/web: bash · id · find / -name x · vim /tmp/notes',
      zh: '运维人员在 shop/web 中执行了交互会话：bash · id · find / -name x · vim /tmp/notes',
    });
  });

  test('stays one alert when the operator goes for a coffee', () => {
    const stage = stageOf();
    stage.see(bash(stage.now));
    for (let pause = 0; pause < 4; pause += 1) {
      stage.pass(60);
      stage.see(...curious(stage.now));
    }
    stage.pass(2);
    expect(stage.alerts.map((alert) => alert.kind)).toEqual(['session']);
    expect(stage.alerts[0]?.reason.en).toContain('(+');
  });

  test('is told at once, and its growth as revisions of the same alert', () => {
    const stage = stageOf();
    stage.see(bash(stage.now));
    expect(stage.revisions).toHaveLength(1);
    stage.now += 2;
    stage.see(...curious(stage.now));
    expect(stage.revisions.map((alert) => alert.revision)).toEqual([1, 2]);
  });

  test('teaches the image nothing', () => {
    const stage = stageOf();
    stage.see(bash(stage.now), ...curious(stage.now));
    stage.pass(5);
    const profile = stage.baseline.profiles.get('shop/web@sha256:shop/web:1.0');
    const names = [...(profile?.channel('exec').items.keys() ?? [])];
    expect(names.filter((name) => /find|vim|bash/.test(name))).toEqual([]);
  });

  test('raises what is on the never-learn list', () => {
    const stage = stageOf();
    stage.see(
      bash(stage.now),
      read('/root/.ssh/id_rsa', { at: stage.now, exe: '/bin/cat', pid: 705, ppid: 700 }),
    );
    expect(stage.loud).toHaveLength(1);
    expect(stage.loud[0]?.reason.en).toContain('the file holds credentials');
    expect(stage.alerts).toHaveLength(2);
  });
});

test('a connection outwards out of a session is judged like any other', () => {
  const stage = learnedStage();
  stage.see(bash(stage.now), connect('198.51.100.9', 443, { at: stage.now, pid: 705, ppid: 700 }));
  expect(stage.loud).toHaveLength(1);
  expect(stage.loud[0]?.behaviours[0]?.channel).toBe('net');
});

test('a connection to the pod itself out of a session is not', () => {
  const stage = learnedStage();
  stage.see(bash(stage.now), connect('127.0.0.1', 8080, { at: stage.now, pid: 705, ppid: 700 }));
  expect(stage.loud).toEqual([]);
});

test('Falco’s rule about the session’s terminal says nothing more, a critical one does', () => {
  const stage = learnedStage();
  const rule = { at: stage.now, pid: 700, ppid: 9_000, commandLine: 'bash' };
  stage.see(bash(stage.now), ruleMatch('Terminal shell in container', rule));
  stage.see(ruleMatch('Terminal first', { at: stage.now, fields: { 'proc.tty': '34816' } }));
  expect(stage.loud).toEqual([]);
  stage.see(ruleMatch('Drop and execute new binary', { ...rule, priority: 'critical' }));
  expect(stage.loud).toHaveLength(1);
});

test('two sessions are two alerts', () => {
  const stage = learnedStage();
  stage.see(bash(stage.now));
  stage.now += 1;
  stage.see({ ...bash(stage.now), process: { ...bash(0).process, pid: 800 } });
  expect(stage.alerts.map((alert) => alert.kind)).toEqual(['session', 'session']);
});

describe('a command from outside without a terminal', () => {
  const isReady = (at: number, pid: number): Exec =>
    fromOutside({ at, pid, exe: '/usr/bin/pg_isready', commandLine: 'pg_isready -p 5432' });

  test('is told when it was not repeated in time', () => {
    const stage = learnedStage();
    stage.see(isReady(stage.now, 900));
    expect(stage.alerts).toEqual([]);
    stage.pass(58);
    expect(stage.alerts).toEqual([]);
    stage.pass(5);
    expect(stage.alerts).toHaveLength(1);
    expect(stage.alerts[0]).toMatchObject({ kind: 'session', severity: 'informational' });
    expect(stage.alerts[0]?.reason.en).toBe(
      'an operator ran a command in shop/web: pg_isready -p 5432',
    );
    stage.pass(200);
    expect(stage.alerts).toHaveLength(1);
  });

  test('is a probe when it comes three times, is learned and never told', () => {
    const stage = new Stage();
    stage.pass(5, [WEB_1]);
    for (let run = 0; run < 20; run += 1) {
      stage.see(isReady(stage.now, 900 + run));
      stage.pass(10, [WEB_1]);
    }
    expect(stage.alerts).toEqual([]);
    const profile = stage.baseline.profiles.get('shop/web@sha256:shop/web:1.0');
    const names = [...(profile?.channel('exec').items.keys() ?? [])];
    expect(names).toContain('exec /usr/bin/pg_isready as user ← (runtime exec)');
  });

  test('that is a probe elsewhere raises nothing in another pod of the image', () => {
    const stage = learnedStage();
    for (let run = 0; run < 5; run += 1) {
      stage.see(isReady(stage.now, 900 + run));
      stage.pass(10);
    }
    const other = isReady(stage.now, 950);
    stage.see({ ...other, container: pod({ pod: 'web-2' }) });
    stage.pass(120);
    expect(stage.alerts).toEqual([]);
  });

  test('that Falco knows as a probe is never told, not even the first time', () => {
    const stage = learnedStage();
    stage.see({ ...isReady(stage.now, 900), probe: 'readiness' });
    stage.pass(120);
    expect(stage.alerts).toEqual([]);
  });

  test('that goes on for long is one alert', () => {
    const stage = learnedStage();
    stage.see(fromOutside({ at: stage.now, pid: 700, exe: '/bin/sh', commandLine: 'sh loop.sh' }));
    for (let round = 0; round < 8; round += 1) {
      stage.pass(40);
      stage.see(
        exec({ at: stage.now, exe: '/bin/date', pid: 710 + round, ppid: 700, parent: 'sh' }),
      );
    }
    expect(stage.alerts.map((alert) => alert.kind)).toEqual(['session']);
  });
});

describe('who only claims to be the runtime', () => {
  test('a process that renames itself runc:[2:INIT] after an exec is judged', () => {
    const stage = learnedStage();
    const python = { exe: '/usr/bin/python3', pid: 300, commandLine: 'python3 x.py' };
    stage.see(exec({ at: stage.now, ...python }));
    const before = stage.loud[0]?.behaviours.length ?? 0;
    const name = 'runc:[2:INIT]';
    stage.now += 2;
    stage.see(connect('198.51.100.9', 443, { at: stage.now, ...python, name }));
    stage.see(read('/etc/shadow', { at: stage.now, ...python, name }));
    stage.pass(2);
    expect(stage.loud).toHaveLength(1);
    expect(stage.loud[0]?.behaviours.length).toBe(before + 2);
  });

  test('a process that calls itself runc opens no session for its children', () => {
    const stage = learnedStage();
    stage.see(exec({ at: stage.now, exe: '/usr/bin/python3', pid: 300 }));
    stage.now += 40;
    stage.see(exec({ at: stage.now, exe: '/bin/sh', pid: 301, ppid: 300, parent: 'runc' }));
    stage.pass(2);
    expect(stage.loud).toHaveLength(2);
    expect(stage.alerts.filter((alert) => alert.kind === 'session')).toEqual([]);
  });
});
