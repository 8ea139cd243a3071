import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostContainer } from './container.ts';
import { observe } from './observe.ts';
import { event } from './sample-events.ts';

const container = hostContainer();

function mapped(type: string, fields: Record<string, string> = {}, tags = ['lanner']) {
  return observe(event(0, { tags, fields: { 'evt.type': type, ...fields } }), container, 'node-a');
}

const observed = (type: string, fields: Record<string, string> = {}) => {
  const result = mapped(type, fields);
  if (!result.ok) throw new Error(result.reason);
  return result.observation;
};

test('an exec carries its lineage, its terminal and where its file came from', () => {
  const exec = observed('execve', {
    'proc.cmdline': 'ps aux',
    'proc.vpid': '12',
    'proc.aname[2]': 'gunicorn',
    'proc.aname[4]': 'not reached',
    'proc.tty': '34816',
    'user.loginuid': '-1',
    'proc.is_exe_from_memfd': 'true',
    'proc.stdin.type': 'ipv4',
  });
  expect(exec).toMatchObject({
    kind: 'exec',
    commandLine: 'ps aux',
    vpid: 12,
    ancestors: ['gunicorn'],
    tty: true,
    loginUid: -1,
    isMemfd: true,
    stdin: 'ipv4',
    probe: '',
    process: { pid: 4211, ppid: 4200, uid: 33, exe: '/usr/bin/python3.11' },
  });
});

test.each([
  ['Falco recognised it', { 'proc.is_container_liveness_probe': 'true' }, 'liveness'],
  ['its command line is the probe', { 'container.readiness_probe': 'ps aux' }, 'readiness'],
  ['the container has another probe', { 'container.liveness_probe': 'curl -f' }, ''],
  ['the container has none', { 'container.liveness_probe': 'NONE' }, ''],
])('a process is a probe when %s', (_why, fields: Record<string, string>, probe) => {
  expect(observed('execve', { 'proc.cmdline': 'ps aux', ...fields })).toMatchObject({ probe });
});

test.each([
  ['openat', { 'evt.arg.flags': 'O_RDONLY|O_CLOEXEC' }, false, false],
  ['openat', { 'evt.arg.flags': 'O_RDWR|O_CREAT' }, true, true],
  ['openat', { 'evt.arg.flags': '4097(O_WRONLY|O_CREAT)' }, true, true],
  ['openat', { 'evt.is_open_write': 'true' }, true, false],
  ['openat', { 'evt.arg.flags': 'O_RDONLY|O_CREATE_NOT' }, false, false],
  ['creat', {}, true, true],
])('%s with %o writes: %s, creates: %s', (type, fields, isWrite, isCreate) => {
  const open = observed(type, { 'fd.name': '/tmp/a', ...fields } as Record<string, string>);
  expect(open).toMatchObject({ kind: 'open', path: '/tmp/a', isWrite, isCreate });
});

test('a rename leads from its source to its target', () => {
  const fields = { 'fs.path.source': '/tmp/o', 'fs.path.target': '/usr/bin/openssl' };
  expect(observed('renameat2', fields)).toMatchObject({
    kind: 'change',
    operation: 'renameat2',
    path: '/tmp/o',
    target: '/usr/bin/openssl',
  });
});

test('a path that Falco could not resolve loses the mark and stays relative', () => {
  const fields = { 'fs.path.source': '/dev/ptmx', 'fs.path.target': '<UNKNOWN>pts/ptmx' };
  const change = observed('symlinkat', fields);
  expect(change).toMatchObject({ path: '/dev/ptmx', target: 'pts/ptmx' });
  expect(change.fields.get('fs.path.target')).toBe('<UNKNOWN>pts/ptmx');
});

test('a change by descriptor takes the path of the descriptor, deleted or not', () => {
  const fields = { 'fd.name': '/tmp/wgunicorn-qix31ea7 (deleted)' };
  expect(observed('fchmod', fields)).toMatchObject({ path: '/tmp/wgunicorn-qix31ea7' });
});

test('remote and local are told apart for connect and accept', () => {
  const ends = { 'fd.cip': '10.0.0.1', 'fd.cport': '4000', 'fd.sip': '10.0.0.2', 'fd.sport': '53' };
  expect(observed('connect', ends)).toMatchObject({
    kind: 'connect', address: '10.0.0.2', port: 53, localAddress: '10.0.0.1', localPort: 4000,
  });
  expect(observed('accept4', ends)).toMatchObject({
    kind: 'accept',
    peerAddress: '10.0.0.1',
    peerPort: 4000,
    localAddress: '10.0.0.2',
    localPort: 53,
  });
});

test('a failed connect has a result and no address', () => {
  const failed = { 'fd.name': 'NULL', 'evt.res': 'ECONNREFUSED' };
  expect(observed('connect', failed)).toMatchObject({
    address: '', port: -1, result: 'ECONNREFUSED',
  });
});

test.each([
  [{ 'fd.name': '0.0.0.0:6379', 'fd.sport': '6379' }, '0.0.0.0', 6379],
  [{ 'fd.name': ':::53' }, '::', 53],
  [{ 'evt.arg.addr': '127.0.0.1:8080' }, '127.0.0.1', 8080],
  [{ 'fd.name': 'x:99999' }, 'x', -1],
  [{}, '', -1],
])('listen with %o is on %s port %i', (fields, address, port) => {
  expect(observed('listen', fields as Record<string, string>)).toMatchObject({ address, port });
});

test('an exit has a status and a duration beyond 2^53', () => {
  const fields = { 'evt.arg.status': '-9', 'proc.duration': '9007199254740993' };
  expect(observed('procexit', fields)).toMatchObject({
    kind: 'exit', status: -9, durationNs: 9_007_199_254_740_993n,
  });
});

test('what is not telemetry is a rule match, also when it is an execve', () => {
  const result = mapped('execve', { 'proc.cmdline': 'id' }, ['T1059', 'shell']);
  expect(result).toMatchObject({ ok: true, observation: { kind: 'rule', commandLine: 'id' } });
});

test.each([
  ['no evt.type', '', {}, 'unknown-type'],
  ['a system call nobody asked for', 'getpid', {}, 'unknown-type'],
  ['an open without a path', 'openat', {}, 'no-path'],
  ['a change without a path', 'unlink', {}, 'no-path'],
])('%s is refused with its reason', (_what, type, fields, reason) => {
  expect(mapped(type, fields)).toEqual({ ok: false, reason });
});

test('any fields and any system call give an observation or a reason, never a crash', () => {
  const names = fc.constantFrom(
    'evt.type', 'fd.name', 'fs.path.source', 'fd.sport', 'fd.cport', 'proc.pid', 'proc.duration',
    'evt.arg.flags', 'proc.tty', 'evt.arg.status', 'evt.arg.addr',
  );
  const types = fc.constantFrom(
    'execve', 'open', 'rename', 'connect', 'accept', 'bind', 'procexit',
  );
  fc.assert(
    fc.property(types, fc.dictionary(names, fc.string({ unit: 'binary' })), (type, fields) => {
      const result = observe(
        event(0, { tags: ['lanner'], fields: { 'evt.type': type, ...fields } }),
        container,
        'n',
      );
      const port = result.ok && 'port' in result.observation ? result.observation.port : -1;
      expect(port).toBeGreaterThanOrEqual(-1);
      expect(port).toBeLessThanOrEqual(65_535);
    }),
  );
});
