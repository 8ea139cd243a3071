import type { HeartbeatFrame, HelloFrame } from '../proto/lanner/v1/frames.ts';
import type { Clock } from './clock.ts';
import type { AgentRecord, AgentStore } from './store/faces.ts';

/**
 * What the agents last said of themselves, written together every `WRITE_MS`. One transaction per
 * heartbeat would be one fsync per heartbeat: a thousand a second for 5,000 agents, and alerts
 * wait behind them. Nothing hangs on the moment: a heartbeat that is not written is followed by
 * the next.
 *
 * Bounds: one record per agent, `WAITING_MAX` of them. What does not fit, and what a store that is
 * away does not take, is dropped and counted.
 */
export const WRITE_MS = 200;
export const WAITING_MAX = 10_000;

export type RollCallOptions = {
  readonly store: Pick<AgentStore, 'saveAgents'>;
  readonly clock: Clock;
  /** So many agents are shown as they were before. */
  readonly onDropped: (agents: number, error?: unknown) => void;
  readonly waitingMax?: number;
};

export class RollCall {
  readonly #options: RollCallOptions;
  readonly #waiting = new Map<string, AgentRecord>();
  readonly #connectedAtMs = new WeakMap<HelloFrame, number>();
  #writing: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(options: RollCallOptions) {
    this.#options = options;
  }

  hello(hello: HelloFrame): void {
    this.#connectedAtMs.set(hello, this.#options.clock.now());
    this.#note(hello, null);
  }

  /** `hello` is the one of the same link. */
  heartbeat(hello: HelloFrame, heartbeat: HeartbeatFrame): void {
    this.#note(hello, heartbeat);
  }

  /** Resolves when everything that was said is written, or dropped. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    this.#write();
    await this.#writing;
  }

  #note(hello: HelloFrame, heartbeat: HeartbeatFrame | null): void {
    const { clock, onDropped, waitingMax } = this.#options;
    const { cluster, node, epoch, protocol, agentVersion, falcoVersion, capabilities } = hello;
    const { addresses = [] } = hello;
    const key = JSON.stringify([cluster, node]);
    const known = this.#waiting.get(key);
    if (known === undefined && this.#waiting.size >= (waitingMax ?? WAITING_MAX)) {
      onDropped(1);
      return;
    }
    const nowMs = clock.now();
    this.#waiting.set(key, {
      cluster,
      node,
      epoch,
      protocol,
      agentVersion,
      falcoVersion,
      capabilities,
      addresses,
      connectedAtMs: this.#connectedAtMs.get(hello) ?? nowMs,
      lastSeenMs: nowMs,
      heartbeat: heartbeat ?? known?.heartbeat ?? null,
    });
    if (this.#isStopped) return;
    this.#cancel ??= clock.after(WRITE_MS, () => this.#write());
  }

  #write(): void {
    const { store, onDropped } = this.#options;
    this.#cancel = undefined;
    this.#writing = this.#writing.then(async () => {
      // Taken when it is its turn: a slow store gets the newest, once.
      const records = [...this.#waiting.values()];
      this.#waiting.clear();
      if (records.length === 0) return;
      await store.saveAgents(records)
        .catch((error: unknown) => onDropped(records.length, error));
    });
  }
}
