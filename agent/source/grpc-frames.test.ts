import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FrameFault } from './grpc-frames.ts';
import { GrpcFrames, PREFIX_BYTES } from './grpc-frames.ts';

const BYTES_MAX = 300;

const prefix = (length: number, flag = 0): Buffer => {
  const bytes = Buffer.alloc(PREFIX_BYTES);
  bytes[0] = flag;
  bytes.writeUInt32BE(length, 1);
  return bytes;
};
const framed = (message: Uint8Array): Buffer => Buffer.concat([prefix(message.length), message]);

/** What comes out of chunks, until a fault if there is one. */
function read(chunks: readonly Uint8Array[]) {
  const messages: Buffer[] = [];
  const frames = new GrpcFrames(BYTES_MAX, (bytes, start, end) => {
    messages.push(Buffer.from(bytes.subarray(start, end)));
  });
  let fault: FrameFault | null = null;
  for (const chunk of chunks) fault = frames.push(Buffer.from(chunk));
  return { messages, fault, isWithin: frames.isWithin };
}

const message = fc.uint8Array({ maxLength: BYTES_MAX });
const cuts = fc.array(fc.nat(), { maxLength: 30 });

const cutAt = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, index) => bytes.subarray(from, sorted[index] ?? bytes.length));
};

test('however a stream is cut into chunks, its messages are the same', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), cuts, (messages, places) => {
      const bytes = Buffer.concat(messages.map(framed));
      const found = read(cutAt(bytes, places));
      expect(found.messages).toEqual(messages.map((one) => Buffer.from(one)));
      expect(found).toMatchObject({ fault: null, isWithin: false });
    }),
    { numRuns: 500 },
  );
});

test('byte by byte as well', () => {
  const messages = [Buffer.from('a'), Buffer.alloc(0), Buffer.alloc(BYTES_MAX, 7), Buffer.from('b')];
  const chunks = [...Buffer.concat(messages.map(framed))].map((byte) => Buffer.from([byte]));
  expect(read(chunks).messages).toEqual(messages);
});

test('a stream that ends within a prefix or a message is seen to', () => {
  const bytes = framed(Buffer.from('abc'));
  for (let end = 1; end < bytes.length; end += 1) {
    expect(read([bytes.subarray(0, end)])).toEqual({ messages: [], fault: null, isWithin: true });
  }
});

test.each<[FrameFault, Buffer]>([
  ['too-large', prefix(BYTES_MAX + 1)],
  ['too-large', prefix(0xffffffff)],
  ['compressed', prefix(3, 1)],
  ['compressed', prefix(0xffffffff, 0xff)],
])('%s is found in the prefix, and nothing after it is taken for a message', (fault, bad) => {
  const rest = framed(Buffer.from('after'));
  const whole = Buffer.concat([framed(Buffer.from('before')), bad, rest]);
  const before = [Buffer.from('before')];
  expect(read([whole])).toMatchObject({ messages: before, fault });
  for (let cut = 1; cut < whole.length; cut += 1) {
    const found = read([whole.subarray(0, cut), whole.subarray(cut)]);
    expect(found).toMatchObject({ messages: before, fault });
  }
});

test('whatever bytes come, no message is above the bound and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
      const { messages } = read(chunks);
      expect(messages.every(({ length }) => length <= BYTES_MAX)).toBe(true);
    }),
  );
});
