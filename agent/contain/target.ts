/** What a command is about, checked before anything of the node is looked at. */
import type { CommandFrame } from '../../proto/lanner/v1/frames.ts';
import type { CommandResult } from '../link/command-desk.ts';
import { isContainerId, isPodUid, isStaticPodUid } from './cgroup-path.ts';
import type { CgroupTree, ContainerCgroup } from './cgroup-tree.ts';
import { refused } from './outcome.ts';
import type { Processes } from './processes.ts';

export type Target = {
  readonly podUid: string;
  /** 12 to 64 digits; empty for the whole pod. */
  readonly containerId: string;
};

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly result: CommandResult };

const no = (result: CommandResult): { readonly ok: false; readonly result: CommandResult } =>
  ({ ok: false, result });

/** Ids become names of directories: hexadecimal digits and dashes or nothing. */
export function targetOf({ podUid, containerId }: CommandFrame): Checked<Target> {
  if (!isPodUid(podUid)) return no(refused('malformed', 'podUid is not the UID of a pod'));
  if (containerId !== '' && !isContainerId(containerId)) {
    return no(refused('malformed', 'containerId is not 12 to 64 hexadecimal digits'));
  }
  return { ok: true, value: { podUid, containerId } };
}

export type FoundPod = {
  /** Every container of the pod. */
  readonly all: readonly ContainerCgroup[];
  /** Those that the command means. */
  readonly meant: readonly ContainerCgroup[];
};

/** The pod's containers. Pod and container must agree, or one of the two names is wrong. */
export function findTarget(tree: CgroupTree, { podUid, containerId }: Target): Checked<FoundPod> {
  const search = tree.findPod(podUid);
  if (search.kind === 'too-large') {
    return no(refused('no-pod', 'not among the cgroups that were looked at; there are too many'));
  }
  if (search.kind === 'absent') return no(refused('no-pod', 'no cgroup of this pod on this node'));
  const all = search.containers;
  const meant = all.filter((container) => container.containerId.startsWith(containerId));
  if (meant.length === 0) {
    return no(refused('no-container', 'this pod has no such container on this node'));
  }
  if (containerId !== '' && meant.length > 1) {
    return no(refused('ambiguous', `${meant.length} containers of this pod begin with this id`));
  }
  return { ok: true, value: { all, meant } };
}

/**
 * The agent never acts against its own pod, whatever it is told. Pods from files are the control
 * plane's (etcd, the API server): a stolen collector must not be able to stop a cluster with them.
 */
export function checkActable(
  { podUid }: Target,
  all: readonly ContainerCgroup[],
  own: { readonly tree: CgroupTree; readonly processes: Processes; readonly pid: number },
): CommandResult | null {
  if (isStaticPodUid(podUid)) {
    return refused('static-pod', 'pods that kubelet starts from files are left alone');
  }
  // Under another pid namespace the agent has a number of its own in `/proc`.
  const self = own.processes.self();
  const isOwn = (self !== null && own.processes.place(self)?.podUid === podUid) ||
    all.some(({ path }) => own.tree.pids(path).pids.includes(own.pid));
  return isOwn ? refused('own-pod', 'this is the pod of the agent itself') : null;
}
