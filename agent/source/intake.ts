/**
 * What the three sources share: decoded events gather into batches, bad ones are counted by
 * reason and logged at a bounded rate, drop reports become gaps. A batch goes on when it is full,
 * or when what was readable has been read; the sink works through it before the source reads more,
 * so nothing queues here.
 *
 * Identity: received = delivered + the sum of malformed + what is in the open batch.
 */
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import { DropReports } from './drop-report.ts';
import type { Decoded, FalcoEvent, Gap, MalformedReason, SourceSink } from './event.ts';
import { LogGate } from './log-gate.ts';

/** Large enough to pay for the call, small enough to be one slice of the event loop (~2 ms). */
export const BATCH_EVENTS_MAX = 256;

/** Plain numbers, read by `collect()`. */
export type IntakeCounters = {
  received: number;
  delivered: number;
  batches: number;
  gaps: number;
  readonly malformed: Record<MalformedReason, number>;
};

export type IntakeOptions = {
  readonly sink: SourceSink;
  readonly clock: Clock;
  readonly log: Logger;
};

export class Intake {
  readonly counters: IntakeCounters = {
    received: 0,
    delivered: 0,
    batches: 0,
    gaps: 0,
    malformed: {
      truncated: 0,
      'too-large': 0,
      'wire-format': 0,
      'not-json': 0,
      'not-falco': 0,
      'bad-time': 0,
      'bad-field': 0,
    },
  };
  readonly #sink: SourceSink;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #gate: LogGate;
  readonly #dropReports = new DropReports();
  #batch: FalcoEvent[] = [];
  #isFlushDue = false;

  constructor({ sink, clock, log }: IntakeOptions) {
    this.#sink = sink;
    this.#clock = clock;
    this.#log = log;
    this.#gate = new LogGate(clock);
  }

  accept(decoded: Decoded): void {
    this.#take(decoded);
    if (this.#batch.length >= BATCH_EVENTS_MAX) this.flush();
    else if (this.#batch.length > 0) this.#flushSoon();
  }

  /** The only one that was readable: there is nothing to gather. */
  acceptAlone(decoded: Decoded): void {
    this.#take(decoded);
    this.flush();
  }

  refuse(reason: MalformedReason): void {
    this.counters.received += 1;
    this.counters.malformed[reason] += 1;
    this.#sink.onMalformed(reason);
    const suppressed = this.#gate.pass(reason);
    if (suppressed >= 0) this.#log.warn({ reason, suppressed }, 'malformed Falco event');
  }

  /** After the events that came before it: order is what sequences are judged by. */
  gap(gap: Gap): void {
    this.flush();
    this.counters.gaps += 1;
    this.#sink.onGap(gap);
  }

  #take(decoded: Decoded): void {
    if (!decoded.ok) {
      this.refuse(decoded.reason);
      return;
    }
    this.counters.received += 1;
    const { event } = decoded;
    if (event.source === 'internal') {
      const gap = this.#dropReports.gapOf(event);
      if (gap !== undefined) this.gap(gap);
    }
    this.#batch.push(event);
  }

  flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.counters.batches += 1;
    this.counters.delivered += batch.length;
    this.#sink.onEvents(batch);
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#clock.soon(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }
}
