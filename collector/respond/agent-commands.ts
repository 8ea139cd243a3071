import type { CommandAction, CommandFrame } from '../../proto/lanner/v1/frames.ts';
import { failed, skipped } from './outcome.ts';
import type { ActionOutcome } from './outcome.ts';
import type { Response } from './response.ts';

/** How this room reaches the agent of a node, whichever collector holds its link. */
export type AgentCommands = {
  send(
    agent: { readonly cluster: string; readonly node: string },
    frame: CommandFrame,
    deadlineMs: number,
  ): Promise<AgentReply>;
};

export type AgentReply =
  | {
    readonly ok: true;
    readonly result: {
      readonly outcome: 'done' | 'refused' | 'failed';
      readonly detail: string;
      /** Gzipped JSON, or empty. */
      readonly document: Uint8Array;
    };
  }
  /** `no-link`, `link-closed`, `deadline`, `busy`: it may or may not have been carried out. */
  | { readonly ok: false; readonly reason: string };

/** An agent answers in milliseconds; this is for a node that is out of breath. */
export const COMMAND_DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;

export type CommandOptions = {
  /** Names this command for ever: sent again, the agent gives the first answer again. */
  readonly id: string;
  readonly action: CommandAction;
  readonly nowMs: number;
  readonly deadlineMs?: number;
  readonly seconds?: number;
  readonly pid?: number;
  readonly observedAt?: string;
  readonly containerId?: string;
};

export function command(
  agents: AgentCommands,
  { target }: Response,
  options: CommandOptions,
): Promise<AgentReply> {
  const deadlineMs = options.deadlineMs ?? COMMAND_DEADLINE_MS;
  const frame: CommandFrame = {
    kind: 'command',
    id: options.id,
    action: options.action,
    containerId: options.containerId ?? '',
    podUid: target.podUid,
    pid: options.pid ?? 0,
    deadline: new Date(options.nowMs + deadlineMs).toISOString(),
    observedAt: options.observedAt ?? '',
    seconds: options.seconds ?? 0,
  };
  return agents.send({ cluster: target.cluster, node: target.node }, frame, deadlineMs);
}

/** What an answer means for the response, when it is not `done`. */
export function agentFailed(reply: AgentReply): ActionOutcome {
  if (!reply.ok) {
    return {
      ...failed('no-agent', `the agent of the node did not answer: ${reply.reason}`),
      retryAfterMs: RETRY_MS,
    };
  }
  const { outcome, detail } = reply.result;
  return outcome === 'refused'
    ? skipped('agent-refused', detail)
    : { ...failed('agent-failed', detail), retryAfterMs: RETRY_MS };
}
