/**
 * How kubelet and runtimes name the cgroups of pods and containers. Pure; the kernel forbids line
 * breaks in such names, and what does not match is nobody's.
 *
 * - systemd driver: `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid with _>.
 *   slice/cri-containerd-<id>.scope` (`crio-`, `docker-`; kind puts `kubelet-` before `kubepods`)
 * - cgroupfs driver: `kubepods/burstable/pod<uid>/<id>`
 * - kubelet on systemd and containerd on cgroupfs, a common mistake that works:
 *   `system.slice/kubepods-burstable-pod<uid with _>.slice:cri-containerd:<id>`
 *
 * The first pod on the way down counts: a container that may make cgroups of its own can give
 * those below it any name it likes.
 */

/** The API server's UIDs; kubelet's own pods from files have a hash in their place. */
const UID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const STATIC_UID = /^[0-9a-f]{32}$/;
/** Falco shows the first 12 digits, the runtime has 64. */
const CONTAINER_ID = /^[0-9a-f]{12,64}$/;

const SLICE =
  '^(?:[a-z][a-z0-9-]*-)?kubepods(?:-burstable|-besteffort)?-pod([0-9a-f_]{32,36})\\.slice';
const POD_SLICE = new RegExp(`${SLICE}$`);
const POD_DIRECTORY = /^pod([0-9a-f-]{32,36})$/;
const POD_AND_CONTAINER = new RegExp(`${SLICE}:[a-z-]+:([0-9a-f]{64})$`);
const CONTAINER = /^(?:([a-z]+(?:-[a-z]+)*)-)?([0-9a-f]{64})(?:\.scope)?$/;
/** CRI-O's monitor of a container, under the same id: it is the node's, not the container's. */
const MONITOR = 'conmon';

export const isPodUid = (text: string): boolean => UID.test(text) || STATIC_UID.test(text);
export const isStaticPodUid = (text: string): boolean => STATIC_UID.test(text);
export const isContainerId = (text: string): boolean => CONTAINER_ID.test(text);

export type PodName = { readonly podUid: string; readonly containerId: string | null };

/** What one name on the way down says; `parent` is the name above it, empty at the top. */
export function podOf(name: string, parent: string): PodName | null {
  const both = POD_AND_CONTAINER.exec(name);
  if (both !== null) return named(both[1], both[2] ?? null);
  const slice = POD_SLICE.exec(name);
  if (slice !== null) return named(slice[1], null);
  if (!isQosDirectory(parent)) return null;
  return named(POD_DIRECTORY.exec(name)?.[1], null);
}

function named(found: string | undefined, containerId: string | null): PodName | null {
  const podUid = found?.replaceAll('_', '-') ?? '';
  return isPodUid(podUid) ? { podUid, containerId } : null;
}

/** `..` stands for it where the agent sees the tree from its own cgroup namespace. */
const isQosDirectory = (name: string): boolean =>
  name === 'kubepods' || name === 'burstable' || name === 'besteffort' || name === '..';

export function containerOf(name: string): string | null {
  const match = CONTAINER.exec(name);
  if (match === null || match[1]?.includes(MONITOR)) return null;
  return match[2] ?? null;
}

/** Where pods may be found; such directories are looked into first. */
export const leadsToPods = (name: string): boolean =>
  name.includes('kube') || name === 'burstable' || name === 'besteffort';

export type CgroupPlace = { readonly podUid: string; readonly containerId: string };

/** The container that a path of `/proc/<pid>/cgroup` lies in; null outside every container. */
export function placeOf(path: string): CgroupPlace | null {
  const names = path.split('/');
  for (const [index, name] of names.entries()) {
    const pod = podOf(name, names[index - 1] ?? '');
    if (pod === null) continue;
    const containerId = pod.containerId ?? containerOf(names[index + 1] ?? '');
    return containerId === null ? null : { podUid: pod.podUid, containerId };
  }
  return null;
}

/**
 * The container of a process by `/proc/<pid>/cgroup`, a line per hierarchy. Hierarchies that know
 * no pod are left out; two that name different containers mean that somebody moved the process,
 * and then it is nobody's.
 */
export function placeOfProcess(lines: string): CgroupPlace | null {
  let found: CgroupPlace | null = null;
  for (const line of lines.split('\n')) {
    const place = placeOf(/^[0-9]+:[^:]*:(.*)$/.exec(line)?.[1] ?? '');
    if (place === null) continue;
    if (found !== null && !isSamePlace(found, place)) return null;
    found = place;
  }
  return found;
}

const isSamePlace = (one: CgroupPlace, other: CgroupPlace): boolean =>
  one.podUid === other.podUid && one.containerId === other.containerId;
