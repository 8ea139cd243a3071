import type { ClusterObjects, ContainerObject, Labels, PodObject } from '../kube/cluster-objects.ts';
import type { Learned } from './learned.ts';

/** Pods that one policy can select together, and the profiles of what runs in them. */
export type Workload = {
  readonly namespace: string;
  readonly name: string;
  /** What all its pods have and no rollout changes. */
  readonly labels: Labels;
  readonly pods: readonly PodObject[];
  readonly profiles: readonly Learned[];
  /** Containers of whose image no profile is known. */
  readonly unknownImages: readonly string[];
  readonly isHostNetwork: boolean;
};

/** Made by controllers, another for each pod or each rollout. */
const VOLATILE = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
  'job-name',
  'batch.kubernetes.io/job-name',
  'batch.kubernetes.io/job-completion-index',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
]);

export const stableLabels = (labels: Labels): Labels => Object.fromEntries(Object.entries(labels)
  // Lanner's own come with an isolation, and go with it.
  .filter(([key]) => !VOLATILE.has(key) && !key.startsWith('lanner.dev/'))
  .toSorted(([a], [b]) => (a < b ? -1 : 1)));

export function workloadsOf(
  objects: ClusterObjects,
  profiles: readonly Learned[],
): readonly Workload[] {
  const groups = new Map<string, PodObject[]>();
  for (const pod of objects.pods) {
    const key = `${pod.namespace}/${workloadName(pod)}\n${JSON.stringify(stableLabels(pod.labels))}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [pod]);
    else group.push(pod);
  }
  const book = new ProfileIndex(profiles);
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, pods]) => workloadOf(pods, book));
}

function workloadOf(pods: readonly PodObject[], book: ProfileIndex): Workload {
  const [first] = pods as readonly [PodObject, ...PodObject[]];
  const { namespace, labels } = first;
  const name = workloadName(first);
  const found = new Map<string, Learned>();
  const unknown = new Set<string>();
  for (const container of pods.flatMap(({ containers }) => containers)) {
    const learned = book.find(container, `${namespace}/${name}`);
    if (learned === undefined) unknown.add(container.image);
    else found.set(learned.key, learned);
  }
  return {
    namespace,
    name,
    labels: stableLabels(labels),
    pods,
    profiles: [...found.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    unknownImages: [...unknown].toSorted(),
    isHostNetwork: pods.some(({ isHostNetwork }) => isHostNetwork),
  };
}

/** `web` of ReplicaSet `web-6d4b9`, `report` of Job `report-28`, else who owns it or itself. */
export function workloadName({ owner, name, labels }: PodObject): string {
  const [kind = '', ownerName = ''] = owner.split('/');
  if (ownerName === '') return name;
  const hash = labels['pod-template-hash'];
  if (kind === 'ReplicaSet' && hash !== undefined && ownerName.endsWith(`-${hash}`)) {
    return ownerName.slice(0, -hash.length - 1);
  }
  // What a CronJob makes is named by the minute.
  return kind === 'Job' ? ownerName.replace(/-[0-9]+$/, '') : ownerName;
}

class ProfileIndex {
  readonly #byDigest = new Map<string, Learned[]>();
  readonly #byTag = new Map<string, Learned[]>();

  constructor(profiles: readonly Learned[]) {
    for (const learned of profiles) {
      const { repository, tag, digest } = learned.image;
      if (digest !== '') push(this.#byDigest, digest, learned);
      push(this.#byTag, `${repository}:${tag}`, learned);
    }
  }

  /** By digest; by tag only where the runtime has not said a digest yet. */
  find({ image, digest }: ContainerObject, workload: string): Learned | undefined {
    const pinned = digest === '' ? /sha256:[0-9a-f]{64}$/.exec(image)?.[0] ?? '' : digest;
    const found = pinned === '' ? this.#byTag.get(image) : this.#byDigest.get(pinned);
    return found?.find((one) => one.workload === workload) ??
      found?.find((one) => one.workload === '');
  }
}

function push(map: Map<string, Learned[]>, key: string, learned: Learned): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [learned]);
  else list.push(learned);
}
