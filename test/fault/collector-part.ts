import { join } from 'node:path';

import { Child } from './child.ts';
import type { Balancer } from './balancer.ts';
import type { Complain, Part } from './part.ts';

const program = join(import.meta.dirname, '../../collector/main.ts');
/** As a kubelet does with a container that ended. */
const AGAIN_MS = 500;

export type CollectorOptions = {
  readonly name: string;
  readonly folder: string;
  readonly store: string;
  readonly balancer: Balancer;
  /** How often the database was away so far; an even number means that it is there now. */
  readonly databaseTurns: () => number;
  readonly complain: Complain;
};

/**
 * A replica of the collector, the program itself. One that runs must never end because its database
 * is away; one that cannot start because of that is started again, and counted.
 */
export class CollectorPart implements Part {
  readonly kind = 'collector';
  readonly #options: CollectorOptions;
  #child: Child | undefined;
  #isStarted = false;
  #startsRefused = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get isUp(): boolean {
    return this.#child !== undefined;
  }

  /** It takes links. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  get startsRefused(): number {
    return this.#startsRefused;
  }

  async start(): Promise<void> {
    const { name, folder, store, databaseTurns } = this.#options;
    const turns = databaseTurns();
    const child = new Child([program], (line) => this.#take(line), {
      LANNER_COLLECTOR_DATA_DIR: join(folder, name),
      LANNER_COLLECTOR_STORE: store,
      LANNER_COLLECTOR_LINK_ADDRESS: '127.0.0.1:0',
      LANNER_COLLECTOR_API_ADDRESS: '127.0.0.1:0',
      LANNER_COLLECTOR_KUBE_MODE: 'off',
      // The flows are old, so that they are joined; nothing may delete them.
      LANNER_COLLECTOR_RETENTION_FLOW_DAYS: '3650',
    });
    this.#child = child;
    void child.ended.then(() => {
      if (this.#child === child) this.#endedByItself(child, turns);
    });
  }

  async kill(): Promise<void> {
    await this.#drop()?.end('SIGKILL');
  }

  /** As at the end of a pod; false when it does not end cleanly. */
  async stop(): Promise<boolean> {
    const wasStarted = this.#isStarted;
    const child = this.#drop();
    if (child === undefined) return true;
    const { status } = await child.end('SIGTERM');
    // While its modules are being loaded nobody listens yet, and the signal itself ends it.
    if (status === null && !wasStarted) return true;
    if (status !== 0) {
      this.#options.complain(`${this.name} stopped with status ${status}: ${child.words}`);
    }
    return status === 0;
  }

  #drop(): Child | undefined {
    const child = this.#child;
    this.#child = undefined;
    this.#isStarted = false;
    this.#options.balancer.set(this.name, undefined);
    return child;
  }

  #endedByItself(child: Child, turns: number): void {
    const { databaseTurns, complain } = this.#options;
    const wasAway = turns % 2 === 1 || databaseTurns() !== turns;
    if (this.#isStarted || !wasAway) complain(`${this.name} ended by itself: ${child.words}`);
    else this.#startsRefused += 1;
    this.#isStarted = false;
    this.#options.balancer.set(this.name, undefined);
    setTimeout(() => {
      if (this.#child === child) void this.start();
    }, AGAIN_MS);
  }

  #take(line: string): void {
    if (!line.includes('"collector started"')) return;
    const { link } = JSON.parse(line) as { link: string };
    this.#isStarted = true;
    this.#options.balancer.set(this.name, Number(link.split(':').at(-1)));
  }
}
