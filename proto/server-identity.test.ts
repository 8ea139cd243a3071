import type { PeerCertificate } from 'node:tls';
import { expect, test } from 'vitest';
import { serverIdentity } from './server-identity.ts';

const withAddress = (ip: string): PeerCertificate =>
  ({ subject: { CN: 'x' }, subjectaltname: `IP Address:${ip}, DNS:x` }) as PeerCertificate;

test.each([
  ['10.0.0.7:5060', '10.0.0.7', '10.0.0.8'],
  ['[fd00::7]:5060', 'FD00::7', 'FD00::8'],
])('%s is believed with its own address in the certificate only', (address, own, other) => {
  const { channel, verify } = serverIdentity(address);
  expect(channel['grpc.ssl_target_name_override']).toBe('address.invalid');
  expect(verify.checkServerIdentity?.('address.invalid', withAddress(own))).toBeUndefined();
  expect(verify.checkServerIdentity?.('address.invalid', withAddress(other))).toBeInstanceOf(Error);
});

test('a name is checked by grpc-js itself, and a given name wins', () => {
  expect(serverIdentity('collector.example:443')).toEqual({ channel: {}, verify: {} });
  expect(serverIdentity('10.0.0.7:443', 'collector.example')).toEqual({
    channel: { 'grpc.ssl_target_name_override': 'collector.example' },
    verify: {},
  });
});
