import { isNews, isTold, passes } from './filter.ts';
import { noticeOf } from './notice.ts';
import type { Notice } from './notice.ts';
import type { OutputConfig } from './output-config.ts';
import type { SendableChange, SentMark } from './output-store.ts';

/** What becomes of a part of the stream, in its order. */
export type Planned =
  | { readonly position: number; readonly step: 'skip' }
  | {
    readonly position: number;
    readonly step: 'count';
    readonly reason: 'age' | 'rate';
    readonly uuid: string;
  }
  | { readonly position: number; readonly step: 'send'; readonly notice: Notice };

/**
 * So long an output waits for the correlation to say where an alert belongs. Beyond that it is
 * broken, and an alert without an incident is better than none.
 */
const CORRELATION_MS_MAX = 60_000;

export type PlanOptions = {
  readonly output: OutputConfig;
  readonly marks: ReadonlyMap<string, SentMark>;
  readonly nowMs: number;
  /** Asked once for each notice that would be sent. */
  readonly admits: (notice: Notice) => boolean;
};

/** Ends before the first alert that nobody has decided about. */
export function noticesOf(
  changes: readonly SendableChange[],
  nowMs: number,
): readonly { readonly change: SendableChange; readonly notice: Notice }[] {
  const end = changes.findIndex(({ isCorrelated, storedAtMs }) =>
    !isCorrelated && nowMs - storedAtMs < CORRELATION_MS_MAX);
  return changes.slice(0, end < 0 ? changes.length : end)
    .map((change) => ({ change, notice: noticeOf(change) }));
}

export function planOf(
  found: ReturnType<typeof noticesOf>,
  { output, marks, nowMs, admits }: PlanOptions,
): readonly Planned[] {
  return found.map(({ change, notice }): Planned => {
    const { position, storedAtMs } = change;
    if (!isTold(change) || !passes(notice, output)) return { position, step: 'skip' };
    if (output.revisions === 'rises' && !isNews(notice, marks.get(notice.recordId))) {
      return { position, step: 'skip' };
    }
    if (storedAtMs > 0 && nowMs - storedAtMs > output.lagSecondsMax * 1_000) {
      return { position, step: 'count', reason: 'age', uuid: notice.uuid };
    }
    return admits(notice)
      ? { position, step: 'send', notice }
      : { position, step: 'count', reason: 'rate', uuid: notice.uuid };
  });
}
