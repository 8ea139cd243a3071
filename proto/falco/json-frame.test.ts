import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonFrame, LINE_BYTES_MAX } from './json-frame.ts';
import { FIELDS_MAX, TAGS_MAX } from './response-reader.ts';

const NAMES = ['proc.pid', 'proc.ppid', 'fd.name', 'fd.sip', 'fd.sport', 'evt.type', 'user.uid'];
const make = (): JsonFrame => new JsonFrame(NAMES, 'lanner', 'syscall');

type Scalar = string | number | boolean | null;
type Parsed = {
  readonly time: string;
  readonly rule: string;
  readonly priority: string;
  readonly source?: string;
  readonly tags?: readonly string[];
  readonly output_fields: Readonly<Record<string, Scalar>>;
};

const priorities = new Set([
  'Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', 'Debug',
]);

/** The text of a value as its bytes stand there. */
function spanOf(frame: JsonFrame, name: string): string | null {
  const number = NAMES.indexOf(name);
  const length = frame.lengths[number] as number;
  if (length < 0) return null;
  const start = frame.starts[number] as number;
  return Buffer.from(frame.bytes.subarray(start, start + length)).toString('utf8');
}

/** Where it says anything, `JSON.parse` says the same. */
function agrees(frame: JsonFrame, bytes: Buffer): boolean {
  if (!frame.scan(bytes)) return false;
  const whole = JSON.parse(bytes.toString('utf8')) as Parsed;
  const digits = String(frame.nanos).padStart(9, '0');
  const second = new Date(frame.seconds * 1_000).toISOString().slice(0, 19);
  expect(whole.time).toBe(`${second}.${digits}Z`);
  expect(typeof whole.rule === 'string' && whole.rule !== '').toBe(true);
  expect(priorities.has(whole.priority)).toBe(true);
  expect(whole.source ?? 'syscall').toBe('syscall');
  const tags = whole.tags ?? [];
  expect(tags.every((tag) => typeof tag === 'string') && tags.length <= TAGS_MAX).toBe(true);
  if (frame.hasTag) expect(tags).toContain('lanner');
  const values = Object.values(whole.output_fields);
  expect(values.every((value) => typeof value !== 'object' || value === null)).toBe(true);
  for (const name of NAMES) {
    const value = whole.output_fields[name] ?? null;
    const span = spanOf(frame, name);
    if (value === null || span === null) expect([value, span]).toEqual([null, null]);
    else if (typeof value === 'string') expect(JSON.parse(`"${span}"`)).toBe(value);
    else expect(span).toBe(String(value));
  }
  return true;
}

const recording = new URL('../../demo/recording/events-00.jsonl.gz', import.meta.url);
const lines = gunzipSync(readFileSync(recording)).toString('utf8').trimEnd().split('\n');

test('recorded lines are found to say what JSON.parse says', () => {
  const frame = make();
  const some = lines.filter((_, number) => number % 16 === 0);
  expect(some.filter((line) => !agrees(frame, Buffer.from(line)))).toEqual([]);
});

const base = {
  hostname: 'node-a',
  output: '11:37:34.221743049: Debug a "quoted" \u001b[31m text\n',
  output_fields: { 'evt.time': null, 'evt.type': 'openat', 'fd.name': '/etc/hosts', 'proc.pid': 7 },
  priority: 'Debug',
  rule: 'r',
  source: 'syscall',
  tags: ['file', 'lanner'],
  time: '2026-11-23T11:37:34.221743049Z',
};
const lineOf = (changes: object): string => JSON.stringify({ ...base, ...changes });
const scan = (line: string | Buffer): boolean => agrees(make(), Buffer.from(line));

/** What a mutation is likely to turn one token into another with. */
const tokens = [
  '"', '\\', '\\u0061', '{', '}', '[', ']', ',', ':', 'null', 'true', '0', '-', '.', 'e5', ' ',
  '\n', '\u0000', '"fd.name":"x",', '"fd.name":null,', '"rule":"x",', '"output_fields":{},', '1.0',
  '\ufeff',
].map((token) => Buffer.from(token));

test('no change of a line is accepted that JSON.parse refuses or reads otherwise', () => {
  const frame = make();
  let accepted = 0;
  const change = fc.record({
    at: fc.nat(LINE_BYTES_MAX),
    to: fc.oneof(fc.constantFrom(...tokens), fc.nat(255).map((byte) => Buffer.from([byte]))),
    over: fc.nat(3),
    cut: fc.nat(20),
  });
  const some = fc.constantFrom(lineOf({}), ...lines.slice(0, 300)).map((line) => Buffer.from(line));
  fc.assert(
    fc.property(some, fc.array(change, { maxLength: 3 }), (whole, changes) => {
      let bytes = whole;
      for (const { at, to, over, cut } of changes) {
        const place = at % (bytes.length + 1);
        const rest = cut === 0 ? Buffer.alloc(0) : bytes.subarray(place + over);
        bytes = Buffer.concat([bytes.subarray(0, place), to, rest]);
      }
      if (agrees(frame, bytes)) accepted += 1;
    }),
    { numRuns: 5_000 },
  );
  expect(accepted).toBeGreaterThan(500);
});

const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(null, true, false, 0, -0, 7, -1, 1.5, 1e21, 2 ** 53),
  fc.constantFrom('<NA>', '7', '1.0', '', 'null'),
  fc.double(),
  fc.maxSafeInteger(),
);
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
);

