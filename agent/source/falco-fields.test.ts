import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FIELDS_MAX, TAGS_MAX } from '../../proto/falco/response-reader.ts';
import type { FalcoText } from '../../proto/falco/response-writer.ts';
import { encodeResponse } from '../../proto/falco/response-writer.ts';
import { eventLines, falcoFrames } from '../../test/fixtures/falco/frames.ts';
import type { FalcoEvent } from './event.ts';
import { JsonEvents, LINE_BYTES_MAX, ResponseEvents } from './falco-fields.ts';
import { TEXT_BYTES_MAX } from './text.ts';

const base = {
  hostname: 'node-a',
  output_fields: { 'proc.name': 'sh' },
  priority: 'Warning',
  rule: 'r',
  source: 'syscall',
  tags: ['a'],
  time: '2026-11-23T11:35:01.495234847Z',
};
const lineOf = (changes: object): string => JSON.stringify({ ...base, ...changes });
const eventOf = (line: string): FalcoEvent => {
  const decoded = new JsonEvents().decode(line);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.event;
};
const outcome = (line: string): string => {
  const decoded = new JsonEvents().decode(line);
  return decoded.ok ? 'accepted' : decoded.reason;
};

const priorityNumbers = new Map(
  ['Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', 'Debug'].map(
    (word, index) => [word, index] as const,
  ),
);

type Fields = Record<string, string | number | boolean | null>;

/** What Falco sends over gRPC for the event of a JSON line. */
const asResponse = (line: string): Buffer => {
  const json = JSON.parse(line) as typeof base & { output_fields: Fields };
  const shape = (value: string | number | boolean | null): FalcoText =>
    value === null ? '<NA>' : String(value);
  return encodeResponse({
    timeNs: eventOf(line).timeNs,
    priority: priorityNumbers.get(json.priority) ?? 99,
    rule: json.rule,
    output: line,
    fields: Object.entries(json.output_fields).map(([name, value]) => [name, shape(value)]),
    hostname: json.hostname,
    tags: json.tags,
    source: json.source,
  });
};

test('a recorded event is the same event over gRPC and as JSON', () => {
  const json = new JsonEvents();
  const responses = new ResponseEvents({ recognises: false });
  const rounded = ['container.start_ts', 'proc.exe_ino.ctime', 'proc.exe_ino.mtime'];
  for (const line of eventLines()) {
    // The numbers that a JSON.parse in this test would itself round.
    if (rounded.some((name) => line.includes(`"${name}"`))) continue;
    expect(responses.decode(asResponse(line))).toEqual(json.decode(line));
  }
});

test('every recorded line and frame is an event with a rule, a time and values', () => {
  const json = new JsonEvents();
  for (const line of eventLines()) {
    const decoded = json.decode(line);
    expect(decoded.ok && decoded.event.timeNs > 1_795_000_000_000_000_000n).toBe(true);
  }
  const responses = new ResponseEvents();
  for (const frame of [...falcoFrames('frames'), ...falcoFrames('frames-hostile')]) {
    const decoded = responses.decode(frame);
    if (!decoded.ok) throw new Error(decoded.reason);
    for (const value of decoded.event.fields.values()) {
      expect(value.isWellFormed()).toBe(true);
      expect(['', '<NA>']).not.toContain(value);
    }
  }
});

test('values of every type are text, and what has no value is absent', () => {
  const output_fields = {
    a: null,
    b: '<NA>',
    c: '',
    d: 0,
    e: -1,
    f: false,
    g: 17.5,
    'evt.time': 1,
    'evt.rawtime': 2,
    'k8s.pod.label[app]': 'x',
    __proto__: undefined,
  };
  expect([...eventOf(lineOf({ output_fields })).fields]).toEqual([
    ['d', '0'],
    ['e', '-1'],
    ['f', 'false'],
    ['g', '17.5'],
    ['k8s.pod.label[app]', 'x'],
  ]);
});

test('a field called __proto__ is a field', () => {
  const line = lineOf({}).replace('"proc.name"', '"__proto__"');
  expect(eventOf(line).fields.get('__proto__')).toBe('sh');
});

test('integers above 2^53 keep their digits', () => {
  const line = lineOf({}).replace('"sh"', '1795433701495234847');
  expect(eventOf(line).fields.get('proc.name')).toBe('1795433701495234847');
  const huge = lineOf({}).replace('"sh"', '9'.repeat(10_000));
  expect(eventOf(huge).fields.get('proc.name')).toBe('9'.repeat(TEXT_BYTES_MAX));
});

