import type { Clock } from '../clock.ts';
import { Execution } from './execution.ts';
import type { ExecutionOptions } from './execution.ts';
import type { Response } from './response.ts';

/**
 * The queue of the executions. The store is the queue: what is approved, or was under way when a
 * collector died, is found there. Bounds: `EXECUTIONS_MAX` at a time and, beside them because they
 * take minutes, `WATCHES_MAX` watches. When the store fails, nothing is begun; it is tried again.
 */
const EXECUTIONS_MAX = 8;
const WATCHES_MAX = 64;
const STORE_RETRY_MS = 1_000;
/** What had begun comes first: it holds its place in the limits already. */
const BEGUN_FIRST = ['executing', 'collecting-evidence', 'approved'] as const;

export type ExecutorOptions = ExecutionOptions & {
  /** False while another replica executes; it must be woken when that changes. */
  readonly mayExecute?: () => boolean;
};

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #execution: Execution;
  readonly #stopping = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  readonly #watching = new Map<string, Promise<void>>();
  /** Ids that wait for another attempt, with what cancels the waiting. */
  readonly #waiting = new Map<string, () => void>();
  #pumping: Promise<void> | undefined;
  #isWanted = false;
  #cancelRetry: () => void = () => undefined;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#execution = new Execution(options, this.#stopping.signal);
  }

  /** There may be something approved. */
  wake(): void {
    this.#isWanted = true;
    if (this.#stopping.signal.aborted || this.#pumping !== undefined) return;
    this.#pumping = this.#pump().finally(() => {
      this.#pumping = undefined;
      // Woken between the last look and this line.
      if (this.#isWanted) this.wake();
    });
  }

  /** What is under way is left in the store as it is, for the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelRetry();
    for (const cancel of this.#waiting.values()) cancel();
    await this.#pumping;
    await Promise.all([...this.#running.values(), ...this.#watching.values()]);
  }

  get #clock(): Clock {
    return this.#options.clock;
  }

  async #pump(): Promise<void> {
    const { log, mayExecute } = this.#options;
    try {
      while (this.#isWanted && !this.#stopping.signal.aborted) {
        this.#isWanted = false;
        if (mayExecute?.() === false) return;
        await this.#startExecutions();
        await this.#startWatches();
      }
    } catch (error) {
      log.error({ err: error }, 'approved responses could not be read, trying again');
      this.#cancelRetry();
      this.#cancelRetry = this.#clock.after(STORE_RETRY_MS, () => this.wake());
    }
  }

  async #startExecutions(): Promise<void> {
    const { store } = this.#options;
    const limit = EXECUTIONS_MAX + this.#running.size + this.#waiting.size;
    const found = await Promise.all(BEGUN_FIRST.map((state) =>
      store.responsesInState(state, limit)));
    for (const response of found.flat()) {
      if (this.#running.size >= EXECUTIONS_MAX || this.#stopping.signal.aborted) return;
      if (this.#isBusy(response.id)) continue;
      this.#run(this.#running, response, async () => {
        const waitMs = await this.#execution.advance(response);
        if (waitMs !== undefined) this.#wait(response.id, waitMs);
      });
    }
  }

  async #startWatches(): Promise<void> {
    const limit = WATCHES_MAX + this.#watching.size + this.#waiting.size;
    for (const response of await this.#options.store.responsesInState('verifying', limit)) {
      if (this.#watching.size >= WATCHES_MAX || this.#stopping.signal.aborted) return;
      if (this.#isBusy(response.id)) continue;
      this.#run(this.#watching, response, () => this.#execution.watch(response));
    }
  }

  #isBusy(id: string): boolean {
    return this.#running.has(id) || this.#watching.has(id) || this.#waiting.has(id);
  }

  #run(pool: Map<string, Promise<void>>, { id }: Response, work: () => Promise<void>): void {
    const run = work()
      .catch((error: unknown) => {
        this.#options.log.error(
          { err: error, responseId: id },
          'a response could not be carried on, trying again',
        );
        this.#wait(id, STORE_RETRY_MS);
      })
      .finally(() => {
        pool.delete(id);
        this.wake();
      });
    pool.set(id, run);
  }

  #wait(id: string, ms: number): void {
    if (this.#stopping.signal.aborted) return;
    this.#waiting.set(id, this.#clock.after(ms, () => {
      this.#waiting.delete(id);
      this.wake();
    }));
  }
}
