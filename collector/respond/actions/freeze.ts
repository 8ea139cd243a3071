import { seenOrFound } from '../action.ts';
import type { Action } from '../action.ts';
import { agentFailed, command } from '../agent-commands.ts';
import { done } from '../outcome.ts';

/** The agent stops all processes of the pod where they are; memory and connections stay. */
export const freeze: Action = {
  isDestructive: false,
  isDisruptive: true,
  isWatched: true,
  reversal: 'thaw',
  words: 'have the agent freeze all processes of the pod',

  run: async (response, context) => {
    const { agents, clock, dryRun } = context;
    const found = await seenOrFound(response, context);
    if (!found.ok) return found.outcome;
    const warnings = [
      'a liveness probe of a frozen pod fails: the kubelet may restart its containers',
    ];
    if (dryRun) return done(`the agent of ${found.pod.nodeName} would be told to freeze`, warnings);
    const reply = await command(agents, response, {
      // Freezing twice is freezing once, and an earlier attempt's answer was a failure.
      id: `${response.id}-freeze-${response.attempts}`,
      action: 'freeze',
      nowMs: clock.now(),
    });
    return reply.ok && reply.result.outcome === 'done'
      ? done(reply.result.detail || 'the pod is frozen', warnings)
      : agentFailed(reply);
  },
};
