import { join } from 'node:path';

import { Child } from './child.ts';
import type { Complain, Part } from './part.ts';

const program = join(import.meta.dirname, 'compactor.ts');

/** What joins old flows; it may be killed at any time, too. */
export class CompactorPart implements Part {
  readonly kind = 'compactor';
  readonly name = 'compactor';
  readonly #store: string;
  readonly #complain: Complain;
  #child: Child | undefined;
  #isDone = false;
  /** Passes that came to their end. */
  passes = 0;

  constructor(store: string, complain: Complain) {
    this.#store = store;
    this.#complain = complain;
  }

  get isUp(): boolean {
    return this.#child !== undefined;
  }

  async start(): Promise<void> {
    const child = new Child([program, this.#store], (line) => {
      if (line === 'joined') this.passes += 1;
      if (line === 'done') this.#isDone = true;
    });
    this.#child = child;
    void child.ended.then(({ status, signal }) => {
      if (signal === 'SIGKILL' || this.#isDone) return;
      this.#complain(`the compactor ended by itself with status ${status}: ${child.words}`);
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    await child?.end('SIGKILL');
  }

  /** One more pass over all there is; false when it does not come to its end. */
  async finish(timeoutMs: number): Promise<boolean> {
    const child = this.#child;
    if (child === undefined) return false;
    child.endInput();
    const timer = setTimeout(() => void this.kill(), timeoutMs);
    await child.ended;
    clearTimeout(timer);
    return this.#isDone;
  }
}
