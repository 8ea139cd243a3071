import type { TestProject } from 'vitest/node';

import { Admin } from '../kube/admin.ts';
import { startControlPlane } from '../kube/control-plane.ts';
import { definitions } from './crds.ts';
import { findHelm } from './helm.ts';

declare module 'vitest' {
  interface ProvidedContext {
    helm: string;
    /** Of the API server, without the `v`. */
    kubeVersion: string;
  }
}

/** A control plane of our own, never a user's: whole releases come and go in it. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const helm = findHelm();
  const plane = await startControlPlane();
  process.stdout.write(`kube-apiserver ${plane.version}\n`);
  const admin = new Admin(plane.kubeconfig);
  for (const definition of definitions()) await admin.create(definition);
  project.provide('helm', helm);
  project.provide('kubeVersion', plane.version.replace(/^v/, ''));
  project.provide('kubeconfig', plane.kubeconfig);
  project.provide('etcdUrl', plane.etcdUrl);
  project.provide('tokenKeyFile', plane.tokenKeyFile);
  return () => plane.stop();
}
