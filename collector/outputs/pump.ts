import type { Logger } from 'pino';

import { sleep } from '../clock.ts';
import type { Clock } from '../clock.ts';
import type { LogGate } from '../log-gate.ts';
import { StoreFailure } from '../store/faces.ts';
import type { ChangeStore, Lease } from '../store/faces.ts';
import { backoffMs } from './backoff.ts';
import { passes } from './filter.ts';
import { ofIncident, summaryNotice } from './notice.ts';
import type { Notice } from './notice.ts';
import type { OutputConfig } from './output-config.ts';
import type { OutputMetrics } from './output-metrics.ts';
import type { OutputPosition, OutputStore } from './output-store.ts';
import { noticesOf, planOf } from './plan.ts';
import { Progress } from './progress.ts';
import { RateLimit } from './rate-limit.ts';
import type { Delivery, Failure, Sender } from './sender.ts';
import { Settling } from './settling.ts';

/**
 * One output's way through the store's changes: reads forward from its position, sends, and moves
 * the position only over what the receiver has taken, was given up for good, or was left out on
 * purpose. A crash sends the last part again: at least once, the same uuid for the same revision.
 *
 * Bounds: `READ_MAX` records at a time, `lagMax` changes and `lagSecondsMax` behind; what is passed
 * over is counted and told in one summary. A record that is refused `REFUSALS_MAX` times becomes a
 * dead letter; while the receiver is away nothing of the others waits, each output has its pump.
 */
const READ_MAX = 200;
/** A read costs queries, and what it leads to one synced write: not for every single alert. */
const GATHER_MS = 200;
const IDLE_MS = 15_000;
const REFUSALS_MAX = 3;
const SUMMARY_AFTER_MS = 60_000;
const REPLAYS_MAX = 20;
const REPEATED_MAX = 1_000;
const STORE_RETRY_MS = 1_000;
const MARKS_MAX = 200_000;
const MARKS_MS = 30 * 86_400_000;
const FORGET_EVERY_MS = 3_600_000;

export type PumpStore = OutputStore & Pick<ChangeStore, 'newestChange'>;

export type PumpOptions = {
  readonly output: OutputConfig;
  readonly sender: Sender;
  readonly store: PumpStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly gate: LogGate;
  readonly metrics: OutputMetrics;
  readonly lease: Lease | undefined;
};

export class Pump {
  readonly #options: PumpOptions;
  readonly #stopping = new AbortController();
  readonly #settling = new Settling(REFUSALS_MAX);
  readonly #rate: RateLimit;
  readonly #progress: Progress;
  #running: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  #isWoken = false;
  #failures = 0;
  #refreshAtMs = 0;
  #forgetAtMs = 0;
  #oldestMs = 0;

  constructor(options: PumpOptions) {
    this.#options = options;
    const { output, clock, store, lease } = options;
    this.#rate = new RateLimit(output.ratePerMinute, clock.now());
    this.#progress = new Progress({ name: output.name, store, clock, lease });
  }

  start(): void {
    this.#running = this.#run();
  }

  /** There may be something to send. */
  wake(): void {
    this.#isWoken = true;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
    await this.#options.sender.close();
  }

  get current(): OutputPosition | undefined {
    return this.#progress.current;
  }