test('whatever fields an event has, what is found is what JSON.parse finds', () => {
  const frame = make();
  let accepted = 0;
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 12 }), fc.string(), (fields, output) => {
      const line = lineOf({ output_fields: fields, output });
      if (agrees(frame, Buffer.from(line))) accepted += 1;
    }),
    { numRuns: 3_000 },
  );
  expect(accepted).toBeGreaterThan(100);
});

test('equal bytes are equal values, whatever their types', () => {
  const read = (text: string): string | null => {
    const frame = make();
    const line = lineOf({}).replace('"/etc/hosts"', text);
    return frame.scan(Buffer.from(line)) ? spanOf(frame, 'fd.name') : null;
  };
  const textOf = (text: string): string => String(JSON.parse(text));
  const scalar = fc.constantFrom(
    '"1.0"', '1.0', '1', '"1"', '-0', '"-0"', '0', '"0"', '1e3', '"1e3"', '1000', 'true', '"true"',
    'null', '"null"', '"\\u0061"', '"a"', '"\\\\u0061"', '9007199254740993', '"9007199254740993"',
    '"<NA>"', '""', '01', '+1', '1.', '.5', '"\\/"', '"/"',
  );
  fc.assert(
    fc.property(scalar, scalar, (one, other) => {
      const span = read(one);
      if (span !== null && span === read(other)) expect(textOf(one)).toBe(textOf(other));
    }),
    { numRuns: 2_000 },
  );
  expect(read('"\\u0061"')).toBe('\\u0061');
});

test.each([
  ['with the output text and escapes in it', lineOf({})],
  ['without an output text', lineOf({ output: undefined })],
  ['without a source, as older Falcos wrote', lineOf({ source: undefined })],
  ['without tags', lineOf({ tags: undefined })],
  ['with no tags', lineOf({ tags: [] })],
  ['with a newline after it', `${lineOf({})}\n`],
  [
    'with its keys in another order',
    lineOf({ time: undefined }).replace('{', `{"time":"${base.time}",`),
  ],
  [
    'with invalid UTF-8 in a value',
    Buffer.from(lineOf({}).replace('hosts', 'ho\u00ffts'), 'latin1'),
  ],
  [
    'with a time above 2^53',
    lineOf({}).replace('"evt.time":null', '"evt.time":1795433854221743049'),
  ],
  ['with a fraction that nobody wants', lineOf({}).replace('"evt.time":null', '"x":-0.25')],
])('an event %s is found', (_, line) => {
  expect(scan(line)).toBe(true);
});

const fieldNames = Array.from({ length: FIELDS_MAX + 1 }, (_, number) => [`f${number}`, 1]);

test.each([
  ['nothing', ''],
  ['a byte order mark', `\ufeff${lineOf({})}`],
  ['space between tokens', JSON.stringify(base, null, 1)],
  ['half a line', lineOf({}).slice(0, 200)],
  ['two lines', `${lineOf({})}\n${lineOf({})}`],
  ['a field twice', lineOf({}).replace('"fd.name"', '"fd.name":"x","fd.name"')],
  ['a field that is null at first', lineOf({}).replace('"fd.name"', '"fd.name":null,"fd.name"')],
  ['a field with an escape in its name', lineOf({}).replace('"fd.name"', '"fd.n\\u0061me"')],
  ['fields twice', lineOf({}).replace('{', '{"output_fields":{"fd.name":"/x"},')],
  ['a nested value', lineOf({ output_fields: { a: { b: 1 } } })],
  ['a list', lineOf({ output_fields: { a: [1] } })],
  ['nesting without end', lineOf({ output_fields: 'x' }).replace('"x"', '['.repeat(2_000))],
  ['a field without a name', lineOf({ output_fields: { '': 1 } })],
  ['no fields', lineOf({ output_fields: {} })],
  ['more fields than are read', lineOf({ output_fields: Object.fromEntries(fieldNames) })],
  ['more tags than are read', lineOf({ tags: Array(TAGS_MAX + 1).fill('t') })],
  ['a tag that is a number', lineOf({ tags: [1] })],
  ['an empty rule', lineOf({ rule: '' })],
  ['no rule', lineOf({ rule: undefined })],
  ['no time', lineOf({ time: undefined })],
  ['another source', lineOf({ source: 'k8s_audit' })],
  ['an unknown priority', lineOf({ priority: 'constructor' })],
  ['an unknown key', lineOf({ uuid: 'x' })],
  ['a pid above 2^53', lineOf({}).replace('"proc.pid":7', '"proc.pid":9007199254740993')],
  ['a pid in another form', lineOf({}).replace('"proc.pid":7', '"proc.pid":7.0')],
  ['an unknown escape', lineOf({}).replace('hosts', 'ho\\xsts')],
  ['half an escape', lineOf({}).replace('hosts', 'ho\\u00')],
  ['a control character as it is', lineOf({}).replace('hosts', 'ho\u0001ts')],
  ['a line above the bound', lineOf({ output: 'x'.repeat(LINE_BYTES_MAX) })],
])('%s is left to JSON.parse', (_, line) => {
  expect(make().scan(Buffer.from(line))).toBe(false);
});

test('names of which none fits into a slot of its own do not hang it', () => {
  expect(() => new JsonFrame(['fd.sip', 'fd.sip'], 'lanner', 'syscall')).toThrow(/slot/);
});
