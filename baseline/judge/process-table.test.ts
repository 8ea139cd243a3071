import { describe, expect, test } from 'vitest';
import { change, exec, fromOutside, read, ruleMatch, start } from '../testing/observations.ts';
import { PROCESSES_MAX, ProcessTable, SESSION_COMMANDS_MAX } from './process-table.ts';

const RUNC = '/usr/sbin/runc';

describe('what the runtime does while it sets a container up', () => {
  test.each(['runc:[0:PARENT]', 'runc:[1:CHILD]', 'runc:[2:INIT]'])(
    'belongs to the runtime: %s',
    (name) => {
      const table = new ProcessTable();
      const o = change('mount', '/proc', { pid: 55, name, exe: RUNC, parent: 'runc' });
      expect(table.isRuntime(o)).toBe(true);
    },
  );

  test('belongs to the runtime also where runc runs from a copy of itself in memory', () => {
    const table = new ProcessTable();
    const exe = '/memfd:runc_cloned:/proc/self/exe';
    const o = change('mount', '/proc', { pid: 55, name: 'runc:[1:CHILD]', exe, parent: 'runc' });
    expect(table.isRuntime(o)).toBe(true);
    table.exec(exec({ pid: 55, exe, isMemfd: true }));
    expect(table.isRuntime(o)).toBe(false);
  });

  test('its own exec belongs to the runtime, the program it becomes does not', () => {
    const table = new ProcessTable();
    const init = exec({ exe: RUNC, parent: 'runc', isUpperLayer: false });
    expect(table.isRuntime(init)).toBe(true);
    expect(table.isRuntime(start())).toBe(false);
    expect(table.isRuntime(fromOutside({ exe: '/bin/sh' }))).toBe(false);
  });
});

describe('what only looks like the runtime is judged', () => {
  test('a process that renamed itself after it executed something', () => {
    const table = new ProcessTable();
    table.exec(exec({ pid: 55, exe: '/usr/bin/python3' }));
    const o = read('/etc/shadow', { pid: 55, exe: '/usr/bin/python3', name: 'runc:[2:INIT]' });
    expect(table.isRuntime(o)).toBe(false);
  });

  test('a child of such a process that never executed anything', () => {
    const table = new ProcessTable();
    const o = read('/etc/shadow', { pid: 56, exe: '/usr/bin/python3', name: 'runc:[2:INIT]' });
    expect(table.isRuntime(o)).toBe(false);
  });

  test('a program called runc that was written after the start, by a parent called runc', () => {
    const table = new ProcessTable();
    const o = exec({ exe: '/tmp/runc', parent: 'runc', isUpperLayer: true });
    expect(table.isRuntime(o)).toBe(false);
  });

  test('a program called runc that a process of the container started', () => {
    const table = new ProcessTable();
    table.exec(exec({ pid: 60, exe: '/usr/bin/dockerd', name: 'dockerd' }));
    const inner = exec({ pid: 61, ppid: 60, exe: '/usr/bin/runc', parent: 'dockerd' });
    expect(table.isRuntime(inner)).toBe(false);
    table.exec(inner);
    expect(table.isRuntime(read('/etc/shadow', { pid: 61, exe: '/usr/bin/runc' }))).toBe(false);
  });
});

