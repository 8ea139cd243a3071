import { expect, test } from 'vitest';
import { encodeResponse } from '../../proto/falco/response-writer.ts';
import { ResponseEvents } from './falco-fields.ts';
import { RepeatedEvent } from './repeated-event.ts';
import { Repeats } from './repeats.ts';

const base: Readonly<Record<string, string>> = {
  'container.id': 'c0ffee000001', 'evt.type': 'openat', 'fd.name': '/etc/hosts',
  'evt.arg.flags': 'O_RDONLY', 'proc.name': 'app', 'proc.exepath': '/usr/bin/app',
  'proc.pid': '7', 'proc.ppid': '1', 'user.uid': '0', 'fd.num': '3',
};

const frame = (more: Readonly<Record<string, string>> = {}, tags = ['lanner']): Buffer =>
  encodeResponse({
    timeNs: 1_795_434_000_123_456_789n, priority: 7, rule: 'r', output: '', hostname: 'node-a', tags,
    source: 'syscall', fields: Object.entries({ ...base, ...more }),
  });

test('an event is remembered at the second time and recognised from then on', () => {
  const repeats = new Repeats();
  expect(repeats.find(frame())).toBeNull();
  const repeat = repeats.find(frame());
  expect(repeat).not.toBeNull();
  expect(repeats.find(frame())).toBe(repeat);
});

test('pids, descriptors and the order of fields do not matter; what is judged by does', () => {
  const repeats = new Repeats();
  repeats.find(frame());
  const repeat = repeats.find(frame());
  const shuffled = encodeResponse({
    timeNs: 2n, priority: 6, rule: 'other', output: 'x', hostname: '', tags: ['x', 'lanner'],
    source: 'syscall', fields: Object.entries({ ...base, 'proc.pid': '88', 'fd.num': '9' }).reverse(),
  });
  expect(repeats.find(shuffled)).toBe(repeat);
  expect(repeats).toMatchObject({ pid: 88, ppid: 1 });
  for (const name of Object.keys(base)) {
    if (['proc.pid', 'proc.ppid', 'fd.num', 'evt.type'].includes(name)) continue;
    const other = frame({ [name]: `${base[name]}x` });
    repeats.find(other);
    expect(repeats.find(other)).not.toBe(repeat);
  }
});

test('one byte of difference, also where the hash does not look, is another event', () => {
  const repeats = new Repeats();
  const long = (byte: string): Buffer => frame({ 'fd.name': `/srv/${byte}/a-long-name-of-a-file` });
  repeats.find(long('a'));
  const repeat = repeats.find(long('a'));
  repeats.find(long('b'));
  expect(repeats.find(long('b'))).not.toBe(repeat);
  expect(repeats.find(long('a'))).toBe(repeat);
});

test.each([
  ['without the tag', frame({}, ['other'])],
  ['of a kind that does not repeat', frame({ 'evt.type': 'execve' })],
  ['with a pid that is no number', frame({ 'proc.pid': '7x' })],
  ['with a pid of too many digits', frame({ 'proc.pid': '1234567890' })],
])('what is %s is never recognised', (_name, bytes) => {
  const repeats = new Repeats();
  expect([1, 2, 3].map(() => repeats.find(bytes))).toEqual([null, null, null]);
});

test('a pid that Falco has not is -1', () => {
  const repeats = new Repeats();
  repeats.find(frame({ 'proc.pid': '<NA>', 'proc.ppid': '' }));
  expect(repeats.find(frame({ 'proc.pid': '<NA>', 'proc.ppid': '' }))).not.toBeNull();
  expect(repeats).toMatchObject({ pid: -1, ppid: -1 });
});

test('a recognised event reads like any other, once, and lets its bytes go', () => {
  const events = new ResponseEvents();
  const whole = new ResponseEvents({ recognises: false }).decode(frame());
  events.decode(frame());
  const decoded = events.decode(frame());
  if (!decoded.ok || !whole.ok) throw new Error('it is an event');
  const { event } = decoded;
  expect(event).toBeInstanceOf(RepeatedEvent);
  expect((event as RepeatedEvent).bytes).not.toBeNull();
  const { timeNs, rule, priority, source, hostname, tags, fields } = event;
  expect({ timeNs, rule, priority, source, hostname, tags, fields }).toEqual(whole.event);
  expect((event as RepeatedEvent).bytes).toBeNull();
  expect((event as RepeatedEvent).timeMs).toBe(1_795_434_000_123);
});

test('files with names of their own push nothing out', () => {
  const repeats = new Repeats();
  repeats.find(frame());
  const repeat = repeats.find(frame());
  for (let number = 0; number < 100_000; number += 1) {
    repeats.find(frame({ 'fd.name': `/tmp/report.${number}` }));
  }
  expect(repeats.find(frame())).toBe(repeat);
});
