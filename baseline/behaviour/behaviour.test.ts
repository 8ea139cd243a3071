import { describe, expect, test } from 'vitest';
import type { Observation } from '../observation.ts';
import {
  accept,
  change,
  connect,
  exec,
  exit,
  fromOutside,
  listen,
  privileged,
  read,
  ruleMatch,
  start,
  write,
} from '../testing/observations.ts';
import { behavioursOf, behaviourText, type AddressBook } from './behaviour.ts';
import { isRuntimeProgram, isRuncStage, processRole } from './process-role.ts';

const NOBODY: AddressBook = () => null;

function texts(o: Observation, addressBook: AddressBook = NOBODY): readonly string[] {
  return behavioursOf(o, addressBook).map((b) => `${b.channel}: ${behaviourText(b, b.object)}`);
}

describe.each([
  [
    'a program says who started it, as whom, and with which arguments',
    exec({ exe: '/usr/bin/find', parent: 'sh', uid: 0, commandLine: 'find / -mtime 3' }),
    ['exec: exec /usr/bin/find as root ← sh', 'exec: args find / -mtime <N> by /usr/bin/find'],
  ],
  [
    'an entry point is started by nobody inside',
    start({ uid: 1000 }),
    ['exec: exec /usr/sbin/web as user ← (entry point)', 'exec: args web by /usr/sbin/web'],
  ],
  [
    'what the runtime starts from outside says so, whatever the runtime is',
    fromOutside({ exe: '/bin/sh', parent: 'crun' }),
    ['exec: exec /bin/sh as user ← (runtime exec)', 'exec: args sh by /bin/sh'],
  ],
  [
    'a program whose parent nobody knows says that',
    exec({ parent: '' }),
    ['exec: exec /usr/sbin/web as user ← ?', 'exec: args web by /usr/sbin/web'],
  ],
  ['reading', read('/a/b'), ['file-read: read /a/b by web']],
  ['writing', write('/a/b'), ['file-write: write /a/b by web']],
  ['removing', change('unlinkat', '/a'), ['file-change: remove /a by web']],
  ['changing rights', change('fchmodat', '/a'), ['file-change: chmod /a by web']],
  [
    'a call without a word of its own',
    change('truncate', '/a'),
    ['file-change: truncate /a by web'],
  ],
  [
    'moving a file puts one in place: that is a write as well',
    change('renameat2', '/tmp/x', { target: '/usr/bin/y' }),
    ['file-change: rename /tmp/x by web', 'file-write: write /usr/bin/y by web'],
  ],
  [
    'linking does so too',
    change('symlinkat', '/tmp/x', { target: '/etc/y' }),
    ['file-change: link /tmp/x by web', 'file-write: write /etc/y by web'],
  ],
  [
    'a directory has no target',
    change('mkdir', '/a', { target: '/b' }),
    ['file-change: mkdir /a by web'],
  ],
  ['a connection', connect('203.0.113.5', 443), ['net: connect 203.0.113.5:443/tcp by web']],
  ['to oneself', connect('127.0.0.1', 6379), ['net: connect loopback:6379/tcp by web']],
  ['to a high port', connect('10.0.0.7', 40_000), ['net: connect 10.0.0.7:ephemeral/tcp by web']],
  ['that failed', connect('', 443), ['net: connect (failed) by web']],
  ['to no address', connect('0.0.0.0', 443), ['net: connect (failed) by web']],
  ['from outside', accept('203.0.113.5', 8080), ['net: accept outside:8080/tcp by web']],
  ['from inside', accept('10.0.0.1', 8080), ['net: accept inside:8080/tcp by web']],
  ['from oneself', accept('127.0.0.1', 8080), ['net: accept inside:8080/tcp by web']],
  ['a door', listen(8080), ['net: listen :8080/tcp by web']],
  ['a port that the kernel chose is no door', listen(0), []],
  ['a call', privileged('mount', { uid: 0 }), ['priv: mount  as root by web']],
  [
    'a refused call',
    privileged('mount', { result: 'EPERM' }),
    ['priv: mount  as user (refused) by web'],
  ],
  [
    'a call that returned a number',
    privileged('bpf', { result: '7' }),
    ['priv: bpf  as user by web'],
  ],
  ['a rule', ruleMatch('Write below etc'), ['rule: rule Write below etc by web']],
  ['an end', exit(), []],
] as const)('%s', (_name, o, expected) => {
  test('in general terms', () => {
    expect(texts(o)).toEqual(expected);
  });
});

test('an inside address is its owner where one is known, an outside one never', () => {
  const book: AddressBook = () => 'shop/db';
  expect(texts(connect('10.0.0.7', 5432), book)).toEqual(['net: connect shop/db:5432/tcp by web']);
  expect(texts(connect('203.0.113.5', 443), book)).toEqual([
    'net: connect 203.0.113.5:443/tcp by web',
  ]);
});

test('an interpreter is known by its script, and a program by its path where names differ', () => {
  const { process } = exec({ exe: '/usr/bin/python3.11', name: 'gunicorn' });
  expect(processRole(process)).toBe('python3.11(gunicorn)');
  expect(processRole({ ...process, exe: '' })).toBe('gunicorn');
  expect(processRole({ ...process, name: 'python3.11' })).toBe('python3.11');
});

test('the runtime’s programs are known by name, and nothing that only begins like one', () => {
  for (const name of ['runc', '/usr/sbin/runc', 'crun', 'conmon', 'containerd-shim-runc-v2']) {
    expect(isRuntimeProgram(name)).toBe(true);
  }
  expect(isRuncStage('runc:[2:INIT]')).toBe(true);
  for (const name of ['runcible', 'web', '', 'conmon2', 'runc2']) {
    expect(isRuntimeProgram(name)).toBe(false);
  }
});
