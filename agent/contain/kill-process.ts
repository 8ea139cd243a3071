/**
 * SIGKILL to one process of a container. Looked at before: the process is in the container that
 * the command names, and it had started when it was observed. A pid that starts later was only
 * inherited from a process that ended.
 *
 * What is left: between the last look and `kill(2)` some microseconds pass, in which the process
 * would have to end, be reaped, and its number come round again. Node has no `pidfd_send_signal`,
 * which would close that as well.
 */
import type { CommandFrame } from '../../proto/lanner/v1/frames.ts';
import type { CommandResult } from '../link/command-desk.ts';
import type { Clock } from '../source/clock.ts';
import { isStaticPodUid } from './cgroup-path.ts';
import { codeOf } from './kernel-files.ts';
import { done, failed, refused } from './outcome.ts';
import type { ProcessStat } from './process-text.ts';
import { PID_MAX } from './processes.ts';
import type { Processes } from './processes.ts';
import type { Target } from './target.ts';
import { timeOf } from './time-text.ts';

/**
 * One tick of the process's start time and one of the uptime it is counted from. A clock that was
 * set since gives a refusal, which is told, and never a wrong kill.
 */
export const START_TOLERANCE_MS = 20;
/** How long a killed process may take to go. */
export const GONE_MS = 1_000;
const LOOK_MS = 5;

export type KillOptions = {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly ownPid: number;
  readonly kill: (pid: number) => void;
};

export async function killProcess(
  target: Target,
  { pid, observedAt }: Pick<CommandFrame, 'pid' | 'observedAt'>,
  options: KillOptions,
): Promise<CommandResult> {
  const observedMs = timeOf(observedAt);
  if (observedMs === null) {
    return refused('malformed', 'observedAt is not a time: nobody knows which process is meant');
  }
  if (!Number.isInteger(pid) || pid > PID_MAX || pid < 0) {
    return refused('malformed', 'pid is not the number of a process');
  }
  const { processes } = options;
  const stat = processes.stat(pid);
  const refusal = refusalOf(target, { pid, stat, observedMs }, options);
  if (refusal !== null) return refusal;
  // The last look: the same process as the one that was judged.
  if (stat === null || processes.stat(pid)?.startTicks !== stat.startTicks) return GONE;
  try {
    options.kill(pid);
  } catch (error) {
    const code = codeOf(error);
    return code === 'ESRCH' ? GONE : failed('not-dead', `the kernel refused the signal (${code})`);
  }
  return await confirmGone(pid, stat, options);
}

const GONE = refused('no-process', 'no process has this pid');

type Seen = {
  readonly pid: number;
  readonly stat: ProcessStat | null;
  readonly observedMs: number;
};

function refusalOf(
  { podUid, containerId }: Target,
  { pid, stat, observedMs }: Seen,
  { processes, ownPid }: KillOptions,
): CommandResult | null {
  if (!processes.areOurs(ownPid)) {
    return refused('not-here', 'the agent does not share the pid namespace of the node (hostPID)');
  }
  if (pid <= 1 || processes.isAncestorOrSelf(pid, ownPid)) {
    return refused('protected-process', 'init, the agent and what it was started by stay');
  }
  if (isStaticPodUid(podUid)) {
    return refused('static-pod', 'pods that kubelet starts from files are left alone');
  }
  if (processes.place(ownPid)?.podUid === podUid) {
    return refused('own-pod', 'this is the pod of the agent itself');
  }
  if (stat === null || stat.state === 'Z') return GONE;
  if (stat.isKernelThread) return refused('protected-process', 'this is a thread of the kernel');
  if (processes.status(pid)?.tgid !== pid) {
    return refused('protected-process', 'this is the number of a thread, not of a process');
  }
  const place = processes.place(pid);
  if (place?.podUid !== podUid || !place.containerId.startsWith(containerId)) {
    return refused('other-container', 'the process is not in the container that is named');
  }
  const startMs = processes.startMs(stat);
  if (startMs === null) return refused('not-here', 'the uptime of the node cannot be read');
  if (startMs > observedMs + START_TOLERANCE_MS) {
    const lateMs = Math.round(startMs - observedMs);
    return refused('started-later', `the process started ${lateMs} ms after it was observed`);
  }
  return null;
}

async function confirmGone(
  pid: number,
  stat: ProcessStat,
  { processes, clock }: KillOptions,
): Promise<CommandResult> {
  const startedMs = clock.nowMs();
  for (;;) {
    const now = processes.stat(pid);
    const tookMs = clock.nowMs() - startedMs;
    if (now === null || now.startTicks !== stat.startTicks || 'ZX'.includes(now.state)) {
      return done(`killed, and gone after ${tookMs.toFixed(1)} ms`);
    }
    if (tookMs >= GONE_MS) {
      return failed(
        'not-dead',
        `the signal is sent and the process still there (state ${now.state}); what is frozen ` +
          'under cgroup version 1 dies when it is thawed',
      );
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    clock.after(LOOK_MS, resolve);
    await promise;
  }
}
