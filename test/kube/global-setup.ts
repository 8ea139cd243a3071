import { KubeConfig, VersionApi } from '@kubernetes/client-node';
import type { TestProject } from 'vitest/node';

import { Admin } from './admin.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { RBAC_FILES, shipped } from './shipped-rbac.ts';

/**
 * A control plane of our own, or the cluster of `TEST_KUBECONFIG`, and in it the shipped roles. The
 * variable is not called KUBECONFIG: many have that set to their production cluster, and tests must
 * not go there by accident.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_KUBECONFIG'] ?? '';
  const plane = given === '' ? await startControlPlane() : await useCluster(given);
  process.stdout.write(`kube-apiserver ${plane.version}\n`);
  const admin = new Admin(plane.kubeconfig);
  for (const file of RBAC_FILES) {
    for (const object of shipped(file)) await admin.ensure(object);
  }
  project.provide('kubeconfig', plane.kubeconfig);
  project.provide('etcdUrl', plane.etcdUrl);
  project.provide('tokenKeyFile', plane.tokenKeyFile);
  return async () => {
    await admin.cleanUp();
    await plane.stop();
  };
}

async function useCluster(kubeconfig: string): Promise<ControlPlane> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const { gitVersion: version } = await config.makeApiClient(VersionApi).getCode();
  return { kubeconfig, version, etcdUrl: '', tokenKeyFile: '', stop: async () => undefined };
}
