/**
 * The lines of a recording in the rhythm of their time, moved to another time if wanted: the first
 * event gets the time that is asked for, the distances stay. Above speed 1 event time runs faster
 * than the wall clock, by design: the agent's clock is that of the events.
 */
import type { Cancel, Clock } from '../../agent/source/clock.ts';
import { Pace, PAUSE_MS_MIN } from '../../agent/source/pace.ts';
import { recordedLines } from '../../agent/source/recording.ts';
import { lineTimeNs, shiftedLine } from './recorded-event.ts';

export type FeedOptions = {
  readonly paths: readonly string[];
  /** 1 is real time; `Infinity` is as fast as possible. */
  readonly speed: number;
  /** The time that the first event gets; null leaves all times as recorded. */
  readonly startNs: bigint | null;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** Resolves after the delay or at once when the signal aborts. */
const pause = (clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    let cancel: Cancel = () => {};
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    cancel = clock.after(delayMs, end);
    signal.addEventListener('abort', end);
  });

/** Batches of lines that are due at the same time; ends quietly when the signal aborts. */
export async function* feedLines(options: FeedOptions): AsyncGenerator<readonly string[]> {
  const { clock, signal, startNs } = options;
  const pace = new Pace(options.speed);
  let shiftNs: bigint | undefined;
  let due: string[] = [];
  for await (const { lines } of recordedLines(options.paths, signal)) {
    for (const line of lines) {
      const timeNs = lineTimeNs(line);
      if (timeNs === undefined) continue;
      const delayMs = pace.delayMs(timeNs, clock.nowMs());
      if (delayMs >= PAUSE_MS_MIN) {
        if (due.length > 0) yield due;
        due = [];
        await pause(clock, delayMs, signal);
        if (signal.aborted) return;
      }
      shiftNs ??= startNs === null ? 0n : startNs - timeNs;
      due.push(shiftNs === 0n ? line : shiftedLine(line, shiftNs));
    }
    if (due.length > 0) yield due;
    due = [];
  }
}
