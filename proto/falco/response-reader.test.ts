import fc from 'fast-check';
import { Writer } from 'protobufjs/minimal.js';
import { expect, test } from 'vitest';
import { falcoFrames } from '../../test/fixtures/falco/frames.ts';
import { falco } from '../gen/falco.js';
import {
  FALCO_ABSENT,
  FIELDS_MAX,
  RESPONSE_BYTES_MAX,
  ResponseReader,
  TAGS_MAX,
  VALUE_BYTES_MAX,
} from './response-reader.ts';
import type { FalcoResponse, ResponseFault } from './response-reader.ts';
import type { ResponseContent } from './response-writer.ts';
import { encodeResponse } from './response-writer.ts';

const content: ResponseContent = {
  timeNs: 1_795_435_969_793_231_317n,
  priority: 4,
  rule: 'a rule',
  output: 'text',
  fields: [['proc.name', 'sh']],
  hostname: 'node-a',
  tags: ['process'],
  source: 'syscall',
};

const read = (bytes: Uint8Array): FalcoResponse | ResponseFault =>
  new ResponseReader().read(Buffer.from(bytes));

const accepted = (bytes: Uint8Array): FalcoResponse => {
  const result = read(bytes);
  if (typeof result === 'string') throw new Error(`refused: ${result}`);
  return result;
};

test('a response of a real Falco reads as the stock decoder reads it, without the absent', () => {
  const reader = new ResponseReader();
  for (const frame of falcoFrames('frames')) {
    const stock = falco.outputs.response.decode(frame);
    const fields = Object.entries(stock.outputFields ?? {});
    expect(reader.read(frame)).toEqual({
      timeNs: BigInt(String(stock.time?.seconds)) * 1_000_000_000n + BigInt(stock.time?.nanos ?? 0),
      priority: stock.priority,
      rule: stock.rule,
      hostname: stock.hostname,
      source: stock.source,
      tags: stock.tags,
      fields: new Map(fields.filter(([, value]) => value !== FALCO_ABSENT && value !== '')),
    });
  }
});

test('invalid UTF-8 becomes U+FFFD where the stock decoder ends the stream', () => {
  const reader = new ResponseReader();
  let refusedByStock = 0;
  for (const frame of falcoFrames('frames-hostile')) {
    const result = reader.read(frame);
    if (typeof result === 'string') throw new Error(result);
    let isStockFine = true;
    try {
      falco.outputs.response.decode(frame);
    } catch {
      isStockFine = false;
      refusedByStock += 1;
    }
    const texts = [...result.fields.values()].join('');
    expect(texts.isWellFormed()).toBe(true);
    expect(isStockFine || texts.includes('\ufffd')).toBe(true);
  }
  expect(refusedByStock).toBeGreaterThan(0);
});

test('what the writer writes is read again', () => {
  const text = fc.string({ unit: 'binary', maxLength: 80 });
  const present = text.filter((value) => value !== '' && value !== FALCO_ABSENT);
  const property = fc.property(
    fc.record({
      timeNs: fc.bigInt({ min: 0n, max: 253_402_300_799_999_999_999n }),
      priority: fc.integer({ min: 0, max: 7 }),
      rule: text,
      output: text,
      fields: fc.array(fc.tuple(present, present), { maxLength: 20 }),
      hostname: text,
      tags: fc.array(text, { maxLength: 5 }),
      source: text,
    }),
    (written) => {
      const { output: _, fields, ...rest } = written;
      const short = fields.filter(([name]) => Buffer.byteLength(name) <= 256);
      const bytes = encodeResponse({ ...written, fields: short });
      const well = (value: string): string => value.toWellFormed();
      expect(accepted(bytes)).toEqual({
        ...rest,
        rule: well(rest.rule),
        hostname: well(rest.hostname),
        source: well(rest.source),
        tags: rest.tags.map(well),
        fields: new Map(short.map(([name, value]) => [well(name), well(value)])),
      });
    },
  );
  fc.assert(property);
});

const faults = new Set(['truncated', 'too-large', 'wire-format', 'bad-time', 'bad-field']);
const isDeclared = (result: FalcoResponse | ResponseFault): boolean =>
  typeof result !== 'string' || faults.has(result);

