import { join } from 'node:path';

import { Child } from './child.ts';
import type { FlowTruth } from './flow-truth.ts';
import type { Complain, Part } from './part.ts';
import type { Truth } from './truth.ts';

const program = join(import.meta.dirname, 'writer.ts');

export type AgentOptions = {
  readonly node: string;
  readonly folder: string;
  readonly address: string;
  readonly alertsPerSecond: number;
  readonly truth: Truth;
  readonly flows: FlowTruth;
  readonly complain: Complain;
};

/** An agent with its outbox on disk, which every run of it finds again. */
export class AgentPart implements Part {
  readonly kind = 'agent';
  readonly #options: AgentOptions;
  #child: Child | undefined;
  #isEmpty = false;
  #found = 0;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.node;
  }

  get isUp(): boolean {
    return this.#child !== undefined;
  }

  /** Alerts that its runs found in the outbox: what a kill had left there. */
  get found(): number {
    return this.#found;
  }

  async start(): Promise<void> {
    const { node, folder, address, alertsPerSecond, truth, complain } = this.#options;
    const args = [program, join(folder, `${node}.sqlite`), node, address,
      String(truth.nextOf(node)), String(alertsPerSecond)];
    const child = new Child(args, (line) => this.#take(line));
    this.#child = child;
    void child.ended.then(({ status, signal }) => {
      if (signal === 'SIGKILL' || this.#isEmpty) return;
      complain(`${node} ended by itself with status ${status}: ${child.words}`);
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    await child?.end('SIGKILL');
    this.#options.truth.killed(this.#options.node);
  }

  /** Raises nothing more; true when everything is acknowledged before the time is over. */
  async drain(timeoutMs: number): Promise<boolean> {
    const child = this.#child;
    if (child === undefined) return false;
    child.endInput();
    const timer = setTimeout(() => void this.kill(), timeoutMs);
    await child.ended;
    clearTimeout(timer);
    return this.#isEmpty;
  }

  #take(line: string): void {
    const { node, truth, flows } = this.#options;
    const [word, number] = line.split(' ');
    if (word === 'a') truth.raised(node, Number(number));
    else if (word === 'g') truth.noted(node, Number(number));
    else if (word === 'w') flows.said(node, Number(number));
    else if (word === 'f') this.#found += Number(number);
    else if (word === 'empty') this.#isEmpty = true;
  }
}
