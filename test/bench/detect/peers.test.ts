import { describe, expect, test } from 'vitest';
import type { FalcoEvent } from '../../../agent/source/event.ts';
import { Collapse50 } from './collapse50.ts';
import type { Detector } from './detector.ts';
import { ExecSet } from './exec-set.ts';
import { FalcoStock } from './falco-stock.ts';
import { CollapsedPaths } from './path-collapse.ts';
import { anEvent, anExec, aRecording } from './testing.ts';

const OTHER_POD = { 'k8s.pod.name': 'web-7k4r7fk9xj-bbbbb' };
const NEW_VERSION = {
  'k8s.pod.name': 'web-dfdgdtnnr9-bbbbb',
  'container.image.tag': '1.4.3',
  'container.image.digest': 'sha256:2',
};

/** Text of each alert, with how often it was told. */
function told(detector: Detector, events: readonly FalcoEvent[]): Record<string, number> {
  const { alerts } = detector.run(events, aRecording({}));
  const ids = new Map(alerts.map((alert) => [alert.id, alert.text]));
  const counts: Record<string, number> = {};
  for (const text of ids.values()) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

describe('Falco’s stock rules', () => {
  const rule = (seconds: number, name: string, priority: FalcoEvent['priority']): FalcoEvent => ({
    ...anEvent(seconds, 'execve', {}, name),
    priority,
  });

  test('alert from notice up, and not below', () => {
    const events = [rule(110, 'Terminal shell', 'notice'), rule(111, 'Redirect', 'informational')];
    expect(told(new FalcoStock(), events)).toEqual({ 'Terminal shell': 1 });
  });

  test('fold one rule of one pod while not more than a minute lies between', () => {
    const times = [110, 160, 215, 290];
    const events = times.map((seconds) => rule(seconds, 'Write below etc', 'error'));
    expect(told(new FalcoStock(), events)).toEqual({ 'Write below etc': 2 });
  });

  test('are put to the pod of their container when the event itself has no pod', () => {
    const named = anExec(105, '/usr/bin/find');
    const bare: FalcoEvent = {
      ...rule(110, 'Write below etc', 'error'),
      fields: new Map([['container.id', 'c-web-7k4r7fk9xj-xn5cd'], ['evt.type', 'openat']]),
    };
    const { alerts } = new FalcoStock().run([named, bare]);
    expect(alerts.map((alert) => alert.pod)).toEqual(['web-7k4r7fk9xj-xn5cd']);
  });
});

describe('the exec set', () => {
  test('alerts once per pod on a path that was not run before the lock', () => {
    const events = [
      anExec(10, '/usr/bin/find'),
      anExec(120, '/usr/bin/find'),
      anExec(121, '/usr/bin/curl'),
      anExec(122, '/usr/bin/curl'),
      anExec(190, '/usr/bin/curl'),
      anExec(123, '/usr/bin/curl', OTHER_POD),
    ];
    expect(told(new ExecSet(), events)).toEqual({ 'unexpected process /usr/bin/curl': 2 });
  });

  test('keeps its lock over an upgrade, so that a new version’s programs alert', () => {
    const events = [anExec(10, '/usr/bin/find'), anExec(150, '/usr/bin/gzip', NEW_VERSION)];
    expect(told(new ExecSet(), events)).toEqual({ 'unexpected process /usr/bin/gzip': 1 });
  });

  test('counts a container’s first minute like any other', () => {
    const events = [
      anExec(10, '/usr/sbin/nginx'),
      anExec(150, '/usr/sbin/nginx', { ...NEW_VERSION, 'proc.vpid': '1' }),
      anExec(151, '/usr/bin/mkdir', NEW_VERSION),
    ];
    expect(told(new ExecSet(), events)).toEqual({ 'unexpected process /usr/bin/mkdir': 1 });
  });

  test('does not count what runc does', () => {
    const events = [anExec(10, '/usr/sbin/nginx'), anExec(150, '/usr/sbin/runc')];
    expect(told(new ExecSet(), events)).toEqual({});
  });
});

describe('the collapsing profile', () => {
  const sleeping = anExec(1, '/usr/bin/sleep');

  test('learns for its time and then alerts on new programs and new arguments', () => {
    const events = [
      sleeping,
      anExec(49, '/usr/bin/find', { 'proc.cmdline': 'find /var' }),
      anExec(60, '/usr/bin/find', { 'proc.cmdline': 'find /var' }),
      anExec(61, '/usr/bin/find', { 'proc.cmdline': 'find /' }),
      anExec(62, '/usr/bin/curl'),
    ];
    expect(told(new Collapse50(), events)).toEqual({
      'unexpected arguments: find /': 1,
      'unexpected process /usr/bin/curl': 1,
    });
  });

  test('begins anew with every rollout and sees nothing meanwhile', () => {
    const events = [sleeping, anExec(150, '/usr/bin/curl', NEW_VERSION)];
    expect(told(new Collapse50(), events)).toEqual({});
  });

  test('is shared by the pods of one replica set', () => {
    const events = [sleeping, anExec(150, '/usr/bin/sleep', OTHER_POD)];
    expect(told(new Collapse50(), events)).toEqual({});
  });

  test('does not judge a container that it saw starting by one that ran before it', () => {
    const entry = anExec(60, '/usr/bin/entry', { ...OTHER_POD, 'proc.vpid': '1' });
    expect(told(new Collapse50(), [sleeping, entry])).toEqual({});
  });

  test('alerts on unknown files in the watched directories only, and not in mounts', () => {
    const open = (path: string): FalcoEvent =>
      anEvent(60, 'openat', { 'fd.name': path, 'evt.is_open_read': 'true' }, 'lanner read');
    const paths = ['/etc/shadow', '/home/x', '/var/lib/postgresql/data/base/1', '/etc/hosts'];
    expect(told(new Collapse50(), [sleeping, ...paths.map(open)])).toEqual({
      'unexpected file access: /etc/shadow by nginx': 1,
    });
  });

  test('alerts on new public addresses, and leaves private ones out', () => {
    const connect = (address: string): FalcoEvent =>
      anEvent(60, 'connect', { 'fd.sip': address, 'fd.sport': '443', 'fd.l4proto': 'tcp' });
    const events = [sleeping, connect('203.0.113.9'), connect('10.96.0.83')];
    expect(told(new Collapse50(), events)).toEqual({
      'unexpected egress to 203.0.113.9:443/tcp': 1,
    });
  });

  test('alerts on programs that are not of the image while it still learns', () => {
    const dropped = anExec(10, '/tmp/x', { 'proc.is_exe_upper_layer': 'true' });
    expect(told(new Collapse50(), [sleeping, dropped])).toEqual({ 'not in the image: /tmp/x': 1 });
  });
});

describe('collapsed paths', () => {
  test('are literal up to fifty names in a directory and any name from the next on', () => {
    const paths = new CollapsedPaths();
    for (let n = 0; n < 50; n += 1) paths.add(`/var/log/${n}`);
    expect(paths.has('/var/log/x')).toBe(false);
    paths.add('/var/log/50');
    expect(paths.has('/var/log/x')).toBe(true);
    expect(paths.has('/var/log/7')).toBe(true);
    expect(paths.has('/var/lib/x')).toBe(false);
  });

  test('keep what was below the names that collapsed', () => {
    const paths = new CollapsedPaths();
    for (let n = 0; n < 51; n += 1) paths.add(`/data/${n}/log`);
    expect(paths.has('/data/x/log')).toBe(true);
    expect(paths.has('/data/x/secret')).toBe(false);
  });

  test('need a hundred names below /etc', () => {
    const paths = new CollapsedPaths();
    for (let n = 0; n < 60; n += 1) paths.add(`/etc/${n}`);
    expect(paths.has('/etc/shadow')).toBe(false);
    for (let n = 60; n < 101; n += 1) paths.add(`/etc/${n}`);
    expect(paths.has('/etc/shadow')).toBe(true);
  });
});
