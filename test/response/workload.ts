import { KubeApi } from '../../collector/testing/kube-api.ts';
import { Admin } from '../kube/admin.ts';
import type { Created, KubeObject } from '../kube/admin.ts';
import { pod, workload } from '../kube/objects.ts';

/**
 * A pod as one of three ready replicas of a Deployment, with the ReplicaSet between them: the
 * guardrails ask for all of that. In the API double, or in a real API server, which gives uids of
 * its own.
 */
export const REPLICAS = 3;

export type Placed = {
  readonly namespace: string;
  readonly name: string;
  readonly workload: string;
  readonly node: string;
};

const readyStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const counted = {
  replicas: REPLICAS,
  readyReplicas: REPLICAS,
  availableReplicas: REPLICAS,
  observedGeneration: 1,
};

export function placeInDouble(api: KubeApi, placed: Placed, uid: string): void {
  const { namespace, name, node } = placed;
  const add = (object: KubeObject, status: object): Created => {
    const made = api.add({ ...object, status });
    return { ...object, metadata: { ...object.metadata, uid: made } };
  };
  const deployment = add(deploymentOf(placed), counted);
  const replicaSet = add(replicaSetOf(placed, deployment), counted);
  const made = pod(namespace, name, { owner: replicaSet, spec: { nodeName: node } });
  api.add({ ...made, metadata: { ...made.metadata, uid }, status: readyStatus });
}

/** Gives back the pod's uid. */
export async function placeInCluster(admin: Admin, placed: Placed): Promise<string> {
  const { namespace, name, node } = placed;
  const add = async (object: KubeObject, status: object): Promise<Created> => {
    const created = await admin.create(object);
    await admin.patch(object, { status }, '/status');
    return created;
  };
  const deployment = await add(deploymentOf(placed), counted);
  const replicaSet = await add(replicaSetOf(placed, deployment), counted);
  const made = pod(namespace, name, { owner: replicaSet, spec: { nodeName: node } });
  return (await add(made, readyStatus)).metadata.uid;
}

const deploymentOf = ({ namespace, workload: name }: Placed): KubeObject =>
  workload('Deployment', namespace, name, { replicas: REPLICAS });

const replicaSetOf = ({ namespace, workload: name }: Placed, owner: Created): KubeObject =>
  workload('ReplicaSet', namespace, `${name}-7dm2bcfmj4`, { replicas: REPLICAS, owner });