test('time is exact to the nanosecond, with and without the cache of the second', () => {
  const json = new JsonEvents();
  const timeOf = (time: string): bigint | string => {
    const decoded = json.decode(lineOf({ time }));
    return decoded.ok ? decoded.event.timeNs : decoded.reason;
  };
  expect(timeOf('2026-11-23T11:35:01.495234847Z')).toBe(1_795_433_701_495_234_847n);
  expect(timeOf('2026-11-23T11:35:01.000000001Z')).toBe(1_795_433_701_000_000_001n);
  expect(timeOf('2026-11-23T11:35:01.5Z')).toBe(1_795_433_701_500_000_000n);
  expect(timeOf('2026-11-23T11:35:01.49523484xZ')).toBe('bad-time');
  // Backwards, into the past and far ahead: clocks jump, events pass.
  expect(timeOf('1970-01-01T00:00:00.000000000Z')).toBe(0n);
  expect(timeOf('9999-12-31T23:59:59.999999999Z')).toBe(253_402_300_799_999_999_999n);
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 253_402_300_799_999_999_999n }), (timeNs) => {
      const seconds = new Date(Number(timeNs / 1_000_000_000n) * 1_000).toISOString().slice(0, 19);
      const nanos = String(timeNs % 1_000_000_000n).padStart(9, '0');
      expect(timeOf(`${seconds}.${nanos}Z`)).toBe(timeNs);
    }),
  );
});

test.each([
  ['no text', '', 'not-json'],
  ['half a line', lineOf({}).slice(0, 100), 'not-json'],
  ['a number', '12', 'not-falco'],
  ['null', 'null', 'not-falco'],
  ['an array', '[]', 'not-falco'],
  ['a megabyte of brackets', '['.repeat(1_000_000), 'not-json'],
  ['JSON of somebody else', '{"level":30,"msg":"hello"}', 'not-falco'],
  ['an empty rule', lineOf({ rule: '' }), 'not-falco'],
  ['fields that are a list', lineOf({ output_fields: [] }), 'not-falco'],
  ['a missing time', lineOf({ time: undefined }), 'bad-time'],
  ['a local time', lineOf({ time: '2026-11-23T11:35:01.495234847+01:00' }), 'bad-time'],
  ['a day that does not exist', lineOf({ time: '2026-02-31T11:35:01.000000000Z' }), 'bad-time'],
  ['an hour 24', lineOf({ time: '2026-02-03T24:00:00.000000000Z' }), 'bad-time'],
  ['a leap second', lineOf({ time: '2016-12-31T23:59:60.000000000Z' }), 'bad-time'],
  ['a time before 1970', lineOf({ time: '1969-12-31T23:59:59.000000000Z' }), 'bad-time'],
  ['an unknown priority', lineOf({ priority: 'constructor' }), 'bad-field'],
  ['a nested value', lineOf({ output_fields: { a: { b: 1 } } }), 'bad-field'],
  ['a field without a name', lineOf({ output_fields: { '': 1 } }), 'bad-field'],
  ['a tag that is a number', lineOf({ tags: [1] }), 'bad-field'],
  ['tags that are a text', lineOf({ tags: 'a' }), 'bad-field'],
  ['too many tags', lineOf({ tags: Array(TAGS_MAX + 1).fill('t') }), 'too-large'],
  [
    'too many fields',
    lineOf({ output_fields: Object.fromEntries(Array(FIELDS_MAX + 1).fill(1).entries()) }),
    'too-large',
  ],
  ['a line above its bound', `"${'x'.repeat(LINE_BYTES_MAX)}"`, 'too-large'],
  [
    'a rounded number before nesting that no reviver can walk',
    lineOf({ x: 'deep', output_fields: { a: 'big' } })
      .replace('"big"', '9007199254740993')
      .replace('"deep"', `${'['.repeat(200_000)}${']'.repeat(200_000)}`),
    'bad-field',
  ],
])('%s is refused', (_, line, reason) => {
  expect(outcome(line)).toBe(reason);
});

test('any text is an event or a declared reason, and texts are within bounds', () => {
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue(), fc.double());
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc
      .record({ output_fields: fc.dictionary(fc.string(), value), tags: value, rule: value })
      .map(lineOf),
  );
  fc.assert(
    fc.property(line, (text) => {
      const decoded = new JsonEvents().decode(text);
      if (!decoded.ok) return;
      for (const field of decoded.event.fields.values()) {
        expect(field.isWellFormed() && Buffer.byteLength(field) <= TEXT_BYTES_MAX).toBe(true);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('values that are cut are counted, over gRPC and as JSON', () => {
  const json = new JsonEvents();
  const responses = new ResponseEvents();
  const a = 'x'.repeat(TEXT_BYTES_MAX);
  const line = lineOf({ output_fields: { a, b: `${a}x`, c: 7, d: `${'\u00e9'.repeat(3_000)}` } });
  expect(json.decode(line)).toEqual(responses.decode(asResponse(line)));
  expect([json.valuesCut, responses.valuesCut]).toEqual([2, 2]);
  json.decode(lineOf({}));
  expect(json.valuesCut).toBe(2);
});

test('terminal escapes, markup and NUL pass as data', () => {
  const evil = '\u001b]0;owned\u0007<script>\u0000\r\n';
  expect(eventOf(lineOf({ output_fields: { a: evil } })).fields.get('a')).toBe(evil);
});
