/**
 * Holds the agent back at its transport, for as long as there is a reason to. The stream is paused
 * with the first reason and goes on when the last is gone.
 */
export type HoldReason = 'greeting' | 'full' | 'rate';

export class ReadGate {
  readonly #stream: { pause(): void; resume(): void };
  readonly #reasons = new Set<HoldReason>();

  constructor(stream: { pause(): void; resume(): void }) {
    this.#stream = stream;
  }

  isHeld(reason: HoldReason): boolean {
    return this.#reasons.has(reason);
  }

  hold(reason: HoldReason): void {
    this.#reasons.add(reason);
    this.#stream.pause();
  }

  release(reason: HoldReason): void {
    if (this.#reasons.delete(reason) && this.#reasons.size === 0) this.#stream.resume();
  }
}
