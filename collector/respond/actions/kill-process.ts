import { findPod } from '../action.ts';
import type { Action } from '../action.ts';
import { agentFailed, command } from '../agent-commands.ts';
import { done, skipped } from '../outcome.ts';

/**
 * The agent kills one process of the pod, if it is still the one that was seen. One id for all
 * attempts: an agent that has done it gives its first answer again.
 */
export const killProcess: Action = {
  isDestructive: true,
  isDisruptive: false,
  isWatched: false,
  reversal: null,
  words: 'have the agent kill the one process',

  run: async (response, { kube, agents, clock, dryRun, isAgain }) => {
    const { process, containerId } = response.target;
    if (process === null || process.pid <= 1) {
      return skipped('no-process', 'the response names no process');
    }
    const found = await findPod(response, kube);
    if (!found.ok) return found.outcome;
    const what = `process ${process.pid} (${process.name})`;
    if (dryRun) return done(`the agent of ${found.pod.nodeName} would be told to kill ${what}`);
    const reply = await command(agents, response, {
      id: `${response.id}-kill-process`,
      action: 'kill-process',
      nowMs: clock.now(),
      pid: process.pid,
      observedAt: process.observedAt,
      containerId,
    });
    if (reply.ok && reply.result.outcome === 'done') {
      return done(reply.result.detail || `${what} is killed`);
    }
    // An agent that was told before, and forgot in a restart, finds the process gone.
    return isAgain && reply.ok && reply.result.detail.startsWith(GONE)
      ? done(`${what} is gone`)
      : agentFailed(reply);
  },
};

/** How the agent says it, see agent/contain. */
const GONE = 'no-process:';
