import type { KubeObject } from '../kube/admin.ts';
import { named, parsedSettings, workloadsOf } from './rendering.ts';
import type { Container, Program, Workload } from './rendering.ts';

/**
 * What no schema sees: that the objects of one rendering fit each other. Each check returns what is
 * wrong, in words.
 */
type Labels = Readonly<Record<string, string>>;

const COMMON_LABELS = [
  'helm.sh/chart', 'app.kubernetes.io/name', 'app.kubernetes.io/instance',
  'app.kubernetes.io/version', 'app.kubernetes.io/managed-by', 'app.kubernetes.io/part-of',
];

export function inconsistencies(
  objects: readonly KubeObject[],
  values: unknown,
): readonly string[] {
  return [
    ...doubles(objects),
    ...missingLabels(objects),
    ...selectors(objects),
    ...references(objects, values),
    ...ports(objects),
    ...paths(objects),
  ];
}

function doubles(objects: readonly KubeObject[]): readonly string[] {
  const ids = objects.map(({ kind, metadata }) =>
    `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
  return ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `${id} is there twice`);
}

function missingLabels(objects: readonly KubeObject[]): readonly string[] {
  return objects.filter(({ metadata }) => metadata['labels'] !== undefined ||
    !metadata.name.startsWith('extra')).flatMap(({ kind, metadata }) => {
    const labels = (metadata['labels'] ?? {}) as Labels;
    return COMMON_LABELS.filter((label) => !labels[label])
      .map((label) => `${kind} ${metadata.name} has no label ${label}`);
  });
}

/** Whatever selects pods of ours selects those of exactly one workload. */
function selectors(objects: readonly KubeObject[]): readonly string[] {
  const workloads = workloadsOf(objects);
  const problems = workloads
    .filter(({ selector, template }) => !isSelected(template.metadata.labels, selector))
    .map(({ kind, name }) => `${kind} ${name} does not select its own pods`);
  for (const object of objects) {
    const selector = podSelectorOf(object);
    if (selector === undefined) continue;
    const found = workloads.filter(({ template }) =>
      isSelected(template.metadata.labels, selector));
    if (found.length !== 1) {
      problems.push(`${object.kind} ${object.metadata.name} selects ${found.length} workloads`);
    }
  }
  return problems;
}

function podSelectorOf(object: KubeObject): Labels | undefined {
  const spec = object['spec'] as {
    readonly selector?: Labels & { readonly matchLabels?: Labels };
    readonly podSelector?: { readonly matchLabels: Labels };
  } | undefined;
  switch (object.kind) {
    case 'Service': return spec?.selector;
    case 'NetworkPolicy': return spec?.podSelector?.matchLabels;
    case 'PodDisruptionBudget':
    case 'PodMonitor': return spec?.selector?.matchLabels;
    default: return undefined;
  }
}

const isSelected = (labels: Labels, selector: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

/** Every name that an object uses is one of the rendering, or stands in the values. */
function references(objects: readonly KubeObject[], values: unknown): readonly string[] {
  const given = new Set(stringsIn(values));
  const issued = objects.filter(({ kind }) => kind === 'Certificate')
    .map(({ spec }) => (spec as { secretName: string }).secretName);
  const isThere = (kind: string, name: string): boolean =>
    named(objects, kind, name) !== undefined || given.has(name) ||
    (kind === 'Secret' && issued.includes(name));
  return objects.flatMap((object) => referencesOf(object)
    .filter(([kind, name]) => !isThere(kind, name))
    .map(([kind, name]) =>
      `${object.kind} ${object.metadata.name} names ${kind} ${name}, which is not there`));
}

type Reference = readonly [kind: string, name: string];

function referencesOf(object: KubeObject): readonly Reference[] {
  const spec = object['spec'] as Readonly<Record<string, unknown>>;
  switch (object.kind) {
    case 'DaemonSet':
    case 'Deployment':
    case 'StatefulSet': return workloadReferences(object);
    case 'ClusterRoleBinding':
    case 'RoleBinding': {
      const { roleRef, subjects } = object as unknown as {
        readonly roleRef: { readonly kind: string; readonly name: string };
        readonly subjects: readonly { readonly kind: string; readonly name: string }[];
      };
      return [roleRef, ...subjects].map(({ kind, name }) => [kind, name]);
    }
    case 'HorizontalPodAutoscaler': {
      const { kind, name } = spec['scaleTargetRef'] as { kind: string; name: string };
      return [[kind, name]];
    }
    case 'ValidatingAdmissionPolicyBinding':
      return [['ValidatingAdmissionPolicy', spec['policyName'] as string]];
    case 'Certificate': {
      const { kind, name } = spec['issuerRef'] as { kind: string; name: string };
      return [[kind, name]];
    }
    case 'Ingress':
      return [...JSON.stringify(spec).matchAll(/"service":\{"name":"([^"]+)"/g)]
        .map(([, name = '']) => ['Service', name]);
    case 'ServiceMonitor':
      return [...JSON.stringify(spec).matchAll(/"secret":\{[^}]*"name":"([^"]+)"/g)]
        .map(([, name = '']) => ['Secret', name]);
    default: return [];
  }
}

function workloadReferences(object: KubeObject): readonly Reference[] {
  const [workload] = workloadsOf([object]);
  if (workload === undefined) return [];
  const { serviceAccountName, volumes, containers: [container] } = workload.template.spec;
  const { serviceName } = object['spec'] as { readonly serviceName?: string };
  return [
    ['ServiceAccount', serviceAccountName],
    ...volumes.flatMap(({ secret, configMap }): readonly Reference[] => [
      ...secret === undefined ? [] : [['Secret', secret.secretName] as const],
      ...configMap === undefined ? [] : [['ConfigMap', configMap.name] as const],
    ]),
    ...(container.env ?? []).flatMap(({ valueFrom }): readonly Reference[] =>
      valueFrom?.secretKeyRef === undefined ? [] : [['Secret', valueFrom.secretKeyRef.name]]),
    ...serviceName === undefined ? [] : [['Service', serviceName] as const],
  ];
}

/** Ports are called by the names that a container gives them. */
function ports(objects: readonly KubeObject[]): readonly string[] {
  const workloads = workloadsOf(objects);
  const problems: string[] = [];
  const known = new Set(workloads.flatMap(({ template }) =>
    template.spec.containers[0].ports.map(({ name }) => name)));
  for (const { kind, name, template } of workloads) {
    const [container] = template.spec.containers;
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      const port = (container[probe] as { httpGet: { port: string } } | undefined)?.httpGet.port;
      const own = container.ports.map((one) => one.name);
      if (port !== undefined && !own.includes(port)) {
        problems.push(`${kind} ${name}: ${probe} of a port ${port} that it does not have`);
      }
    }
  }
  for (const { kind, metadata, spec } of objects) {
    if (!['Service', 'NetworkPolicy', 'PodMonitor', 'ServiceMonitor'].includes(kind)) continue;
    // A Service's own port has a number; what stands in quotes is a name.
    const used = [...JSON.stringify(spec).matchAll(/"(?:targetPort|port)":"([^"]+)"/g)];
    for (const [, port = ''] of used) {
      if (!known.has(port)) problems.push(`${kind} ${metadata.name} names port ${port}`);
    }
  }
  return problems;
}

/** What the settings of a program name stands below something that is mounted. */
function paths(objects: readonly KubeObject[]): readonly string[] {
  return workloadsOf(objects).flatMap((workload) => {
    const [container] = workload.template.spec.containers;
    const program: Program = container.name === 'agent' ? 'agent' : 'collector';
    const mounted = container.volumeMounts.map(({ mountPath }) => mountPath);
    const used = stringsIn(parsedSettings(objects, program))
      .map((text) => text.replace(/^unix:\/\//, ''))
      .filter((text) => /^\/(etc|run|var|host)\//.test(text));
    return [
      ...unbackedMounts(workload, container),
      ...used.filter((path) => !mounted.some((folder) => path.startsWith(`${folder}/`) ||
        path === folder)).map((path) => `${program}: ${path} is not mounted`),
    ];
  });
}

function unbackedMounts(workload: Workload, container: Container): readonly string[] {
  const volumes = [...workload.template.spec.volumes.map(({ name }) => name), ...workload.claims];
  const mounts = container.volumeMounts.map(({ name }) => name);
  return [
    ...mounts.filter((name) => !volumes.includes(name))
      .map((name) => `${workload.name} mounts ${name}, which is no volume of it`),
    ...volumes.filter((name) => !mounts.includes(name))
      .map((name) => `${workload.name} has volume ${name}, which it does not mount`),
  ];
}

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsIn);
}
