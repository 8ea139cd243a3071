import { describe, expect, test } from 'vitest';
import type { Observation } from '../observation.ts';
import {
  accept,
  change,
  connect,
  exec,
  exit,
  listen,
  privileged,
  read,
  ruleMatch,
  write,
} from '../testing/observations.ts';
import { innateRules, isShell, isTool, type InnateName } from './innate.ts';

function names(o: Observation): readonly InnateName[] {
  return innateRules(o).map((rule) => rule.name);
}

type Case = readonly [what: string, o: Observation];

const RULES: readonly (readonly [InnateName, readonly Case[], readonly Case[]])[] = [
  [
    'memfd-exec',
    [
      ['a program from memory', exec({ isMemfd: true })],
      ['a memfd path', exec({ exe: 'memfd:x' })],
    ],
    [['a program whose name only begins like it', exec({ exe: '/usr/bin/memfd:tool' })]],
  ],
  [
    'dropped-exec',
    [['a file of the upper layer', exec({ exe: '/tmp/x', isUpperLayer: true })]],
    [['a writable file of the image', exec({ isWritable: true })]],
  ],
  [
    'shell-on-socket',
    [
      ['a shell on IPv4', exec({ exe: '/bin/sh', stdin: 'ipv4' })],
      ['any program on IPv6', exec({ stdin: 'ipv6' })],
    ],
    [
      ['a pipe through a unix socket', exec({ exe: '/bin/sh', stdin: 'unix' })],
      ['output to a connection', exec({ stdout: 'ipv4' })],
    ],
  ],
  [
    'autostart-write',
    [
      ['a cron job', write('/etc/cron.d/x')],
      ['a crontab', write('/var/spool/cron/crontabs/root')],
      ['a preloaded library', write('/etc/ld.so.preload')],
      ['a unit', write('/etc/systemd/system/x.service')],
      ['a login key', write('/home/app/.ssh/authorized_keys')],
      ['an account', write('/etc/passwd')],
      ['a right', write('/etc/sudoers.d/app')],
      ['a file moved to cron', change('rename', '/tmp/x', { target: '/etc/cron.d/x' })],
      ['rights on a cron job', change('fchmodat', '/etc/cron.d/x')],
    ],
    [
      ['reading a crontab', read('/etc/cron.d/x')],
      ['a directory called cron elsewhere', write('/srv/etc/cron.d/x')],
      ['a file called passwd elsewhere', write('/srv/etc/passwd')],
      ['a known host', write('/home/app/.ssh/known_hosts')],
      ['removing a cron job', change('unlink', '/etc/cron.d/x')],
    ],
  ],
  [
    'binary-write',
    [
      ['a program', write('/usr/bin/curl')],
      ['a program of root', write('/sbin/init')],
      ['a local program', write('/usr/local/bin/tool')],
      ['a library', write('/usr/lib/x86_64-linux-gnu/libc.so.6')],
      ['a file moved to a program', change('renameat2', '/tmp/x', { target: '/usr/bin/id' })],
      ['rights on a program', change('chmod', '/usr/bin/id')],
    ],
    [
      ['reading a library', read('/usr/lib/x86_64-linux-gnu/libc.so.6')],
      ['a data file in lib', write('/usr/lib/app/data.json')],
      ['a directory called bin elsewhere', write('/srv/bin/tool')],
      ['a program moved away', change('rename', '/usr/bin/id', { target: '/tmp/id' })],
    ],
  ],
  [
    'token-read',
    [
      ['the pod’s token', read('/var/run/secrets/kubernetes.io/serviceaccount/token')],
      ['the same by its other name', read('/run/secrets/eks.amazonaws.com/x/token')],
    ],
    [
      ['the cluster’s certificate', read('/var/run/secrets/kubernetes.io/serviceaccount/ca.crt')],
      ['a token of the application', read('/srv/run/secrets/token')],
    ],
  ],
  [
    'credential-read',
    [
      ['password hashes', read('/etc/shadow')],
      ['a private key', read('/root/.ssh/id_ed25519')],
      ['a cloud key', read('/root/.aws/credentials')],
      ['a registry login', read('/root/.docker/config.json')],
      ['a cluster login', read('/root/.kube/config')],
      ['a database password', read('/home/app/.pgpass')],
      ['a git login', read('/root/.git-credentials')],
    ],
    [
      ['the user list', read('/etc/passwd')],
      ['a public key', read('/root/.ssh/id_ed25519.pub')],
      ['the region', read('/root/.aws/config')],
      ['a shadow elsewhere', read('/srv/etc/shadow')],
    ],
  ],
  [
    'process-memory',
    [
      ['another process’ environment', read('/proc/1/environ', { pid: 44 })],
      ['another process’ memory', read('/proc/7/mem', { pid: 44 })],
      ['another process’ files', read('/proc/1/root/etc/hostname', { pid: 44 })],
    ],
    [
      ['one’s own maps', read('/proc/self/maps')],
      ['one’s own maps by number', read('/proc/44/maps', { pid: 44 })],
      ['another process’ name', read('/proc/1/comm', { pid: 44 })],
      ['another process’ load', read('/proc/1/stat', { pid: 44 })],
    ],
  ],
  [
    'metadata-service',
    [
      ['the service of most clouds', connect('169.254.169.254', 80)],
      ['on any port', connect('169.254.169.254', 8080)],
      ['of Alibaba', connect('100.100.100.200', 80)],
      ['by IPv6', connect('fd00:ec2::254', 80)],
      ['of a container service', connect('169.254.170.2', 80)],
    ],
    [
      ['a local resolver', connect('169.254.20.10', 53)],
      ['a pod of that range', connect('100.100.100.201', 80)],
    ],
  ],
  [
    'kernel-module',
    [
      ['loading', privileged('init_module')],
      ['from a file', privileged('finit_module')],
    ],
    [['a system call with such a name', privileged('init_modules')]],
  ],
  [
    'namespace-escape',
    [
      ['mounting', privileged('mount')],
      ['entering', privileged('setns')],
      ['leaving', privileged('unshare')],
      ['a handle', privileged('open_by_handle_at')],
    ],
    [['a change of user', privileged('setuid')]],
  ],
  [
    'process-injection',
    [
      ['tracing', privileged('ptrace')],
      ['writing', privileged('process_vm_writev')],
    ],
    [['its own protection', privileged('prctl')]],
  ],
  [
    'history-removed',
    [
      ['removing', change('unlink', '/root/.bash_history')],
      ['moving', change('renameat', '/root/.psql_history', { target: '/tmp/x' })],
    ],
    [
      ['making', change('mkdir', '/root/.bash_history')],
      ['a file that only ends so', change('unlink', '/root/bash_history')],
    ],
  ],
  [
    'kernel-setting-write',
    [
      ['the core pattern', write('/proc/sys/kernel/core_pattern')],
      ['a release agent', write('/sys/fs/cgroup/rdma/x/release_agent')],
      ['a sysrq', write('/proc/sysrq-trigger')],
    ],
    [
      ['reading it', read('/proc/sys/kernel/core_pattern')],
      ['a network setting', write('/proc/sys/net/core/somaxconn')],
    ],
  ],
];

