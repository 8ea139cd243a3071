import Type from 'typebox';
import { Value } from 'typebox/value';

/**
 * The cluster as far as policies need it, from the API server (`object-lists.ts`, where the role
 * allows it) or from what `kubectl get pods,services,endpointslices,nodes,namespaces -A -o json`
 * prints. Since when a pod has its address is kept with it, because addresses are given out again.
 *
 * Objects of other kinds are passed over; one that is not as Kubernetes writes it is refused with
 * its place. Bound: `OBJECTS_MAX`.
 */
export const OBJECTS_MAX = 200_000;

export type Labels = Readonly<Record<string, string>>;

/** When an object had its addresses. */
export type AddressTime = {
  readonly uid: string;
  /** 0 where nothing says it: who handed the objects over vouches for them. */
  readonly sinceMs: number;
  /** `Infinity` while it has them. */
  readonly untilMs: number;
};

export type PodObject = AddressTime & {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** `ReplicaSet/web-6d4b`, `Job/report-28`; empty for a pod of its own. */
  readonly owner: string;
  readonly addresses: readonly string[];
  readonly nodeName: string;
  readonly isHostNetwork: boolean;
  readonly containers: readonly ContainerObject[];
};

export type ContainerObject = {
  readonly name: string;
  /** As in the spec: `registry/repository:tag` or `…@sha256:…`. */
  readonly image: string;
  /** `sha256:…` as the runtime resolved it; empty before it did. */
  readonly digest: string;
  readonly ports: readonly NamedPort[];
};

export type NamedPort = { readonly name: string; readonly port: number; readonly protocol: string };

export type ServiceObject = AddressTime & {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  /** Null where endpoints are made by hand. */
  readonly selector: Labels | null;
  readonly isFromOutside: boolean;
  readonly ports: readonly ServicePort[];
};

export type ServicePort = {
  readonly port: number;
  readonly protocol: string;
  readonly target: number | string;
};

export type EndpointObject = {
  readonly namespace: string;
  readonly service: string;
  readonly addresses: readonly string[];
  readonly ports: readonly { readonly port: number; readonly protocol: string }[];
};

export type ClusterObjects = {
  readonly pods: readonly PodObject[];
  readonly services: readonly ServiceObject[];
  readonly endpoints: readonly EndpointObject[];
  /** Name → addresses. */
  readonly nodes: ReadonlyMap<string, readonly string[]>;
  readonly namespaces: ReadonlyMap<string, Labels>;
};

const Text = Type.String({ maxLength: 4_096 });
const Strings = Type.Record(Type.String(), Text);
const optional = Type.Optional;
const Port = Type.Integer({ minimum: 0, maximum: 65_535 });

const Meta = Type.Object({
  name: Text,
  namespace: optional(Text),
  uid: optional(Text),
  creationTimestamp: optional(Text),
  labels: optional(Strings),
  ownerReferences: optional(Type.Array(Type.Object({
    kind: Text, name: Text, controller: optional(Type.Boolean()),
  }))),
});
const Container = Type.Object({
  name: Text,
  image: optional(Text),
  ports: optional(Type.Array(Type.Object({
    name: optional(Text), containerPort: Port, protocol: optional(Text),
  }))),
});
const Ran = Type.Object({ startedAt: optional(Text), finishedAt: optional(Text) });
const Status = Type.Object({
  name: Text,
  imageID: optional(Text),
  state: optional(Type.Object({ running: optional(Ran), terminated: optional(Ran) })),
});
const schemas = {
  Pod: Type.Object({
    metadata: Meta,
    spec: Type.Object({
      nodeName: optional(Text),
      hostNetwork: optional(Type.Boolean()),
      containers: Type.Array(Container),
      initContainers: optional(Type.Array(Container)),
    }),
    status: optional(Type.Object({
      phase: optional(Text),
      conditions: optional(Type.Array(Type.Object({
        type: Text, status: Text, lastTransitionTime: optional(Type.Union([Text, Type.Null()])),
      }))),
      podIP: optional(Text),
      podIPs: optional(Type.Array(Type.Object({ ip: Text }))),
      containerStatuses: optional(Type.Array(Status)),
      initContainerStatuses: optional(Type.Array(Status)),
    })),
  }),
  Service: Type.Object({
    metadata: Meta,
    spec: Type.Object({
      type: optional(Text),
      clusterIP: optional(Text),
      clusterIPs: optional(Type.Array(Text)),
      externalIPs: optional(Type.Array(Text)),
      selector: optional(Strings),
      ports: optional(Type.Array(Type.Object({
        port: Port, protocol: optional(Text), targetPort: optional(Type.Union([Port, Text])),
      }))),
    }),
  }),
  EndpointSlice: Type.Object({
    metadata: Meta,
    endpoints: optional(Type.Union([Type.Null(), Type.Array(Type.Object({
      addresses: optional(Type.Array(Text)),
    }))])),
    ports: optional(Type.Union([Type.Null(), Type.Array(Type.Object({
      port: optional(Port), protocol: optional(Text),
    }))])),
  }),
  Node: Type.Object({
    metadata: Meta,
    status: optional(Type.Object({
      addresses: optional(Type.Array(Type.Object({ address: Text }))),
    })),
  }),
  Namespace: Type.Object({ metadata: Meta }),
};
type Kind = keyof typeof schemas;
type Of<K extends Kind> = Type.Static<(typeof schemas)[K]>;

