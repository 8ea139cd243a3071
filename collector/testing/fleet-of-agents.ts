import { gzipSync } from 'node:zlib';

import type { CommandFrame } from '../../proto/lanner/v1/frames.ts';
import type { AgentCommands, AgentReply } from '../respond/agent-commands.ts';

/** The agents' side of the commands, for tests: answers as told, and remembers what was asked. */
export class FleetOfAgents implements AgentCommands {
  readonly frames: CommandFrame[] = [];
  readonly #answers = new Map<string, () => AgentReply | Promise<AgentReply>>();

  /** From now on, for that action; `done` with an empty document where nothing is set. */
  answer(action: CommandFrame['action'], answer: () => AgentReply | Promise<AgentReply>): void {
    this.#answers.set(action, answer);
  }

  asked(action: CommandFrame['action']): readonly CommandFrame[] {
    return this.frames.filter((frame) => frame.action === action);
  }

  async send(_: unknown, frame: CommandFrame): Promise<AgentReply> {
    this.frames.push(frame);
    const answer = this.#answers.get(frame.action);
    if (answer !== undefined) return answer();
    if (frame.action === 'watch') return agentDone(seen([]));
    if (frame.action === 'collect-evidence') return agentDone(seen(['a process']));
    return agentDone();
  }
}

export const agentDone = (document: Uint8Array = new Uint8Array(), detail = ''): AgentReply =>
  ({ ok: true, result: { outcome: 'done', detail, document } });

/** What a watch tells. */
export const seen = (activity: readonly unknown[], problems: readonly string[] = []): Uint8Array =>
  gzipSync(JSON.stringify({ format: 'lanner-watch/1', activity, problems }));
