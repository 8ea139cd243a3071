import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { KubeApi } from '../../../collector/testing/kube-api.ts';
import { writeKubeconfig } from '../../../collector/testing/kubeconfig.ts';
import { Admin } from '../../kube/admin.ts';
import { startControlPlane } from '../../kube/control-plane.ts';
import { COLLECTOR, RBAC_FILES, shipped } from '../../kube/shipped-rbac.ts';
import { placeInCluster, placeInDouble } from '../../response/workload.ts';
import type { Placed } from '../../response/workload.ts';
import { BENCH_NAMESPACE } from './marks.ts';

/** The double in this process, or a real API server under the roles that are shipped. */
export type ApiServer = {
  readonly kubeconfig: string;
  /** Gives back its uid: the one that is asked for, where the server lets one ask. */
  place(placed: Placed, uid: string | undefined): Promise<string>;
  stop(): Promise<void>;
};

export const openApiServer = (folder: string, isReal: boolean): Promise<ApiServer> =>
  isReal ? openReal(folder) : openDouble(folder);

async function openDouble(folder: string): Promise<ApiServer> {
  const api = new KubeApi();
  const kubeconfig = writeKubeconfig(folder, await api.start());
  return {
    kubeconfig,
    place: async (placed, uid = randomUUID()) => {
      placeInDouble(api, placed, uid);
      return uid;
    },
    stop: () => api.stop(),
  };
}

async function openReal(folder: string): Promise<ApiServer> {
  const plane = await startControlPlane();
  const admin = new Admin(plane.kubeconfig);
  for (const file of RBAC_FILES) {
    for (const object of shipped(file)) await admin.ensure(object);
  }
  await admin.namespace(BENCH_NAMESPACE);
  const kubeconfig = join(folder, 'kubeconfig');
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, await admin.token(COLLECTOR), { mode: 0o600 });
  const { caData, server } = admin;
  writeFileSync(kubeconfig, JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': caData } }],
    users: [{ name: 'u', user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }), { mode: 0o600 });
  return {
    kubeconfig,
    place: (placed) => placeInCluster(admin, placed),
    stop: () => plane.stop(),
  };
}
