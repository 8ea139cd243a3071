/**
 * Which container of a pod is the pause container. It is left running: a runtime that is restarted
 * and finds it frozen takes the pod for dead and tears it down, evidence included.
 *
 * Only the container that started first can be it, with one process in it that is called `pause`:
 * an intruder can take the name, but cannot start before the pod.
 */
import type { CgroupTree, ContainerCgroup } from './cgroup-tree.ts';
import type { Processes } from './processes.ts';

const PAUSE = 'pause';
const PIDS_LOOKED_AT_MAX = 2;

export function sandboxOf(
  containers: readonly ContainerCgroup[],
  tree: CgroupTree,
  processes: Processes,
): ContainerCgroup | null {
  let first: { readonly container: ContainerCgroup; readonly pid: number } | null = null;
  let firstTicks = Infinity;
  let isAlone = false;
  for (const container of containers) {
    const { pids, hidden } = tree.pids(container.path, PIDS_LOOKED_AT_MAX);
    // Without its processes nobody can say which it is; then all are meant.
    if (hidden > 0) return null;
    for (const pid of pids) {
      const stat = processes.stat(pid);
      if (stat === null || stat.startTicks >= firstTicks) continue;
      firstTicks = stat.startTicks;
      first = { container, pid };
      isAlone = pids.length === 1;
    }
  }
  if (first === null || !isAlone) return null;
  return isPause(first.pid, processes) ? first.container : null;
}

function isPause(pid: number, processes: Processes): boolean {
  if (processes.stat(pid)?.comm !== PAUSE) return false;
  const exe = processes.files.link(`${pid}/exe`)?.toString('latin1');
  // Where the link may not be read (no CAP_SYS_PTRACE) the name has to do.
  return exe === undefined || exe.slice(exe.lastIndexOf('/') + 1) === PAUSE;
}
