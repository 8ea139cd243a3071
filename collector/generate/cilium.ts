import type { Value } from './artefact-text.ts';
import type { LabelSelector, NetworkPolicy, PolicyPeer, PolicyPort } from './network-policy.ts';

/**
 * The same rules as `cilium.io/v2`. Where they differ: Cilium does not apply CIDR rules to pods and
 * nodes that it manages, so nodes are the entities `host` and `remote-node`, which are always let
 * in where the outside is.
 */
export function ciliumOf({ metadata, spec }: NetworkPolicy): Value {
  const { podSelector, ingress = [], egress = [] } = spec;
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { ...metadata, labels: { ...metadata.labels },
      annotations: { ...metadata.annotations } },
    spec: {
      endpointSelector: selectorOf(podSelector),
      // An empty rule allows nothing, and closes the direction.
      ingress: ingress.length === 0 ? [{}] : ingress.flatMap(({ from, ports }) =>
        rulesOf('from', from ?? [], ports ?? [])),
      egress: egress.length === 0 ? [{}] : egress.flatMap(({ to, ports }) =>
        rulesOf('to', to ?? [], ports ?? [])),
    },
  } as Value;
}

function rulesOf(
  direction: 'from' | 'to',
  peers: readonly PolicyPeer[],
  ports: readonly PolicyPort[],
): readonly Value[] {
  const endpoints = peers.flatMap((peer) => ('ipBlock' in peer ? [] : [endpointOf(peer)]));
  const ranges = peers.flatMap((peer) => ('ipBlock' in peer
    ? [{ cidr: peer.ipBlock.cidr,
      ...peer.ipBlock.except === undefined ? {} : { except: peer.ipBlock.except } }]
    : []));
  const isFromOutside = direction === 'from' && ranges.some(({ cidr }) => cidr === '0.0.0.0/0');
  const toPorts = [{ ports: ports.map(({ protocol, port, endPort }) => ({
    port: String(port ?? 0),
    protocol,
    ...endPort === undefined ? {} : { endPort },
  })) }];
  return [
    ...endpoints.length === 0 ? [] : [{ [`${direction}Endpoints`]: endpoints, toPorts }],
    ...ranges.length === 0 ? [] : [{ [`${direction}CIDRSet`]: ranges, toPorts }],
    ...isFromOutside ? [{ fromEntities: ['host', 'remote-node'], toPorts }] : [],
  ] as readonly Value[];
}

function endpointOf({ podSelector, namespaceSelector }: Exclude<PolicyPeer, { ipBlock: unknown }>) {
  const namespace = namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'];
  return {
    matchLabels: {
      ...podSelector?.matchLabels,
      ...namespace === undefined ? {} : { 'k8s:io.kubernetes.pod.namespace': namespace },
    },
  };
}

const selectorOf = ({ matchLabels, matchExpressions }: LabelSelector) => ({
  ...matchLabels === undefined ? {} : { matchLabels },
  ...matchExpressions === undefined ? {} : { matchExpressions },
});