test('any bytes are a response or one of the declared faults', () => {
  const reader = new ResponseReader();
  const random = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    expect(isDeclared(reader.read(Buffer.from(bytes)))).toBe(true);
  });
  fc.assert(random, { numRuns: 2_000 });
  const frame = encodeResponse(content);
  const flips = fc.array(fc.tuple(fc.nat(frame.length - 1), fc.nat(255)), { maxLength: 5 });
  const flipped = fc.property(flips, (changes) => {
    const bytes = Buffer.from(frame);
    for (const [at, byte] of changes) bytes[at] = byte;
    expect(isDeclared(reader.read(bytes))).toBe(true);
  });
  fc.assert(flipped, { numRuns: 2_000 });
});

test('a response cut anywhere is refused or lacks only its tail', () => {
  const frame = encodeResponse(content);
  for (let length = 0; length < frame.length; length += 1) {
    const result = read(frame.subarray(0, length));
    expect(isDeclared(result)).toBe(true);
    expect(typeof result === 'string' || result.timeNs === content.timeNs).toBe(true);
  }
});

test('unknown fields of a later Falco are skipped', () => {
  const writer = Writer.create();
  writer.uint32(0x98).uint32(7);
  writer.uint32((20 << 3) | 1).fixed64(1);
  writer.uint32((21 << 3) | 2).string('later');
  writer.uint32((22 << 3) | 5).fixed32(1);
  const bytes = Buffer.concat([writer.finish(), encodeResponse(content)]);
  expect(accepted(bytes).rule).toBe('a rule');
});

test('a value is cut to its bound at a whole code point', () => {
  const value = `x${'\u9690'.repeat(VALUE_BYTES_MAX)}`;
  const fields = accepted(encodeResponse({ ...content, fields: [['proc.cmdline', value]] })).fields;
  expect(fields.get('proc.cmdline')).toBe(`x${'\u9690'.repeat(1_365)}`);
});

test('equal hashes and repeated texts never mix values up', () => {
  const reader = new ResponseReader();
  const middle = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' });
  const property = fc.property(fc.array(middle, { minLength: 1, maxLength: 50 }), (middles) => {
    // Head, tail and length decide the slot of the cache: these all share one per length.
    const values = middles.map((text) => `/usr/bin${text}/program`);
    const fields = values.map((value, index) => [`f${index}`, value] as const);
    const result = reader.read(encodeResponse({ ...content, fields }));
    if (typeof result === 'string') throw new Error(result);
    expect([...result.fields.values()]).toEqual(values);
  });
  fc.assert(property);
});

const withFields = (count: number): Buffer =>
  encodeResponse({
    ...content,
    fields: Array.from({ length: count }, (_, index) => [`f${index}`, 'v'] as const),
  });
const without = (field: number): Uint8Array =>
  falco.outputs.response
    .encode({ rule: 'r', ...(field === 1 ? {} : { time: { seconds: 1, nanos: 0 } }) })
    .finish();
const timed = (seconds: number, nanos: number): Uint8Array =>
  falco.outputs.response.encode({ time: { seconds, nanos } }).finish();

test.each([
  ['no bytes', Buffer.alloc(0), 'bad-time'],
  ['no time', without(1), 'bad-time'],
  ['a time before 1970', timed(-1, 0), 'bad-time'],
  ['a time after the year 9999', timed(253_402_300_800, 0), 'bad-time'],
  ['a second of more than a second', timed(1, 1_000_000_000), 'bad-time'],
  ['a negative part of a second', timed(1, -1), 'bad-time'],
  ['a group', Buffer.from([0x0b, 0x0c]), 'wire-format'],
  ['field number zero', Buffer.from([0x00, 0x00]), 'wire-format'],
  ['an endless varint', Buffer.alloc(12, 0xff), 'wire-format'],
  ['a rule that is a number', Buffer.from([0x20, 0x01]), 'wire-format'],
  ['a length beyond the end', Buffer.from([0x22, 0x05, 0x61]), 'truncated'],
  ['an unknown priority', Buffer.from([0x10, 0x08]), 'bad-field'],
  ['a field without a name', encodeResponse({ ...content, fields: [['', 'v']] }), 'bad-field'],
  ['too many fields', withFields(FIELDS_MAX + 1), 'too-large'],
  [
    'too many tags',
    encodeResponse({ ...content, tags: Array.from({ length: TAGS_MAX + 1 }, () => 't') }),
    'too-large',
  ],
  ['too many bytes', Buffer.alloc(RESPONSE_BYTES_MAX + 1), 'too-large'],
])('%s is refused', (_, bytes, fault) => {
  expect(read(bytes)).toBe(fault);
});

test('as many fields as the bound are read', () => {
  expect(accepted(withFields(FIELDS_MAX)).fields.size).toBe(FIELDS_MAX);
});
