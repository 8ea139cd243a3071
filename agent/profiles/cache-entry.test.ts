import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cacheSides, decodeEntry, encodeEntry, entryName } from './cache-entry.ts';

const entries = fc.record({
  side: fc.constantFrom(...cacheSides),
  key: fc.string({ unit: 'grapheme', maxLength: 200 }),
  revision: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  document: fc.uint8Array({ maxLength: 300 }),
});

test('what was written is read back, whatever the key and the bytes', () => {
  fc.assert(
    fc.property(entries, (entry) => {
      const back = decodeEntry(encodeEntry(entry));
      expect(back === null ? null : { ...back, document: new Uint8Array(back.document) })
        .toEqual({ ...entry, document: new Uint8Array(entry.document) });
    }),
  );
});

test('with any byte changed, or cut off, or added, it is no entry', () => {
  fc.assert(
    fc.property(entries, fc.nat(), fc.integer({ min: 1, max: 255 }), (entry, at, change) => {
      const whole = encodeEntry(entry);
      const index = at % whole.length;
      const changed = Buffer.from(whole);
      changed[index] = (changed[index] ?? 0) ^ change;
      expect(decodeEntry(changed)).toBeNull();
      expect(decodeEntry(whole.subarray(0, index))).toBeNull();
      expect(decodeEntry(Buffer.concat([whole, Buffer.from([0])]))).toBeNull();
    }),
  );
});

test('names are safe for a file system and differ by side and key', () => {
  const names = ['../../etc/passwd', 'a/b@sha256:1', 'a/b@sha256:2', '']
    .flatMap((key) => cacheSides.map((side) => entryName({ side, key })));
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+-[0-9a-f]{64}$/);
});
