import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { agentSpiffeId, formatSpiffeId, nodeOfAgent, parseSpiffeId } from './spiffe-id.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789._-';
const trustDomain = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 255 });
const segment = fc.string({
  unit: fc.constantFrom(...letters, ...'ABCXYZ'),
  minLength: 1,
  maxLength: 60,
}).filter((text) => text !== '.' && text !== '..');

describe('a SPIFFE ID', () => {
  test('reads as it was written', () => {
    fc.assert(fc.property(trustDomain, fc.array(segment, { maxLength: 8 }), (domain, segments) => {
      const id = { trustDomain: domain, segments };
      expect(parseSpiffeId(formatSpiffeId(id))).toEqual(id);
    }));
  });

  test('has one spelling: what is read is written the same again', () => {
    const near = fc.string({
      unit: fc.constantFrom(...'sSpiffe:/.%2F?#@ aé\0'),
      maxLength: 40,
    });
    fc.assert(fc.property(fc.oneof(near, near.map((text) => `spiffe://${text}`)), (text) => {
      const id = parseSpiffeId(text);
      if (id !== undefined) expect(formatSpiffeId(id)).toBe(text);
    }), { numRuns: 2_000 });
  });

  test.each([
    '',
    'spiffe://',
    'spiffe:///lanner/agent/n',
    'SPIFFE://a/b',
    'http://a/b',
    'spiffe://A.example/b',
    'spiffe://a:443/b',
    'spiffe://user@a/b',
    'spiffe://a/',
    'spiffe://a/b/',
    'spiffe://a//b',
    'spiffe://a/./b',
    'spiffe://a/lanner/agent/other/../node-1',
    'spiffe://a/lanner/agent/node%2D1',
    'spiffe://a/b?c',
    'spiffe://a/b#c',
    'spiffe://a/b\n',
    'spiffe://a/bé',
    `spiffe://${'a'.repeat(256)}/b`,
    `spiffe://a/${'b'.repeat(2_048)}`,
  ])('is not %j', (text) => {
    expect(parseSpiffeId(text)).toBeUndefined();
  });

  test('of an agent names its node, and no other path does', () => {
    fc.assert(fc.property(trustDomain, segment, (domain, node) => {
      const id = agentSpiffeId(domain, node);
      const parsed = parseSpiffeId(id ?? '');
      expect(parsed && nodeOfAgent(parsed)).toBe(node);
    }));
    for (const path of ['lanner/agent', 'lanner/agent/n/m', 'lanner/collector/n', 'agent/n']) {
      const parsed = parseSpiffeId(`spiffe://a/${path}`);
      expect(parsed && nodeOfAgent(parsed)).toBeUndefined();
    }
    for (const node of ['', '.', '..', 'a/b', 'a b', 'a%20b', 'né']) {
      expect(agentSpiffeId('lanner.local', node)).toBeUndefined();
    }
  });
});
