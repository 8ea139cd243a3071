import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isWithin } from './cidr.ts';
import type { NetworkPolicy, PolicyPeer } from './network-policy.ts';
import { judge } from './network-semantics.ts';
import type { Connection, Endpoint } from './network-semantics.ts';

const NODE = '192.0.2.1';
const letter = fc.constantFrom('a', 'b', 'c');
const namespace = fc.constantFrom('x', 'y');
const address = fc.tuple(fc.constantFrom(1, 2), fc.integer({ min: 1, max: 4 }))
  .map(([net, host]) => `10.0.${net}.${host}`);

const podEnd = fc.record({ address, namespace, app: letter }).map(({ address, namespace, app }) => ({
  address,
  pod: {
    namespace,
    namespaceLabels: { 'kubernetes.io/metadata.name': namespace },
    labels: { app },
    nodeAddresses: [NODE],
  },
} satisfies Endpoint));
const end: fc.Arbitrary<Endpoint> =
  fc.oneof(podEnd, address.map((address) => ({ address, pod: null })));
const connection: fc.Arbitrary<Connection> = fc.record({
  source: end,
  destination: end,
  port: fc.integer({ min: 1, max: 4 }),
  protocol: fc.constantFrom('TCP', 'UDP'),
});

const peer: fc.Arbitrary<PolicyPeer> = fc.oneof(
  letter.map((app) => ({ podSelector: { matchLabels: { app } } })),
  fc.tuple(namespace, letter).map(([name, app]) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
    podSelector: { matchLabels: { app } },
  })),
  fc.constantFrom({ ipBlock: { cidr: '10.0.1.0/24' } },
    { ipBlock: { cidr: '10.0.0.0/16', except: ['10.0.2.0/24'] } }),
);
const ports = fc.array(fc.record({
  protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
  port: fc.integer({ min: 1, max: 4 }),
}), { maxLength: 2 });
const policy: fc.Arbitrary<NetworkPolicy> = fc.record({
  namespace,
  app: fc.option(letter),
  types: fc.constantFrom<('Ingress' | 'Egress')[]>(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
  ingress: fc.array(fc.record({ from: fc.array(peer, { maxLength: 2 }), ports }), { maxLength: 2 }),
  egress: fc.array(fc.record({ to: fc.array(peer, { maxLength: 2 }), ports }), { maxLength: 2 }),
}).map(({ namespace, app, types, ingress, egress }) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace, labels: {}, annotations: {} },
  spec: {
    podSelector: app === null ? {} : { matchLabels: { app } },
    policyTypes: types,
    ingress,
    egress,
  },
}));
const policies = fc.array(policy, { maxLength: 4 });
const allowed = (list: readonly NetworkPolicy[], one: Connection): boolean =>
  judge(list, one).isAllowed;

describe('what network policies let through', () => {
  test('everything where there are none', () => {
    fc.assert(fc.property(connection, (one) => allowed([], one)));
  });

  test('does not depend on their order', () => {
    fc.assert(fc.property(policies, connection, (list, one) =>
      allowed(list, one) === allowed(list.toReversed(), one)));
  });

  test('one more rule in a policy never denies', () => {
    fc.assert(fc.property(policies, policy, connection, (list, more, one) => {
      if (!allowed(list, one)) return true;
      return allowed(list.map((two) => ({ ...two, spec: {
        ...two.spec,
        ingress: [...two.spec.ingress ?? [], ...more.spec.ingress ?? []],
        egress: [...two.spec.egress ?? [], ...more.spec.egress ?? []],
      } })), one);
    }));
  });

  test('isolation of a namespace adds nothing to what its pods are allowed, and denies the rest', () => {
    const isolation = (namespace: string): NetworkPolicy => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'i', namespace, labels: {}, annotations: {} },
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    });
    fc.assert(fc.property(policies, connection, (list, one) => {
      const isolated = [...list, isolation('x'), isolation('y')];
      if (allowed(isolated, one) && !allowed(list, one)) return false;
      const hasPod = one.source.pod !== null || one.destination.pod !== null;
      return !hasPod || list.length > 0 || !allowed(isolated, one);
    }));
  });

  test('a policy without the direction, or of another namespace, changes nothing in it', () => {
    fc.assert(fc.property(policies, policy, podEnd, connection, (list, more, source, one) => {
      const isOther = more.metadata.namespace !== source.pod.namespace &&
        more.metadata.namespace !== one.destination.pod?.namespace;
      const from = { ...one, source };
      return !isOther || allowed([...list, more], from) === allowed(list, from);
    }));
  });

  test('the own node is never kept out', () => {
    fc.assert(fc.property(policies, podEnd, (list, destination) =>
      allowed(list, { source: { address: NODE, pod: null }, destination, port: 1, protocol: 'TCP' })));
  });

  test('an empty list of peers means everybody, a range of ports all of it', () => {
    const open: NetworkPolicy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'o', namespace: 'x', labels: {}, annotations: {} },
      spec: { podSelector: {}, policyTypes: ['Ingress'],
        ingress: [{ from: [], ports: [{ protocol: 'TCP', port: 10, endPort: 20 }] }] },
    };
    fc.assert(fc.property(podEnd, fc.integer({ min: 1, max: 30 }), (destination, port) => {
      const one = { source: { address: '8.8.8.8', pod: null }, destination, port } as const;
      const isOpen = destination.pod.namespace !== 'x' || (port >= 10 && port <= 20);
      return allowed([open], { ...one, protocol: 'TCP' }) === isOpen;
    }));
  });
});

describe('ranges of addresses', () => {
  test.each([
    ['10.1.2.3', '10.1.2.0/24', true],
    ['10.1.3.3', '10.1.2.0/24', false],
    ['10.1.2.3', '0.0.0.0/0', true],
    ['::ffff:10.1.2.3', '10.1.2.3/32', true],
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['2001:db8::1', '0.0.0.0/0', false],
    ['fd00::1', '::/0', true],
    ['nonsense', '0.0.0.0/0', false],
    ['10.1.2.3', '10.1.2.0/33', false],
    ['1::2::3', '::/0', false],
  ])('%s in %s: %s', (one, cidr, expected) => {
    expect(isWithin(one, cidr)).toBe(expected);
  });
});
