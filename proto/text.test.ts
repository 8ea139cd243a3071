import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutText, textFromBytes } from './text.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);
const bound = fc.integer({ min: 0, max: 60 });

test('a cut text is well-formed, within its bound, and cut no more than it must be', () => {
  fc.assert(
    fc.property(anyText, bound, (text, bytesMax) => {
      const cut = cutText(text, bytesMax);
      expect(cut.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytesMax);
      expect(text.toWellFormed().startsWith(cut)).toBe(true);
      const next = text.toWellFormed().codePointAt(cut.length);
      const more = next === undefined ? '' : cut + String.fromCodePoint(next);
      expect(more === '' || Buffer.byteLength(more) > bytesMax).toBe(true);
      expect(cutText(cut, bytesMax)).toBe(cut);
    }),
    { numRuns: 1_000 },
  );
});

test('bytes become the same text as a string of them', () => {
  fc.assert(
    fc.property(anyText, bound, (text, bytesMax) => {
      const bytes = Buffer.from(`..${text.toWellFormed()}..`);
      const result = textFromBytes(bytes, 2, bytes.length - 4, bytesMax);
      expect(result).toBe(cutText(text, bytesMax));
    }),
    { numRuns: 1_000 },
  );
});

test('any bytes become well-formed text within the bound', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), bound, (bytes, bytesMax) => {
      const text = textFromBytes(Buffer.from(bytes), 0, bytes.length, bytesMax);
      expect(text.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytesMax);
    }),
    { numRuns: 1_000 },
  );
});

test('control characters and escapes stay data', () => {
  expect(cutText('\u0000\u001b[2J\r\n\u202e<b>', 100)).toBe('\u0000\u001b[2J\r\n\u202e<b>');
});