describe.each(RULES)('%s', (name, attacks, nearMisses) => {
  test.each(attacks)('is raised by %s', (_what, o) => {
    expect(names(o)).toContain(name);
  });

  test.each(nearMisses)('is not raised by %s', (_what, o) => {
    expect(names(o)).not.toContain(name);
  });
});

test('every name of the list is tried here', () => {
  const raised = RULES.flatMap(([, attacks]) => attacks.flatMap(([, o]) => names(o)));
  expect([...new Set(raised)].sort()).toEqual(RULES.map(([name]) => name).sort());
});

test('what an image may do from its start is unless-known, what nobody does is always', () => {
  const modes = new Map(
    RULES.flatMap(([, attacks]) => attacks.flatMap(([, o]) => innateRules(o))).map((rule) => [
      rule.name,
      rule.mode,
    ]),
  );
  const unlessKnown = [...modes].filter(([, mode]) => mode === 'unless-known');
  expect(unlessKnown.map(([name]) => name).sort()).toEqual([
    'credential-read',
    'metadata-service',
    'namespace-escape',
    'process-injection',
    'process-memory',
    'token-read',
  ]);
});

test('every rule has a technique of ATT&CK and a score that is at least medium', () => {
  for (const [, attacks] of RULES) {
    for (const [, o] of attacks) {
      for (const rule of innateRules(o)) {
        expect(rule.score).toBeGreaterThanOrEqual(40);
        expect(rule.score).toBeLessThanOrEqual(100);
        expect(rule.techniques.length).toBeGreaterThan(0);
        for (const id of rule.techniques) expect(id).toMatch(/^T[0-9]{4}(\.[0-9]{3})?$/);
      }
    }
  }
});

test('what says nothing by itself has no rule', () => {
  const quiet = [
    accept('203.0.113.5', 443),
    listen(8080),
    exit(),
    ruleMatch('Read sensitive file untrusted', { priority: 'critical' }),
    exec({}),
    read('/srv/app/page.html'),
    write('/var/log/web/access.log'),
    connect('10.0.0.7', 5432),
  ];
  for (const o of quiet) expect(innateRules(o)).toEqual([]);
});

test('shells and tools are known by name, wherever they are', () => {
  expect([isShell('/bin/bash'), isShell('sh'), isShell('/usr/bin/bashful')]).toEqual([
    true,
    true,
    false,
  ]);
  expect([isTool('/tmp/curl'), isTool('/bin/sh'), isTool('/usr/sbin/nginx')]).toEqual([
    true,
    true,
    false,
  ]);
});
