/**
 * Events from recordings: for the demo without Falco, for tests and for the bench. Paced by event
 * time or as fast as the sink takes them; either way the event loop gets its turn between batches.
 * A malformed line is counted and skipped; a file that cannot be read ends the source and says so.
 */
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import type { Source, SourceSink } from './event.ts';
import { JsonEvents } from './falco-fields.ts';
import { Intake } from './intake.ts';
import { Pace, PAUSE_MS_MIN } from './pace.ts';
import type { Lines } from './recording.ts';
import { recordedLines } from './recording.ts';
import { SourceError } from './source-error.ts';

export type ReplayOptions = {
  /** Files, or directories of `events-NN.jsonl[.gz]`. */
  readonly paths: readonly string[];
  /** 1 is real time; `Infinity` is as fast as possible. */
  readonly speed: number;
  readonly sink: SourceSink;
  readonly clock: Clock;
  readonly log: Logger;
};

export class ReplaySource implements Source {
  readonly #options: ReplayOptions;
  readonly #intake: Intake;
  readonly #abort = new AbortController();
  readonly #events = new JsonEvents();
  readonly #pace: Pace;
  #run: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#intake = new Intake(options);
    this.#pace = new Pace(options.speed);
  }

  get valuesCut(): number {
    return this.#events.valuesCut;
  }

  get intake(): Intake['counters'] {
    return this.#intake.counters;
  }

  start(): void {
    this.#run = this.#replay();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake?.();
    await this.#run;
  }

  async #replay(): Promise<void> {
    const { paths, sink, log } = this.#options;
    let detail = 'the recording is at its end';
    try {
      sink.onState({ state: 'streaming', detail: paths.join(', ') });
      for await (const lines of recordedLines(paths, this.#abort.signal)) await this.#take(lines);
      if (this.#abort.signal.aborted) detail = 'stopped';
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      log.error({ err: error, code: error.code }, 'replay ended early');
      detail = error.message;
    }
    this.#intake.flush();
    sink.onState({ state: 'ended', detail });
  }

  async #take({ lines, tooLong }: Lines): Promise<void> {
    for (let count = 0; count < tooLong; count += 1) this.#intake.refuse('too-large');
    const { clock } = this.#options;
    for (const line of lines) {
      const decoded = this.#events.decode(line);
      const delayMs = decoded.ok ? this.#pace.delayMs(decoded.event.timeNs, clock.nowMs()) : 0;
      if (delayMs >= PAUSE_MS_MIN) {
        this.#intake.flush();
        await this.#pause(delayMs);
        if (this.#abort.signal.aborted) return;
      }
      this.#intake.accept(decoded);
    }
    this.#intake.flush();
    await this.#pause(0);
  }

  /** Ends early at `stop`. */
  #pause(delayMs: number): Promise<void> {
    if (this.#abort.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(delayMs, () => {
        this.#wake = undefined;
        resolve();
      });
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