export type ObjectKind = Kind;
export const objectKinds: readonly ObjectKind[] =
  ['Pod', 'Service', 'EndpointSlice', 'Node', 'Namespace'];

export type ReadObjects =
  | { readonly ok: true; readonly objects: ClusterObjects }
  | { readonly ok: false; readonly reason: 'not-a-list' | 'too-many' | 'not-as-kubernetes-writes';
    readonly detail: string };

export function readObjects(value: unknown): ReadObjects {
  const items = (value as { items?: unknown } | null)?.items ?? value;
  if (!Array.isArray(items)) {
    return { ok: false, reason: 'not-a-list', detail: 'this is not a list of objects' };
  }
  if (items.length > OBJECTS_MAX) {
    return { ok: false, reason: 'too-many', detail: `${items.length} objects` };
  }
  const read = new ObjectReading();
  for (const [index, item] of items.entries()) {
    const kind = (item as { kind?: unknown } | null)?.kind;
    if (typeof kind !== 'string' || !Object.hasOwn(schemas, kind)) continue;
    const problem = read.add(kind as Kind, item);
    if (problem !== undefined) {
      return { ok: false, reason: 'not-as-kubernetes-writes', detail: `items[${index}]${problem}` };
    }
  }
  return { ok: true, objects: read };
}

/** What objects say of themselves, one after the other. */
export class ObjectReading implements ClusterObjects {
  readonly pods: PodObject[] = [];
  readonly services: ServiceObject[] = [];
  readonly endpoints: EndpointObject[] = [];
  readonly nodes = new Map<string, readonly string[]>();
  readonly namespaces = new Map<string, Labels>();

  get count(): number {
    const { pods, services, endpoints, nodes, namespaces } = this;
    return pods.length + services.length + endpoints.length + nodes.size + namespaces.size;
  }

  /** What is wrong with the object, and where; undefined when it was taken. */
  add(kind: Kind, item: unknown): string | undefined {
    const schema = schemas[kind];
    if (!Value.Check(schema, item)) {
      const [first] = Value.Errors(schema, item);
      return `${first?.instancePath ?? ''}: ${first?.message ?? 'not valid'}`;
    }
    this.#take(kind, item);
    return undefined;
  }

  /** A list that is begun anew takes nothing twice. */
  forget(kind: Kind): void {
    switch (kind) {
      case 'Pod':
        this.pods.length = 0;
        return;
      case 'Service':
        this.services.length = 0;
        return;
      case 'EndpointSlice':
        this.endpoints.length = 0;
        return;
      case 'Node':
        this.nodes.clear();
        return;
      case 'Namespace':
        this.namespaces.clear();
    }
  }

