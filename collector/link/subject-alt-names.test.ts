import { X509Certificate } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { makeAuthority, readAuthority } from '../cli/pki-certificates.ts';
import { parseAltNames } from './subject-alt-names.ts';

describe('alternative names', () => {
  test('read from certificates as they were written into them, whatever is in a name', async () => {
    const nowMs = Date.now();
    const ca = await makeAuthority({ trustDomain: 'lanner.local', days: 1, nowMs });
    const authority = await readAuthority({ ...ca, nowMs });
    // What a DNS or URI name can hold: the seven-bit characters, the separators among them.
    const character = fc.integer({ min: 1, max: 126 }).map((code) => String.fromCharCode(code));
    const text = fc.string({
      unit: fc.oneof(character, fc.constantFrom(', URI:', 'DNS:', '"', '\\', ',', ', ')),
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 4 }), async (names) => {
      const { certificate } = await authority.issue({
        commonName: 'x',
        altNames: names.map((value) => ({ type: 'dns', value })),
        usage: 'client',
        days: 1,
      });
      const shown = new X509Certificate(certificate).subjectAltName ?? '';
      expect(parseAltNames(shown)).toEqual(names.map((value) => ({ type: 'DNS', value })));
    }), { numRuns: 60 });
  });

  test('that are not of the form are not read at all', () => {
    for (const text of ['x', 'DNS:a,URI:b', 'DNS:"a', 'DNS:"a"b', 'DNS:a, ', ', DNS:a', 'DNS:"\\x"']) {
      expect(parseAltNames(text)).toBeUndefined();
    }
    expect(parseAltNames('')).toEqual([]);
  });

  test('never throw and never hang', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => {
      parseAltNames(text);
    }), { numRuns: 1_000 });
    expect(parseAltNames(`DNS:"${'\\'.repeat(100_000)}`)).toBeUndefined();
  });
});
