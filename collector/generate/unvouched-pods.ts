import { severities } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import type { ClusterObjects, PodObject } from '../kube/cluster-objects.ts';
import type { Left } from './network.ts';

/**
 * Pods that no controller made open nothing where nobody vouches for the objects: whoever may make
 * one pod of an image that is known would have it taken for a client of the database. One that did
 * not alarm holds up the isolation of its namespace, since it would be cut off. What an intruder's
 * Deployment or Job starts is not told apart from anybody's: that is for whoever reads the policies.
 */
const ALARMING = severities.indexOf('medium');

export function vouchedPods(
  objects: ClusterObjects,
  alerts: readonly Alert[],
): { readonly vouched: ClusterObjects; readonly unvouched: readonly Left[] } {
  const alarmed = new Set(alerts.filter(({ severity }) =>
    severities.indexOf(severity) >= ALARMING).map(({ podUid }) => podUid));
  const isBare = ({ owner, isHostNetwork }: PodObject): boolean => owner === '' && !isHostNetwork;
  const { pods, services, endpoints, nodes, namespaces } = objects;
  return {
    vouched: { pods: pods.filter((pod) => !isBare(pod)), services, endpoints, nodes, namespaces },
    unvouched: pods.filter(isBare).map(({ namespace, name, uid }): Left => ({
      workload: `${namespace}/${name}`,
      ...alarmed.has(uid)
        ? { reason: 'alarmed-pod', value: 'no controller made it, and it alarmed: it opens nothing' }
        : { reason: 'bare-pod', value: 'no controller made it: it opens nothing' },
    })),
  };
}
