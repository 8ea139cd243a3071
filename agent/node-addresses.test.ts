import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { nodeAddresses } from './node-addresses.ts';

const info = (address: string, internal = false): NetworkInterfaceInfo => ({
  address, internal, netmask: '', mac: '', cidr: null, family: 'IPv4',
});

test('what Kubernetes says is taken, and what is no address is not', () => {
  expect(nodeAddresses('10.0.3.7, 2001:db8::7,10.0.3.7,shop,', { eth0: [info('10.0.3.8')] }))
    .toEqual(['10.0.3.7', '2001:db8::7']);
});

test('without it, what the interfaces have that are not those of pods', () => {
  expect(nodeAddresses('', {
    lo: [info('127.0.0.1', true)],
    eth0: [info('10.0.3.7'), info('fe80::1'), info('2001:db8::7')],
    cni0: [info('10.244.0.1')],
    veth1234: [info('169.254.1.1')],
    cali1: [info('10.244.0.2')],
  })).toEqual(['10.0.3.7', '2001:db8::7']);
});
