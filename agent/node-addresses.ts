import { isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { NODE_ADDRESSES_MAX } from '../proto/lanner/v1/bounds.ts';

/**
 * What the node is called outside the cluster: as Kubernetes says it, or else what its interfaces
 * have, without those that only pods are behind. In a pod with a network of its own the interfaces
 * are the pod's, so that in a cluster Kubernetes' word is the one to give.
 */
const OF_PODS = new RegExp('^(lo|veth|cali|cilium|lxc|cni|docker|br-|flannel|vxlan|kube|' +
  'nodelocaldns|tunl|weave|genev|ovn)');

export function nodeAddresses(
  said: string,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>,
): readonly string[] {
  const given = said.split(',').map((text) => text.trim()).filter((text) => isIP(text) !== 0);
  if (given.length > 0) return [...new Set(given)].slice(0, NODE_ADDRESSES_MAX);
  const own = Object.entries(interfaces)
    .filter(([name]) => !OF_PODS.test(name))
    .flatMap(([, infos]) => infos ?? [])
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .map(({ address }) => address);
  return [...new Set(own)].slice(0, NODE_ADDRESSES_MAX);
}
