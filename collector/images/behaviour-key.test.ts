import { expect, test } from 'vitest';

import { behaviourText, behavioursOf } from '../../baseline/behaviour/behaviour.ts';
import { channels } from '../../baseline/alert.ts';
import { connect, exec, write } from '../../baseline/testing/observations.ts';
import { behaviourIn, behaviourKey, commonStart, directoryKey } from './behaviour-key.ts';
import type { WantedBehaviour } from './behaviour-key.ts';

const keyOf = (wanted: WantedBehaviour): string => {
  const behaviour = behaviourIn(wanted);
  if (behaviour === null) throw new Error('is no behaviour');
  return behaviourKey(behaviour);
};

test('a text is the behaviour that it was written from', () => {
  const seen = [exec({ commandLine: 'find / -perm -4000' }), connect('203.0.113.9', 443),
    connect('10.96.0.81', 8_080), write('/tmp/report.EysXcw/top.csv'), write('/etc/cron.d/x')];
  for (const behaviour of seen.flatMap((one) => [...behavioursOf(one, () => null)])) {
    const value = behaviourText(behaviour, behaviour.object);
    expect(keyOf({ channel: behaviour.channel, value })).toBe(behaviourKey(behaviour));
  }
});

test('names of one shape are one, and the shape itself is them', () => {
  const write = (path: string) => ({ channel: 'file-write' as const, value: `write ${path} by sh` });
  const keys = ['/tmp/report.EysXcw/top', '/tmp/report.racBSJ/top', '/tmp/report.<C6>/top']
    .map((path) => keyOf(write(path)));
  expect(new Set(keys).size).toBe(1);
  for (const other of ['/tmp/report.EysXcw/low', '/tmp/other.EysXcw/top', '/var/report.EysXcw/top']) {
    expect(keyOf(write(other))).not.toBe(keys[0]);
  }
  // One new file there is what an attacker writes: no name is like another.
  expect(keyOf(write('/etc/cron.d/job1'))).not.toBe(keyOf(write('/etc/cron.d/job2')));
});

test('all files of a directory are asked for with a star', () => {
  const wanted = { channel: 'file-read' as const, value: 'read /var/log/app/x.log by tail' };
  const behaviour = behaviourIn(wanted);
  if (behaviour === null) throw new Error('is no behaviour');
  expect(directoryKey(behaviour))
    .toBe(keyOf({ channel: 'file-read', value: 'read /var/log/app/* by tail' }));
  expect(directoryKey({ ...behaviour, tree: 'none' })).toBeNull();
});

test('what all texts of a key begin with is what alerts are searched by', () => {
  const start = (channel: WantedBehaviour['channel'], value: string) => {
    const behaviour = behaviourIn({ channel, value });
    return behaviour === null ? '' : commonStart(behaviour);
  };
  expect(start('file-write', 'write /tmp/report.EysXcw/a by sh')).toBe('write /tmp/');
  expect(start('file-write', 'write /tmp/report by sh')).toBe('write /tmp/report');
  expect(start('exec', 'exec /bin/sh as root ← sh')).toBe('exec /bin/sh as root');
  expect(start('net', 'connect 203.0.113.9:443/tcp by curl')).toBe('connect ');
});

test('hostile texts are no behaviour, or one, and never an error', () => {
  const values = ['', ' ', 'x', ' by ', 'exec  ← ', `write ${'/'.repeat(4_000)} by x`, 'connect ::::: by x',
    'connect <<<>:1/tcp by y', `connect ${'1.'.repeat(2_000)}:9 by z`, 'write \ud800 by \udfff'];
  for (const channel of channels) {
    for (const value of values) {
      const behaviour = behaviourIn({ channel, value });
      if (behaviour === null) continue;
      expect(typeof behaviourKey(behaviour)).toBe('string');
      expect(typeof commonStart(behaviour)).toBe('string');
    }
  }
});
