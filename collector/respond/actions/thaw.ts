import type { Action } from '../action.ts';
import { agentFailed, command } from '../agent-commands.ts';
import { done } from '../outcome.ts';

/** Lets a frozen pod run on. Does not ask the API server: the way back must not depend on it. */
export const thaw: Action = {
  isDestructive: false,
  isDisruptive: false,
  isWatched: false,
  reversal: null,
  words: 'have the agent let the pod run on',

  run: async (response, { agents, clock, dryRun }) => {
    const { node } = response.target;
    if (dryRun) return done(`the agent of ${node} would be told to thaw`);
    const reply = await command(agents, response, {
      id: `${response.id}-thaw-${response.attempts}`,
      action: 'thaw',
      nowMs: clock.now(),
    });
    return reply.ok && reply.result.outcome === 'done'
      ? done(reply.result.detail || 'the pod runs on')
      : agentFailed(reply);
  },
};
