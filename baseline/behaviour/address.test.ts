import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressScope, addressSegments, EPHEMERAL_PORT_MIN, portText } from './address.ts';

test.each([
  ['127.0.0.1', 'loopback'],
  ['127.255.0.9', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['169.254.169.254', 'link-local'],
  ['fe80::1', 'link-local'],
  ['FEBF::1', 'link-local'],
  ['10.0.0.7', 'inside'],
  ['172.16.0.1', 'inside'],
  ['172.31.255.255', 'inside'],
  ['192.168.1.1', 'inside'],
  ['100.64.0.1', 'inside'],
  ['100.127.0.1', 'inside'],
  ['fd00:ec2::254', 'inside'],
  ['::ffff:10.1.2.3', 'inside'],
  ['172.15.0.1', 'outside'],
  ['172.32.0.1', 'outside'],
  ['100.63.0.1', 'outside'],
  ['100.128.0.1', 'outside'],
  ['169.253.0.1', 'outside'],
  ['203.0.113.5', 'outside'],
  ['2001:db8::1', 'outside'],
  ['0.0.0.0', 'unknown'],
  ['::', 'unknown'],
  ['', 'unknown'],
  ['10.0.0', 'unknown'],
  ['10.0.0.256', 'unknown'],
  ['10.0.0.0x1', 'unknown'],
  ['10.0.0.1.5', 'unknown'],
  ['/run/docker.sock', 'unknown'],
])('%s is %s', (address, scope) => {
  expect(addressScope(address)).toBe(scope);
});

test('an IPv4 address is the same address when IPv6 carries it', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(addressScope(`::ffff:${address}`)).toBe(addressScope(address));
    }),
  );
});

test('no text makes the scope of an address throw', () => {
  const scopes = new Set(['loopback', 'link-local', 'inside', 'outside', 'unknown']);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(scopes.has(addressScope(text))).toBe(true);
    }),
  );
});

test('the segments of an address are its /16, its /24 and itself, and lose nothing', () => {
  expect(addressSegments('203.0.113.10')).toEqual(['203.0', '113', '10']);
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (address) => {
      expect(addressSegments(address).join('.')).toBe(address);
    }),
  );
});

test('an IPv6 address is one segment and is never generalised', () => {
  expect(addressSegments('2001:db8::1')).toEqual(['2001:db8::1']);
});

test('an ephemeral port says nothing, a service port is itself, an unknown one is a question', () => {
  expect(portText(EPHEMERAL_PORT_MIN)).toBe('ephemeral');
  expect(portText(EPHEMERAL_PORT_MIN - 1)).toBe('32767');
  expect(portText(0)).toBe('0');
  expect(portText(-1)).toBe('?');
});
