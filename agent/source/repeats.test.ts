import fc from 'fast-check';
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

test('no two events that differ in what is compared are one, however long their values are', () => {
  const value = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.nat(330).map((length) => 'x'.repeat(length)),
    fc.constant(undefined),
  );
  const names = ['fd.name', 'fs.path.name', 'evt.arg.flags', 'proc.exe', 'user.uid'] as const;
  const values = fc.tuple(value, value, value, value, value);
  const fieldsOf = (picked: readonly (string | undefined)[]): Record<string, string> => {
    const { 'evt.type': type, 'container.id': id } = base;
    const found: Record<string, string> = { 'evt.type': type as string, 'container.id': id as string };
    names.forEach((name, index) => {
      const text = picked[index];
      if (text !== undefined) found[name] = text;
    });
    return found;
  };
  const bytesOf = (fields: Record<string, string>): Buffer => encodeResponse({
    timeNs: 1n, priority: 7, rule: 'r', output: '', hostname: '', tags: ['lanner'],
    source: 'syscall', fields: Object.entries(fields),
  });
  let remembered = 0;
  fc.assert(
    fc.property(values, values, (left, right) => {
      const repeats = new Repeats();
      const [one, other] = [fieldsOf(left), fieldsOf(right)];
      repeats.find(bytesOf(one));
      const found = repeats.find(bytesOf(one));
      const size = Object.values(one).reduce((sum, text) => sum + Buffer.byteLength(text) + 2, 0);
      if (found === null) expect(size).toBeGreaterThan(250);
      else remembered += 1;
      repeats.find(bytesOf(other));
      const isOne = found !== null && repeats.find(bytesOf(other)) === found;
      expect(isOne).toBe(found !== null && JSON.stringify(left) === JSON.stringify(right));
      if (found !== null) expect(repeats.find(bytesOf(one))).toBe(found);
    }),
    { numRuns: 150, examples: [[['a', 'b', undefined, '', '0'], ['a', undefined, 'b', '', '0']]] },
  );
  expect(remembered).toBeGreaterThan(15);
});

test('what a full set lets go is another event\u2019s, never mistaken for it', () => {
  const repeats = new Repeats();
  const named = (number: number): Buffer => frame({ 'fd.name': `/srv/data/${number}` });
  for (const _ of [1, 2]) for (let number = 0; number < 40_000; number += 1) repeats.find(named(number));
  const found = new Map<object, number>();
  for (let number = 39_000; number < 40_000; number += 1) {
    const repeat = repeats.find(named(number));
    if (repeat === null) continue;
    expect(found.get(repeat)).toBeUndefined();
    found.set(repeat, number);
  }
  expect(found.size).toBeGreaterThan(900);
});
