import type { Labels } from '../kube/cluster-objects.ts';

/** `networking.k8s.io/v1` NetworkPolicy, as far as it is written and evaluated here. */
export type LabelSelector = {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
};

export type PolicyPeer =
  | { readonly podSelector?: LabelSelector; readonly namespaceSelector?: LabelSelector }
  | { readonly ipBlock: { readonly cidr: string; readonly except?: readonly string[] } };

export type PolicyPort = {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port?: number;
  readonly endPort?: number;
};

export type IngressRule = {
  readonly from?: readonly PolicyPeer[];
  readonly ports?: readonly PolicyPort[];
};
export type EgressRule = {
  readonly to?: readonly PolicyPeer[];
  readonly ports?: readonly PolicyPort[];
};

export type NetworkPolicy = {
  readonly apiVersion: 'networking.k8s.io/v1';
  readonly kind: 'NetworkPolicy';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Labels;
    readonly annotations: Labels;
  };
  readonly spec: {
    readonly podSelector: LabelSelector;
    readonly policyTypes: readonly ('Ingress' | 'Egress')[];
    readonly ingress?: readonly IngressRule[];
    readonly egress?: readonly EgressRule[];
  };
};
