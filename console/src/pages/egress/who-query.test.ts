import { expect, test } from 'vitest';

import { askedOf, endOf, isAddress, readWho, whoFormOf } from './who-query.ts';

const NOW = Date.UTC(2026, 10, 23, 10, 20, 30, 250);
const search = (values: Record<string, string>) => new URLSearchParams(values);
const whole = { nodeIp: '10.0.3.7', dst: '203.0.113.9:443', at: '2026-11-23T10:15:00Z' };

test('without anything said it is five minutes ago, and two minutes to both sides', () => {
  expect(whoFormOf(search({}), NOW)).toEqual({ nodeIp: '', dst: '', window: '120', srcPort: '',
    protocol: '', at: '2026-11-23T10:15:30.000Z' });
  expect(askedOf(search({}))).toBeNull();
});

test('what the address of the page says is what is asked', () => {
  const asked = { nodeIp: '10.0.3.7', dst: '203.0.113.9', dstPort: 443, at: whole.at };
  expect(askedOf(search(whole))).toEqual({ ...asked, windowSeconds: 120 });
  expect(askedOf(search({ ...whole, window: '600', srcPort: ' 51234 ', protocol: 'udp' })))
    .toEqual({ ...asked, windowSeconds: 600, srcPort: 51_234, protocol: 'udp' });
  expect(askedOf(search({ ...whole, window: '9999999', protocol: 'x y' })))
    .toEqual({ ...asked, windowSeconds: 120 });
});

test('what is missing or wrong is named, and nothing is asked', () => {
  const wrong = (over: Record<string, string>) =>
    readWho(whoFormOf(search({ ...whole, ...over }), NOW));
  expect(wrong({ nodeIp: '10.0.3' })).toEqual({ ok: false, wrong: 'nodeIp' });
  expect(wrong({ nodeIp: '10.0.3.256' })).toEqual({ ok: false, wrong: 'nodeIp' });
  expect(wrong({ dst: '203.0.113.9' })).toEqual({ ok: false, wrong: 'dst' });
  expect(wrong({ dst: '203.0.113.9:65536' })).toEqual({ ok: false, wrong: 'dst' });
  expect(wrong({ srcPort: 'x' })).toEqual({ ok: false, wrong: 'srcPort' });
  expect(readWho({ ...whoFormOf(search(whole), NOW), at: '' })).toEqual({ ok: false, wrong: 'at' });
  expect(askedOf(search({ ...whole, dst: 'javascript:alert(1)' }))).toBeNull();
});

test('addresses of both families, as logs write them', () => {
  expect(endOf('[2001:db8::9]:443')).toEqual({ address: '2001:db8::9', port: 443 });
  expect(endOf('2001:db8::9:443')).toBeNull();
  expect(isAddress('::1')).toBe(true);
  expect(isAddress('shop.example')).toBe(false);
});