  #take(kind: Kind, item: unknown): void {
    switch (kind) {
      case 'Pod':
        this.pods.push(podOf(item as Of<'Pod'>));
        return;
      case 'Service':
        this.services.push(serviceOf(item as Of<'Service'>));
        return;
      case 'EndpointSlice':
        this.endpoints.push(endpointOf(item as Of<'EndpointSlice'>));
        return;
      case 'Node': {
        const { metadata, status } = item as Of<'Node'>;
        this.nodes.set(metadata.name, (status?.addresses ?? []).map(({ address }) => address));
        return;
      }
      case 'Namespace': {
        const { metadata } = item as Of<'Namespace'>;
        this.namespaces.set(metadata.name, metadata.labels ?? {});
      }
    }
  }
}

function podOf({ metadata, spec, status }: Of<'Pod'>): PodObject {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const states = [...status?.initContainerStatuses ?? [], ...status?.containerStatuses ?? []];
  const digests = new Map(states.map(({ name, imageID }) =>
    [name, /sha256:[0-9a-f]{64}$/.exec(imageID ?? '')?.[0] ?? '']));
  const addresses = status?.podIPs?.map(({ ip }) => ip) ?? [status?.podIP ?? ''];
  return {
    uid: metadata.uid ?? '',
    ...podTime(status),
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    labels: metadata.labels ?? {},
    owner: owner === undefined ? '' : `${owner.kind}/${owner.name}`,
    addresses: addresses.filter((address) => address !== ''),
    nodeName: spec.nodeName ?? '',
    isHostNetwork: spec.hostNetwork === true,
    containers: [...spec.initContainers ?? [], ...spec.containers].map((container) => ({
      name: container.name,
      image: container.image ?? '',
      digest: digests.get(container.name) ?? '',
      ports: (container.ports ?? []).map(({ name, containerPort, protocol }) =>
        ({ name: name ?? '', port: containerPort, protocol: protocol ?? 'TCP' })),
    })),
  };
}

/**
 * A pod has its address from when its sandbox was ready (or, in what is older than Kubernetes 1.29,
 * from when the first of its containers ran) until all that it ran has ended: its status keeps the
 * address afterwards, while the next pod has it.
 */
function podTime(status: Of<'Pod'>['status']): Pick<AddressTime, 'sinceMs' | 'untilMs'> {
  const ready = (status?.conditions ?? []).find(({ type, status: is }) =>
    type === 'PodReadyToStartContainers' && is === 'True')?.lastTransitionTime;
  const states = [...status?.initContainerStatuses ?? [], ...status?.containerStatuses ?? []]
    .map(({ state }) => state?.running ?? state?.terminated ?? {});
  const started = states.map(({ startedAt }) => msOf(startedAt)).filter((ms) => ms > 0);
  const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  const ended = states.map(({ finishedAt }) => msOf(finishedAt));
  const earliest = started.length === 0 ? 0 : Math.min(...started);
  return {
    sinceMs: msOf(ready ?? undefined) || earliest,
    untilMs: hasEnded ? Math.max(0, ...ended) : Infinity,
  };
}

const msOf = (time: string | undefined): number => Date.parse(time ?? '') || 0;

function serviceOf({ metadata, spec }: Of<'Service'>): ServiceObject {
  const cluster = spec.clusterIPs ?? [spec.clusterIP ?? ''];
  return {
    uid: metadata.uid ?? '',
    // A cluster address is given with the object and never changed.
    sinceMs: msOf(metadata.creationTimestamp),
    untilMs: Infinity,
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    addresses: [...cluster, ...spec.externalIPs ?? []]
      .filter((address) => address !== '' && address !== 'None'),
    selector: Object.keys(spec.selector ?? {}).length === 0 ? null : spec.selector ?? null,
    isFromOutside: spec.type === 'NodePort' || spec.type === 'LoadBalancer',
    ports: (spec.ports ?? []).map(({ port, protocol, targetPort }) =>
      ({ port, protocol: protocol ?? 'TCP', target: targetPort ?? port })),
  };
}

const endpointOf = ({ metadata, endpoints, ports }: Of<'EndpointSlice'>): EndpointObject => ({
  namespace: metadata.namespace ?? 'default',
  service: metadata.labels?.['kubernetes.io/service-name'] ?? '',
  addresses: (endpoints ?? []).flatMap(({ addresses }) => addresses ?? []),
  ports: (ports ?? []).flatMap(({ port, protocol }) =>
    (port === undefined ? [] : [{ port, protocol: protocol ?? 'TCP' }])),
});
