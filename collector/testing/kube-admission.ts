/** What an API server fills into an object before it stores it, as far as Lanner looks at it. */

/** An object as kubectl would apply it. */
export type Manifest = {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
};

type Admitted = {
  metadata: Record<string, unknown> & { name: string; namespace: string };
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
};

const DAEMON_SET_ANNOTATION = 'deprecated.daemonset.template.generation';

export function admit(manifest: Manifest): Admitted {
  const { kind, metadata, spec = {}, ...rest } = structuredClone(manifest);
  const object: Admitted = {
    ...rest,
    metadata: { ...metadata, namespace: metadata.namespace ?? '' },
    spec: spec as Record<string, unknown>,
  };
  dropEmptyMaps(object.metadata);
  switch (kind) {
    case 'Pod':
      object.spec = { serviceAccountName: 'default', ...object.spec };
      object.status ??= { phase: 'Pending' };
      break;
    case 'Service':
      object.spec = { type: 'ClusterIP', ...object.spec };
      break;
    case 'DaemonSet':
      object.metadata['annotations'] = {
        [DAEMON_SET_ANNOTATION]: '1',
        ...object.metadata['annotations'] as object | undefined,
      };
      object.metadata['generation'] ??= 1;
      break;
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
      object.metadata['generation'] ??= 1;
      break;
  }
  return object;
}

/** A map without entries is not on the wire: there is nothing to add an entry to. */
export function dropEmptyMaps(metadata: Record<string, unknown>): void {
  for (const key of ['labels', 'annotations']) {
    const map = metadata[key];
    if (typeof map === 'object' && map !== null && Object.keys(map).length === 0) {
      delete metadata[key];
    }
  }
}
