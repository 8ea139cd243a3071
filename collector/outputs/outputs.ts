import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

import type { Clock } from '../clock.ts';
import type { LogGate } from '../log-gate.ts';
import type { ChangeStore, Lease } from '../store/faces.ts';
import { createSender } from './create-sender.ts';
import { testNotice } from './notice.ts';
import type { OutputConfig } from './output-config.ts';
import { OutputMetrics } from './output-metrics.ts';
import type { OutputPosition } from './output-store.ts';
import { Pump } from './pump.ts';
import type { PumpStore } from './pump.ts';
import type { Failure } from './sender.ts';

/**
 * Everything that leaves the collector for other systems. The store's changes are the queue: each
 * output has a position in it and a pump of its own, so that a receiver that is away holds up
 * nobody else and a restart goes on where it was. Only the replica with the lease sends; every
 * replica can show where the outputs are, and ask for a dead letter to be sent again.
 */
export type OutputsOptions = {
  readonly outputs: readonly OutputConfig[];
  readonly store: PumpStore & Pick<ChangeStore, 'onChange'>;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly gate: LogGate;
  readonly registry: Registry;
};

export type OutputStatus = {
  readonly output: OutputConfig;
  readonly position: OutputPosition | undefined;
  /** Changes that wait. */
  readonly lag: number;
  readonly deadLetters: number;
};

export type TestOutcome = {
  readonly seconds: number;
  /** Undefined: the receiver took it. */
  readonly failure: Failure | undefined;
};

export class Outputs {
  readonly #options: OutputsOptions;
  readonly #metrics: OutputMetrics;
  #pumps: readonly Pump[] = [];
  #stopWaking: () => void = () => undefined;

  constructor(options: OutputsOptions) {
    this.#options = options;
    const { registry, outputs, store } = options;
    this.#metrics = new OutputMetrics(registry, outputs.map(({ name }) => name), {
      levels: () => this.#levels(),
      deadLetters: () => store.countDeadLetters(),
    });
  }

  /** It is this replica's turn. */
  begin(lease: Lease | undefined): void {
    const { outputs, store, clock, random, log, gate } = this.#options;
    this.#pumps = outputs.map((output) => new Pump({
      output,
      sender: this.#sender(output),
      store,
      clock,
      random,
      log,
      gate,
      metrics: this.#metrics,
      lease,
    }));
    const pumps = this.#pumps;
    this.#stopWaking = store.onChange(() => {
      for (const pump of pumps) pump.wake();
    });
    for (const pump of pumps) pump.start();
  }

  async end(): Promise<void> {
    this.#stopWaking();
    const pumps = this.#pumps;
    this.#pumps = [];
    await Promise.all(pumps.map((pump) => pump.stop()));
  }

  find(name: string): OutputConfig | undefined {
    return this.#options.outputs.find((output) => output.name === name);
  }

  async list(): Promise<readonly OutputStatus[]> {
    const { outputs, store } = this.#options;
    const stored = new Map((await store.listOutputs()).map((one) => [one.name, one]));
    const dead = await store.countDeadLetters();
    const statuses: OutputStatus[] = [];
    for (const output of outputs) {
      const { name } = output;
      // The pump knows better than the store what it is doing.
      const running = this.#pumps.find(({ current }) => current?.name === name)?.current;
      const position = running ?? stored.get(name);
      const lag = position === undefined ? 0 : await store.countChanges(position.position);
      statuses.push({ output, position, lag, deadLetters: dead.get(name) ?? 0 });
    }
    return statuses;
  }

  /** From this replica, whoever has the lease: it shows whether the way is open. */
  async test(output: OutputConfig): Promise<TestOutcome> {
    const { clock } = this.#options;
    const sender = this.#sender(output);
    const startMs = clock.now();
    try {
      const notice = testNotice(output.name, startMs);
      const [failure] = await sender.send([notice], new AbortController().signal);
      return { seconds: (clock.now() - startMs) / 1_000, failure };
    } finally {
      await sender.close();
    }
  }

  #sender(output: OutputConfig) {
    const { version, env, clock } = this.#options;
    return createSender({ output, version, env, clock });
  }

  #levels() {
    return this.#pumps.flatMap((pump) => {
      const { current, lagSeconds } = pump;
      if (current === undefined) return [];
      return [{ name: current.name, lagSeconds, state: current.progress.state }];
    });
  }
}
