import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { networkPolicies } from '../../collector/generate/network.ts';
import { learnRecording } from '../../collector/generate/testing/recorded.ts';
import type { Recorded } from '../../collector/generate/testing/recorded.ts';
import { Cluster } from './cluster.ts';

/** What is generated from the recording, shown to a real API server without being kept. */
const cluster = new Cluster();
const NAMESPACES = ['shop', 'batch'];
let recorded: Recorded;

beforeAll(async () => {
  recorded = learnRecording();
  for (const name of NAMESPACES) await cluster.admin.namespace(name);
}, 180_000);

afterAll(() => cluster.close());

const generated = (namespace: string) => {
  const { policies, isolation } = networkPolicies(recorded.profiles, recorded.objects,
    { namespace, isIncompleteTaken: true });
  return [...policies, ...isolation === null ? [] : [isolation]];
};

describe('generated network policies', () => {
  test.each(NAMESPACES)('of %s: the API server takes each of them as it is', async (namespace) => {
    const policies = generated(namespace);
    expect(policies.length).toBeGreaterThan(1);
    for (const policy of policies) {
      const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies` +
        '?dryRun=All&fieldValidation=Strict';
      const { status, body } = await cluster.admin.send('POST', path, { value: policy });
      expect({ name: policy.metadata.name, status, body }).toMatchObject({ status: 201 });
      // An empty list of rules is dropped by the server: it means the same.
      const { podSelector, policyTypes } = policy.spec;
      expect(body).toMatchObject({ spec: { podSelector, policyTypes } });
    }
  });

  test('the dry run does refuse what is none', async () => {
    const [policy] = generated('shop');
    const wrong = { ...policy, spec: { ...policy?.spec, ingress: [{ from: [{ ipBlock: { cidr: 'x' } }] }] } };
    const path = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies?dryRun=All';
    const { status } = await cluster.admin.send('POST', path, { value: wrong });
    expect(status).toBe(422);
  });
});
