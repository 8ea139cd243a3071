import type { CommandFrame, CommandResultFrame } from '../../proto/lanner/v1/frames.ts';

/** Commands come one by one from people; a flood of them is a fault of the collector. */
export const COMMANDS_OPEN_MAX = 64;

const NONE = new Uint8Array();

export type CommandResult = Omit<CommandResultFrame, 'kind' | 'id'>;

/** Takes each command to whoever executes it, and answers every one exactly once. */
export class CommandDesk {
  readonly #execute: (frame: CommandFrame) => Promise<CommandResult>;
  readonly #answer: (frame: CommandResultFrame) => void;
  #open = 0;
  refused = 0;

  constructor(
    execute: (frame: CommandFrame) => Promise<CommandResult>,
    answer: (frame: CommandResultFrame) => void,
  ) {
    this.#execute = execute;
    this.#answer = answer;
  }

  take(frame: CommandFrame): void {
    const { id } = frame;
    if (this.#open >= COMMANDS_OPEN_MAX) {
      this.refused += 1;
      const detail = `${COMMANDS_OPEN_MAX} commands are being executed already`;
      this.#answer({ kind: 'command-result', id, outcome: 'refused', detail, document: NONE });
      return;
    }
    this.#open += 1;
    void this.#execute(frame)
      .catch((error: unknown): CommandResult => ({
        outcome: 'failed',
        detail: error instanceof Error ? error.message : String(error),
        document: NONE,
      }))
      .then((result) => {
        this.#open -= 1;
        this.#answer({ kind: 'command-result', id, ...result });
      });
  }
}

/** What this agent answers until it can contain anything. */
export function refuseCommand(frame: CommandFrame): Promise<CommandResult> {
  const detail = `this agent cannot execute ${frame.action}`;
  return Promise.resolve({ outcome: 'refused', detail, document: NONE });
}
