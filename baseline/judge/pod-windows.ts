import { closeWindow, type WindowOutcome } from './windows.ts';
import { Calibrations } from './calibrations.ts';
import { Gaps } from './gaps.ts';
import type { PodWatch } from './pod-watch.ts';

/**
 * When the windows of pods end: with the pod's next event of a later window, or by time once they
 * are a whole window behind, so that a pod that says no more is judged and learned too. Each pod
 * has its own minute (`profile/window-offset.ts`): a node's pods that started together would else
 * all learn what they showed in one turn (measured: 200 of them, 286 ms).
 *
 * Events may come late by a window. What comes after its window was closed is weighed and learned
 * with the next one, and no window counts twice. Silence counts as clean windows only when the pod
 * speaks again, at most `IDLE_WINDOWS_MAX`: a pod that is gone did not live clean.
 */

/** A clock that leaps back this many windows is taken at its word. */
const WINDOWS_BACK_MAX = 10;
/** A longer silence may as well be ours. */
const IDLE_WINDOWS_MAX = 60;
/** Windows that are closed behind the back of an event: by as many as an event can be late. */
const LATE_WINDOWS = 1;
/** Of so many windows that turn out to have had a gap the pod owes clean ones. */
const OWED_WINDOWS_MAX = 1_000;

export type PodWindowsOptions = {
  readonly windowMs: number;
  readonly falseAlarmsPerDay: number;
  readonly startUpMs: number;
};

export class PodWindows {
  readonly #options: PodWindowsOptions;
  readonly #gaps = new Gaps();
  readonly #calibrations = new Calibrations();

  constructor(options: PodWindowsOptions) {
    this.#options = options;
  }

  indexOf({ windowOffset }: PodWatch, ms: number): number {
    return Math.floor((ms - windowOffset) / this.#options.windowMs);
  }

  #startOf({ windowOffset }: PodWatch, index: number): number {
    return index * this.#options.windowMs + windowOffset;
  }

  /** An event of a pod: ends the windows before it. Null when none was open. */
  roll(watch: PodWatch, ms: number, pods: number): WindowOutcome | null {
    const index = this.indexOf(watch, ms);
    if (index < watch.windowIndex - WINDOWS_BACK_MAX) watch.windowIndex = index;
    if (index <= watch.windowIndex) {
      if (watch.window === 'closed') watch.window = 'late';
      return null;
    }
    const outcome = watch.window === 'closed' ? null : this.close(watch, pods);
    if (outcome?.alarmed !== true) this.#countIdle(watch, index);
    watch.windowIndex = index;
    watch.window = 'open';
    return outcome;
  }

  /** The window has ended and so has the time in which an event of it may still come. */
  isOverdue(watch: PodWatch, nowMs: number): boolean {
    if (watch.window === 'closed') return false;
    return this.indexOf(watch, nowMs) > watch.windowIndex + LATE_WINDOWS;
  }

  close(watch: PodWatch, pods: number): WindowOutcome {
    const { windowMs } = this.#options;
    const fromMs = this.#startOf(watch, watch.windowIndex);
    const endMs = fromMs + windowMs;
    let isUnit = watch.window === 'open' && !this.#gaps.touch(fromMs, endMs);
    if (isUnit && watch.owedWindows > 0) {
      watch.owedWindows -= 1;
      isUnit = false;
    }
    watch.window = 'closed';
    const budget = { ...this.#options, pods, calibrations: this.#calibrations };
    return closeWindow(watch, { endMs, isUnit }, budget);
  }

  /** Lost events take back what was counted; counts never shrink, so later windows pay for it. */
  noteGap(fromMs: number, toMs: number, watches: Iterable<PodWatch>): void {
    this.#gaps.note(fromMs, toMs);
    for (const watch of watches) {
      const last = this.indexOf(watch, toMs);
      const end = watch.window === 'open' ? watch.windowIndex - 1 : watch.windowIndex;
      const first = Math.max(this.indexOf(watch, fromMs), this.indexOf(watch, watch.startMs));
      const counted = Math.min(end, last) - first + 1;
      if (counted <= 0) continue;
      watch.owedWindows = Math.min(OWED_WINDOWS_MAX, watch.owedWindows + counted);
    }
  }

  #countIdle(watch: PodWatch, index: number): void {
    const { windowMs } = this.#options;
    const first = watch.windowIndex + 1;
    const end = Math.min(index, first + IDLE_WINDOWS_MAX);
    const fromMs = this.#startOf(watch, first);
    const toMs = this.#startOf(watch, end);
    if (end <= first || watch.isTainted(fromMs)) return;
    const clean = end - first - this.#gaps.windows(fromMs, toMs, windowMs);
    const paid = Math.min(watch.owedWindows, clean);
    watch.owedWindows -= paid;
    if (clean - paid <= 0) return;
    watch.profile.addWindows(watch.hash, { fromMs, toMs }, clean - paid, 0);
  }
}
