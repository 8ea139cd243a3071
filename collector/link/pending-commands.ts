import type { CommandResultFrame } from '../../proto/lanner/v1/frames.ts';
import type { Clock } from '../clock.ts';

/** Commands that an agent was sent and has not answered: at most `COMMANDS_PENDING_MAX`. */
const COMMANDS_PENDING_MAX = 64;

export type CommandOutcome =
  | { readonly ok: true; readonly result: CommandResultFrame }
  | { readonly ok: false; readonly reason: 'no-link' | 'deadline' | 'link-closed' | 'busy' };

export class PendingCommands {
  readonly #clock: Clock;
  readonly #pending = new Map<string, (outcome: CommandOutcome) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `send` is called when there is room; the promise never rejects. */
  add(id: string, deadlineMs: number, send: () => void): Promise<CommandOutcome> {
    if (this.#pending.size >= COMMANDS_PENDING_MAX || this.#pending.has(id)) {
      return Promise.resolve({ ok: false, reason: 'busy' });
    }
    return new Promise((resolve) => {
      const cancel = this.#clock.after(deadlineMs, () => {
        this.#pending.delete(id);
        resolve({ ok: false, reason: 'deadline' });
      });
      this.#pending.set(id, (outcome) => {
        cancel();
        this.#pending.delete(id);
        resolve(outcome);
      });
      send();
    });
  }

  /** An answer that nobody waits for any more is nothing. */
  settle(result: CommandResultFrame): void {
    this.#pending.get(result.id)?.({ ok: true, result });
  }

  closeAll(): void {
    for (const settle of this.#pending.values()) settle({ ok: false, reason: 'link-closed' });
  }
}