describe('a session', () => {
  test('opens with what the runtime starts inside from outside', () => {
    const table = new ProcessTable();
    const { opened } = table.exec(fromOutside({ exe: '/bin/bash', pid: 70, tty: true, uid: 0 }));
    expect(opened).toMatchObject({ leader: 70, tty: true, user: 0, isProbe: false });
    expect(opened?.commands).toEqual(['bash']);
  });

  test('does not open with the entry point, nor with what the entry point starts', () => {
    const table = new ProcessTable();
    expect(table.exec(start()).opened).toBeNull();
    expect(table.exec(exec({ pid: 71, ppid: 100 })).opened).toBeNull();
  });

  test('does not open under a process of the container that calls itself runc', () => {
    const table = new ProcessTable();
    table.exec(exec({ pid: 80, exe: '/usr/bin/python3' }));
    const child = exec({ pid: 81, ppid: 80, exe: '/bin/sh', parent: 'runc', vpid: 12 });
    expect(table.exec(child).opened).toBeNull();
    expect(table.sessionOf(child)).toBeNull();
  });

  test('holds its children and their children, and what replaces its leader', () => {
    const table = new ProcessTable();
    const { opened } = table.exec(fromOutside({ exe: '/bin/bash', pid: 70 }));
    const child = table.exec(exec({ exe: '/usr/bin/find', pid: 72, ppid: 70, parent: 'bash' }));
    const grandchild = table.exec(exec({ exe: '/bin/cat', pid: 73, ppid: 72, parent: 'find' }));
    const replaced = table.exec(fromOutside({ exe: '/usr/bin/psql', pid: 70 }));
    expect([child, grandchild, replaced].map((one) => one.known.session)).toEqual([
      opened,
      opened,
      opened,
    ]);
    expect([child, grandchild, replaced].map((one) => one.opened)).toEqual([null, null, null]);
    expect(opened?.commands).toEqual(['bash', 'find', 'cat', 'psql']);
  });

  test('holds a child that never executed anything, and no stranger', () => {
    const table = new ProcessTable();
    const { opened } = table.exec(fromOutside({ pid: 70 }));
    expect(table.sessionOf(read('/a', { pid: 75, ppid: 70 }))).toBe(opened);
    expect(table.sessionOf(read('/a', { pid: 76, ppid: 2 }))).toBeNull();
  });

  test('is found for a Falco rule without a pid by its command line', () => {
    const table = new ProcessTable();
    const { opened } = table.exec(fromOutside({ pid: 70, commandLine: 'bash -i' }));
    const rule = { pid: -1, ppid: -1 };
    const match = ruleMatch('Terminal shell in container', { ...rule, commandLine: 'bash -i' });
    expect(table.sessionOf(match)).toBe(opened);
    expect(table.sessionOf({ ...match, commandLine: 'sh' })).toBeNull();
  });

  test('lists a bounded number of commands and counts the rest', () => {
    const table = new ProcessTable();
    const { opened } = table.exec(fromOutside({ pid: 70 }));
    for (let n = 0; n < SESSION_COMMANDS_MAX + 9; n += 1) table.exec(exec({ pid: 71, ppid: 70 }));
    expect(opened?.commands).toHaveLength(SESSION_COMMANDS_MAX);
    expect(opened?.commandsDropped).toBe(10);
  });

  test('that Falco recognised as a probe is one', () => {
    const table = new ProcessTable();
    expect(table.exec(fromOutside({ probe: 'liveness' })).opened?.isProbe).toBe(true);
  });
});

test('ancestry goes from the parent up, as far as events told', () => {
  const table = new ProcessTable();
  table.exec(start({ pid: 100, ppid: 50 }));
  table.exec(exec({ pid: 101, ppid: 100, name: 'sh', exe: '/bin/sh', parent: 'web' }));
  table.exec(exec({ pid: 102, ppid: 101, name: 'find', exe: '/usr/bin/find', parent: 'sh' }));
  const { process } = exec({ pid: 103, ppid: 102, parent: 'find' });
  expect(table.ancestry(process)).toEqual(['find', 'sh', 'web']);
  expect(table.ancestry({ ...process, ppid: 4, parentName: 'lost' })).toEqual(['lost']);
  expect(table.ancestry({ ...process, ppid: 4, parentName: '' })).toEqual([]);
});

test('a process that is its own parent, or a circle of them, ends', () => {
  const table = new ProcessTable();
  table.exec(exec({ pid: 7, ppid: 7 }));
  table.exec(exec({ pid: 8, ppid: 9 }));
  table.exec(exec({ pid: 9, ppid: 8 }));
  expect(table.ancestry(exec({ pid: 7, ppid: 7 }).process).length).toBeLessThanOrEqual(8);
  expect(table.ancestry(exec({ pid: 8, ppid: 9 }).process).length).toBeLessThanOrEqual(8);
});

test('the table forgets the process that executed longest ago', () => {
  const table = new ProcessTable();
  for (let pid = 1; pid <= PROCESSES_MAX; pid += 1) table.exec(exec({ pid, ppid: 0 }));
  table.exec(exec({ pid: 1, ppid: 0 }));
  table.exec(exec({ pid: PROCESSES_MAX + 1, ppid: 0 }));
  expect(table.get(1)).toBeDefined();
  expect(table.get(2)).toBeUndefined();
  expect(table.get(3)).toBeDefined();
});
