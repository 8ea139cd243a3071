import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

import { noticeKinds } from './notice.ts';
import type { NoticeKind } from './notice.ts';
import { failureClasses } from './sender.ts';
import type { FailureClass } from './sender.ts';
import type { OutputState } from './output-store.ts';

/** Why a record never reached its receiver. */
const passedOverReasons = ['lag', 'age', 'rate', 'dead-letters-full'] as const;
type PassedOver = (typeof passedOverReasons)[number];

/** Labels: names of outputs come from the settings and are few; everything else is a closed set. */
export type OutputLevels = {
  readonly name: string;
  readonly lagSeconds: number;
  readonly state: OutputState;
};

export class OutputMetrics {
  readonly #sent: Counter;
  readonly #failed: Counter;
  readonly #dead: Counter;
  readonly #passedOver: Counter;
  readonly #seconds: Histogram;

  constructor(
    registry: Registry,
    names: readonly string[],
    read: {
      readonly levels: () => readonly OutputLevels[];
      readonly deadLetters: () => Promise<ReadonlyMap<string, number>>;
    },
  ) {
    const counter = (name: string, help: string, ...labels: readonly string[]) => new Counter({
      name: `lanner_collector_output_${name}`,
      help,
      labelNames: ['output', ...labels],
      registers: [registry],
    });
    this.#sent = counter('sent_total', 'Records that a receiver took', 'kind');
    this.#failed = counter('failures_total', 'Records that a receiver did not take', 'class');
    this.#dead = counter('dead_letters_total', 'Records given up', 'class');
    this.#passedOver = counter('passed_over_total', 'Records left out and told in one', 'reason');
    this.#seconds = new Histogram({
      name: 'lanner_collector_output_send_seconds',
      help: 'Time of one send, of one or more records',
      labelNames: ['output'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    });
    for (const output of names) {
      for (const kind of noticeKinds) this.#sent.inc({ output, kind }, 0);
      for (const name of failureClasses) this.#failed.inc({ output, class: name }, 0);
      for (const reason of passedOverReasons) this.#passedOver.inc({ output, reason }, 0);
    }
    addLevels(registry, read.levels);
    addDeadLetters(registry, read.deadLetters);
  }

  sent(output: string, kind: NoticeKind): void {
    this.#sent.inc({ output, kind });
  }

  failed(output: string, name: FailureClass): void {
    this.#failed.inc({ output, class: name });
  }

  deadLettered(output: string, name: FailureClass): void {
    this.#dead.inc({ output, class: name });
  }

  passedOver(output: string, reason: PassedOver, count: number): void {
    this.#passedOver.inc({ output, reason }, count);
  }

  observe(output: string, seconds: number): void {
    this.#seconds.observe({ output }, seconds);
  }
}

function addLevels(registry: Registry, levels: () => readonly OutputLevels[]): void {
  const lag = new Gauge({
    name: 'lanner_collector_output_lag_seconds',
    help: 'Age of the oldest record that waits; of the replica that sends',
    labelNames: ['output'],
    registers: [registry],
    collect: () => {
      lag.reset();
      for (const { name, lagSeconds } of levels()) lag.set({ output: name }, lagSeconds);
    },
  });
  const failing = new Gauge({
    name: 'lanner_collector_output_backing_off',
    help: '1 while a receiver does not take what it is sent',
    labelNames: ['output'],
    registers: [registry],
    collect: () => {
      failing.reset();
      for (const { name, state } of levels()) {
        failing.set({ output: name }, state === 'backing-off' ? 1 : 0);
      }
    },
  });
}

function addDeadLetters(
  registry: Registry,
  read: () => Promise<ReadonlyMap<string, number>>,
): void {
  const gauge = new Gauge({
    name: 'lanner_collector_output_dead_letters',
    help: 'Records that were given up and can be sent again',
    labelNames: ['output'],
    registers: [registry],
    collect: async () => {
      // Metrics are asked for most when the store is away: then this one is absent.
      const counts = await read().catch(() => new Map<string, number>());
      gauge.reset();
      for (const [output, count] of counts) gauge.set({ output }, count);
    },
  });
}
