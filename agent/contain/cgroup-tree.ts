/**
 * Finds pods in the cgroup tree. Nothing is remembered: an agent that was restarted finds what it
 * froze before. The walk is bounded in depth and directories, looks where kubelet puts pods first,
 * and does not look below a pod for another one.
 */
import { containerOf, leadsToPods, podOf } from './cgroup-path.ts';
import type { KernelFiles } from './kernel-files.ts';

/** A node inside a container of a node is nine levels deep. */
export const DEPTH_MAX = 12;
/** Some hundred services and some hundred pods; each costs 10 to 20 µs. */
export const DIRECTORIES_MAX = 8_192;
export const CONTAINERS_PER_POD_MAX = 128;
export const PIDS_MAX = 4_096;
const PIDS_BYTES_MAX = 65_536;
/** Cgroups that a container made below its own. */
const CHILDREN_MAX = 1_024;

export type CgroupVersion = 1 | 2;

export type ContainerCgroup = {
  readonly version: CgroupVersion;
  /** All 64 digits. */
  readonly containerId: string;
  /** Below the root of the tree. */
  readonly path: string;
};

export type PodSearch =
  | { readonly kind: 'found'; readonly containers: readonly ContainerCgroup[] }
  | { readonly kind: 'absent' }
  /** Not found among the first `DIRECTORIES_MAX`. */
  | { readonly kind: 'too-large' };

export type Pids = {
  readonly pids: readonly number[];
  /** Processes that this agent cannot name: they are in a pid namespace it does not see. */
  readonly hidden: number;
  readonly isCut: boolean;
};

type Hierarchy = { readonly version: CgroupVersion; readonly path: string };
type FoundPod = {
  readonly podUid: string;
  readonly containers: () => readonly ContainerCgroup[];
};

export class CgroupTree {
  readonly files: KernelFiles;

  constructor(files: KernelFiles) {
    this.files = files;
  }

  /**
   * On a node with both versions mounted the freezer is version 1's where runtimes use it; a pod
   * that has no process there is looked for in version 2.
   */
  findPod(podUid: string): PodSearch {
    let empty: PodSearch = { kind: 'absent' };
    for (const hierarchy of this.#hierarchies()) {
      const found: ContainerCgroup[] = [];
      const isWhole = this.#walk(hierarchy, (pod) => {
        if (pod.podUid === podUid) found.push(...pod.containers());
        return pod.podUid === podUid;
      });
      if (found.length > 0) {
        const containers = found.slice(0, CONTAINERS_PER_POD_MAX);
        if (containers.some(({ path }) => this.hasProcess(path))) {
          return { kind: 'found', containers };
        }
        if (empty.kind !== 'found') empty = { kind: 'found', containers };
      } else if (!isWhole && empty.kind === 'absent') empty = { kind: 'too-large' };
    }
    return empty;
  }

  /** Every container of every pod, for a look over the node. */
  allContainers(max: number): readonly (ContainerCgroup & { readonly podUid: string })[] {
    const all: (ContainerCgroup & { readonly podUid: string })[] = [];
    for (const hierarchy of this.#hierarchies()) {
      this.#walk(hierarchy, ({ podUid, containers }) => {
        for (const container of containers()) {
          if (all.length < max) all.push({ ...container, podUid });
        }
        return all.length >= max;
      });
    }
    return all;
  }

  seesPods(): boolean {
    return this.allContainers(1).length > 0;
  }

  /** The control files can be written, as far as one can know without writing. */
  isWritable(): boolean {
    const hierarchies = this.#hierarchies();
    const isOpen = ({ path }: Hierarchy): boolean =>
      this.files.isWritable(below(path, 'cgroup.procs'));
    return hierarchies.length > 0 && hierarchies.every(isOpen);
  }

  hasProcess(path: string): boolean {
    const { pids, hidden } = this.pids(path, 1);
    return pids.length + hidden > 0;
  }

  /** Processes of a cgroup and of those below it. */
  pids(path: string, max: number = PIDS_MAX): Pids {
    const pids: number[] = [];
    let hidden = 0;
    let isCut = false;
    const waiting = [path];
    for (let seen = 0; waiting.length > 0; seen += 1) {
      const next = waiting.pop() ?? path;
      const text = this.files.readText(below(next, 'cgroup.procs'), PIDS_BYTES_MAX) ?? '';
      for (const pid of pidsOf(text)) {
        if (pid === 0) hidden += 1;
        else if (pids.length < max) pids.push(pid);
        else isCut = true;
      }
      if (seen >= CHILDREN_MAX || pids.length >= max) return { pids, hidden, isCut: true };
      for (const name of this.files.directories(next) ?? []) waiting.push(below(next, name));
    }
    return { pids, hidden, isCut };
  }

  #hierarchies(): readonly Hierarchy[] {
    const isVersion2 = (path: string): boolean =>
      this.files.read(below(path, 'cgroup.controllers'), 1) !== null;
    if (isVersion2('')) return [{ version: 2, path: '' }];
    const found: Hierarchy[] = [];
    if (this.files.read('freezer/cgroup.procs', 1) !== null) {
      found.push({ version: 1, path: 'freezer' });
    }
    if (isVersion2('unified')) found.push({ version: 2, path: 'unified' });
    return found;
  }

  /** Breadth first, what leads to pods before all else; false when a bound ended it. */
  #walk({ version, path }: Hierarchy, onPod: (pod: FoundPod) => boolean): boolean {
    const promising = [{ path, name: '', depth: 0 }];
    const others: typeof promising = [];
    for (let seen = 0; promising.length + others.length > 0; seen += 1) {
      const at = promising.shift() ?? others.shift();
      if (at === undefined) break;
      if (seen >= DIRECTORIES_MAX) return false;
      let isFound = false;
      for (const name of this.files.directories(at.path) ?? []) {
        const child = below(at.path, name);
        const pod = podOf(name, at.name);
        if (pod === null) {
          if (at.depth >= DEPTH_MAX) continue;
          const queue = leadsToPods(name) ? promising : others;
          const next = { path: child, name, depth: at.depth + 1 };
          if (queue.length < DIRECTORIES_MAX) queue.push(next);
          continue;
        }
        const { podUid, containerId } = pod;
        const containers = (): readonly ContainerCgroup[] =>
          containerId === null
            ? this.#containersIn(version, child)
            : [{ version, containerId, path: child }];
        // The rest of this directory as well: a pod's containers can be side by side in it.
        isFound = onPod({ podUid, containers }) || isFound;
      }
      if (isFound) return true;
    }
    return true;
  }

  #containersIn(version: CgroupVersion, path: string): readonly ContainerCgroup[] {
    const containers: ContainerCgroup[] = [];
    for (const name of this.files.directories(path) ?? []) {
      const containerId = containerOf(name);
      if (containerId === null) continue;
      containers.push({ version, containerId, path: below(path, name) });
    }
    return containers;
  }
}

export const below = (path: string, name: string): string =>
  path === '' ? name : `${path}/${name}`;

function pidsOf(text: string): readonly number[] {
  const pids: number[] = [];
  for (const line of text.split('\n')) if (/^[0-9]{1,10}$/.test(line)) pids.push(Number(line));
  return pids;
}
