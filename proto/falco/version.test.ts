import fc from 'fast-check';
import { expect, test } from 'vitest';
import { falco } from '../gen/falco.js';
import { encodeVersion, readVersion } from './version.ts';

test('a version as Falco sends it is read', () => {
  const bytes = falco.version.response
    .encode({
      version: '0.40.0',
      minor: 40,
      build: 'b',
      engineMinor: 49,
      engineFieldsChecksum: '8a',
      engineVersion: '0.49.0',
    })
    .finish();
  expect(readVersion(Buffer.from(bytes))).toEqual({
    version: '0.40.0',
    major: 0,
    minor: 40,
    patch: 0,
    engineVersion: '0.49.0',
  });
});

test('what is written is read again, by the stock decoder too', () => {
  const version = { version: '0.43.1-rc1', major: 0, minor: 43, patch: 1, engineVersion: '0.58.0' };
  const bytes = encodeVersion(version);
  expect(readVersion(bytes)).toEqual(version);
  expect(falco.version.response.decode(bytes)).toMatchObject(version);
});

test('any bytes are a version or a declared fault', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const result = readVersion(Buffer.from(bytes));
      const isFine =
        typeof result === 'string'
          ? ['truncated', 'too-large', 'wire-format'].includes(result)
          : result.version.isWellFormed();
      expect(isFine).toBe(true);
    }),
    { numRuns: 1_000 },
  );
  expect(readVersion(Buffer.alloc(64 * 1_024 + 1))).toBe('too-large');
});
