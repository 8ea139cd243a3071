import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { grpcResponse } from '../../demo/replay-falco/recorded-event.ts';
import { FRAME_BYTES_MAX, FrameFields } from './frame-fields.ts';
import { FALCO_ABSENT, ResponseReader } from './response-reader.ts';
import type { ResponseContent } from './response-writer.ts';
import { encodeResponse } from './response-writer.ts';

const NAMES = ['proc.pid', 'proc.ppid', 'fd.name', 'fd.sip', 'fd.sport', 'evt.type'];

const make = (): FrameFields => new FrameFields(NAMES, 'lanner', 'syscall');

/** What it found, as the reader would give it. */
function fieldsOf(frame: FrameFields): Map<string, string> {
  const found = new Map<string, string>();
  NAMES.forEach((name, number) => {
    const length = frame.lengths[number] ?? -1;
    const start = frame.starts[number] ?? 0;
    if (length < 0) return;
    const text = Buffer.from(frame.bytes.subarray(start, start + length)).toString('utf8');
    if (text !== '' && text !== FALCO_ABSENT) found.set(name, text);
  });
  return found;
}

/** Where it says anything, the reader says the same. */
function agrees(frame: FrameFields, reader: ResponseReader, bytes: Buffer): boolean {
  if (!frame.scan(bytes)) return false;
  const whole = reader.read(bytes);
  if (typeof whole === 'string') throw new Error(`the reader refuses it: ${whole}`);
  expect(whole.timeNs).toBe(BigInt(frame.seconds) * 1_000_000_000n + BigInt(frame.nanos));
  expect(whole.tags.includes('lanner')).toBe(frame.hasTag);
  expect(whole.source === '' || whole.source === 'syscall').toBe(true);
  expect(whole.rule).not.toBe('');
  const wanted = [...whole.fields].filter(([name]) => NAMES.includes(name));
  expect(fieldsOf(frame)).toEqual(new Map(wanted));
  return true;
}

const recording = new URL('../../demo/recording/events-00.jsonl.gz', import.meta.url);
const shape = { jsonOutput: false, hostileShare: 0, random: Math.random };
const frames = gunzipSync(readFileSync(recording)).toString('utf8').split('\n').slice(0, 300)
  .map((line) => grpcResponse(line, shape));

test('recorded frames are found to say what the reader says', () => {
  const frame = make();
  const reader = new ResponseReader();
  const accepted = frames.filter((bytes) => agrees(frame, reader, bytes));
  expect(accepted.length).toBeGreaterThan(250);
});

test('no change of a frame is accepted that the reader refuses or reads otherwise', () => {
  const frame = make();
  const reader = new ResponseReader();
  let accepted = 0;
  const change = fc.record({ at: fc.nat(FRAME_BYTES_MAX), byte: fc.nat(255), cut: fc.nat(9) });
  fc.assert(
    fc.property(fc.constantFrom(...frames), fc.array(change, { maxLength: 3 }), (whole, changes) => {
      let bytes = Buffer.from(whole);
      for (const { at, byte, cut } of changes) {
        bytes[at % bytes.length] = byte;
        if (cut === 0) bytes = bytes.subarray(0, at % bytes.length);
      }
      if (agrees(frame, reader, bytes)) accepted += 1;
    }),
    { numRuns: 2_000 },
  );
  expect(accepted).toBeGreaterThan(200);
});

const content = {
  timeNs: 1_795_434_000_123_456_789n,
  priority: 7,
  rule: 'r',
  output: '',
  hostname: '',
  tags: ['lanner'],
  source: 'syscall',
};

type More = Partial<Omit<ResponseContent, 'fields'>> & {
  readonly fields?: readonly (readonly [string, string])[];
};
const unusual: readonly (readonly [string, More])[] = [
  ['a field twice', { fields: [['fd.name', 'a'], ['fd.name', '<NA>']] }],
  ['a value longer than is kept', { fields: [['fd.name', 'a'.repeat(4_097)]] }],
  ['a field without a name', { fields: [['', 'a']] }],
  ['no rule', { rule: '' }],
  ['another source', { source: 'k8s_audit' }],
  ['more fields than are read', { fields: Array.from({ length: 257 }, (_, n) => [`f${n}`, '']) }],
];

test.each(unusual)('%s is the reader’s to judge', (_name, more) => {
  expect(make().scan(encodeResponse({ ...content, fields: [], ...more }))).toBe(false);
});

test('names of which none fits into a slot of its own do not hang it', () => {
  expect(() => new FrameFields(['fd.sip', 'fd.sip'], 'lanner', 'syscall')).toThrow(/slot/);
});