  /** Age of the oldest record that waits; 0 when none does. */
  get lagSeconds(): number {
    if (this.#oldestMs === 0) return 0;
    return Math.max(0, (this.#options.clock.now() - this.#oldestMs) / 1_000);
  }

  async #run(): Promise<void> {
    const { clock, log, output, gate } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        this.#isWoken = false;
        const pause = await this.#step();
        if (pause.until === 'time') await sleep(clock, pause.ms, signal);
        else await this.#idle();
      } catch (error) {
        if (error instanceof StoreFailure && error.code === 'lease-lost') return;
        const suppressed = gate.open(`output ${output.name} store`);
        if (suppressed !== undefined) {
          log.warn({ err: error, output: output.name, suppressed },
            'the position of an output could not be read or kept, trying again');
        }
        // What memory says may be ahead of the store.
        this.#progress.forget();
        await sleep(clock, STORE_RETRY_MS, signal);
      }
    }
    await this.#progress.save().catch((error: unknown) => {
      log.warn({ err: error, output: output.name }, 'the last position of an output is lost');
    });
  }

  async #idle(): Promise<void> {
    if (this.#isWoken || this.#stopping.signal.aborted) return;
    const { clock, sender } = this.#options;
    const idleMs = Math.min(IDLE_MS, sender.refreshMs ?? IDLE_MS);
    await new Promise<void>((resolve) => {
      const cancel = clock.after(idleMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = () => undefined;
  }

  async #step(): Promise<Pause> {
    const { output, store } = this.#options;
    await this.#progress.load(output.from);
    const failure = await this.#replay() ?? await this.#repeat() ?? await this.#summarise();
    if (failure !== undefined) return await this.#backOff(failure);
    await this.#forget();
    await this.#passOver();
    const changes = await store.changesToSend(this.#progress.position, READ_MAX);
    const refused = await this.#deliver(changes);
    if (refused !== undefined) return await this.#backOff(refused);
    if (changes.length === READ_MAX) return { until: 'time', ms: 0 };
    return changes.length > 0 ? { until: 'time', ms: GATHER_MS } : { until: 'woken' };
  }

  /** Undefined when the position could move to the end of these changes. */
  async #deliver(changes: Awaited<ReturnType<PumpStore['changesToSend']>>): Promise<Delivery> {
    const { output, store, clock, metrics } = this.#options;
    const nowMs = clock.now();
    const found = noticesOf(changes, nowMs);
    if (found.length === 0) {
      this.#oldestMs = changes[0]?.storedAtMs ?? 0;
      return undefined;
    }
    const marks = output.revisions === 'all'
      ? new Map()
      : await store.sentMarks(output.name, found.map(({ notice }) => notice.recordId));
    const planned = planOf(found, {
      output,
      marks,
      nowMs,
      admits: (notice) => this.#settling.admits(notice, () => this.#rate.take(nowMs)),
    });
    this.#settling.keepOnly(planned);
    this.#oldestMs = found[0]?.change.storedAtMs ?? 0;
    let failure: Delivery;
    for (let group = this.#settling.next(planned, this.#options.sender.noticesMax);
      group.length > 0 && failure === undefined && !this.#stopping.signal.aborted;
      group = this.#settling.next(planned, this.#options.sender.noticesMax)) {
      failure = this.#settling.note(group, await this.#send(group));
    }
    const settled = this.#settling.settled(planned);
    for (const { reason } of settled.counted) metrics.passedOver(output.name, reason, 1);
    for (const { reason } of settled.dead) metrics.deadLettered(output.name, reason);
    const lost = await this.#progress.advance(settled, clock.now());
    if (lost > 0) metrics.passedOver(output.name, 'dead-letters-full', lost);
    if (settled.isAll) this.#oldestMs = 0;
    return failure;
  }

  async #send(notices: readonly Notice[]): Promise<readonly Delivery[]> {
    const { output, sender, clock, metrics } = this.#options;
    const { signal } = this.#stopping;
    this.#progress.note({ state: 'sending' });
    const startMs = clock.now();
    const deliveries = await sender.send(notices, signal);
    metrics.observe(output.name, (clock.now() - startMs) / 1_000);
    let taken = 0;
    notices.forEach(({ kind }, index) => {
      const delivery = deliveries[index];
      if (delivery === undefined) {
        taken += 1;
        metrics.sent(output.name, kind);
      } else if (!signal.aborted) {
        metrics.failed(output.name, delivery.class);
        this.#progress.failed(delivery, clock.now());
      }
    });
    if (taken > 0) {
      this.#failures = 0;
      this.#progress.sent(taken, clock.now());
    }
    return deliveries;
  }

  async #backOff(failure: Failure): Promise<Pause> {
    const { output, random, log, gate } = this.#options;
    if (this.#stopping.signal.aborted) return { until: 'time', ms: 0 };
    this.#failures += 1;
    const ms = Math.max(backoffMs(this.#failures, random), failure.retryAfterMs ?? 0);
    const suppressed = gate.open(`output ${output.name}`);
    if (suppressed !== undefined) {
      log.warn({ output: output.name, class: failure.class, detail: failure.detail, againInMs: ms,
        suppressed }, 'an output cannot deliver');
    }
    this.#progress.note({ state: 'backing-off' });
    await this.#progress.saveNowAndThen();
    return { until: 'time', ms };
  }

  /** Dead letters that somebody asked to send again. */
  async #replay(): Promise<Delivery> {
    const { output, store, lease } = this.#options;
    const letters = await store.queuedDeadLetters(output.name, REPLAYS_MAX);
    for (const letter of letters) {
      const notice = letter.notice as Notice;
      const [delivery] = await this.#send([notice]);
      if (delivery?.kind === 'transient') return delivery;
      if (delivery === undefined) await this.#progress.replayed(letter.number);
      else await store.refuseDeadLetter(letter.number, delivery.detail, lease);
    }
    if (letters.length === REPLAYS_MAX) this.#isWoken = true;
    return undefined;
  }

  /** What is still open, for receivers that forget. */
  async #repeat(): Promise<Delivery> {
    const { output, store, sender, clock } = this.#options;
    const { refreshMs } = sender;
    const nowMs = clock.now();
    if (refreshMs === undefined || nowMs < this.#refreshAtMs) return undefined;
    const open = (await store.openIncidentsWithWork(REPEATED_MAX))
      .map(({ incident, work }) => ofIncident(incident, work))
      .filter((notice) => passes(notice, output));
    for (let start = 0; start < open.length; start += sender.noticesMax) {
      const some = open.slice(start, start + sender.noticesMax);
      const failure = (await this.#send(some)).find((one) => one?.kind === 'transient');
      if (failure !== undefined) return failure;
    }
    this.#refreshAtMs = nowMs + refreshMs;
    return undefined;
  }

  async #summarise(): Promise<Delivery> {
    const { output, clock } = this.#options;
    const untold = this.#progress.untold;
    const nowMs = clock.now();
    if (untold === undefined || nowMs - untold.sinceMs < SUMMARY_AFTER_MS) return undefined;
    const notice = summaryNotice({
      output: output.name,
      counts: untold.counts,
      fromMs: untold.sinceMs,
      toMs: nowMs,
    });
    const [delivery] = await this.#send([notice]);
    if (delivery?.kind === 'transient') return delivery;
    // A receiver that refuses the summary itself would refuse it for ever.
    await this.#progress.told();
    return undefined;
  }

  async #passOver(): Promise<void> {
    const { output, store, metrics, log } = this.#options;
    const { position } = this.#progress;
    if (await store.newestChange() - position <= output.lagMax) return;
    // Positions have holes where records moved on: only the rows count.
    const count = await store.countChanges(position) - output.lagMax;
    if (count <= 0) return;
    const to = await store.positionBefore(output.lagMax);
    await this.#progress.passOver(to, count);
    metrics.passedOver(output.name, 'lag', count);
    log.warn({ output: output.name, count }, 'an output is too far behind, changes are passed over');
  }

  async #forget(): Promise<void> {
    const { output, store, clock } = this.#options;
    const nowMs = clock.now();
    if (nowMs < this.#forgetAtMs) return;
    this.#forgetAtMs = nowMs + FORGET_EVERY_MS;
    await store.forgetMarks(output.name, nowMs - MARKS_MS, MARKS_MAX);
  }
}

type Pause = { readonly until: 'time'; readonly ms: number } | { readonly until: 'woken' };
