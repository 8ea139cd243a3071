import { useState } from 'react';

import type { LiveRow } from '../../data/live-alerts.ts';

/**
 * The rows as they are, or as they were when they were held: by the pause button, or because
 * somebody scrolled or selected. Older ones that are loaded join a held list at its end.
 */
export type Held = {
  readonly rows: readonly LiveRow[];
  readonly isHeld: boolean;
  /** By the button: scrolling back does not end it. */
  readonly isPaused: boolean;
  /** Came since. */
  readonly newer: number;
  hold(): void;
  pause(): void;
  release(): void;
  releaseUnlessPaused(): void;
};

type Hold = {
  readonly isPaused: boolean;
  /** The newest of the rows that are shown. */
  readonly atMs: number;
  readonly arrival: number;
  /** Of which filters: others begin anew. */
  readonly of: string;
};

export function useHeld(current: readonly LiveRow[], of: string): Held {
  const [hold, setHold] = useState<Hold | undefined>();
  const active = hold?.of === of ? hold : undefined;
  const rows = active === undefined
    ? current
    : current.filter(({ atMs, arrival }) =>
      atMs < active.atMs || (atMs === active.atMs && arrival <= active.arrival));
  const held = (isPaused: boolean): void => setHold((before) => {
    if (before?.of === of) return { ...before, isPaused: before.isPaused || isPaused };
    const [newest] = current;
    return {
      isPaused,
      of,
      atMs: newest?.atMs ?? Number.NEGATIVE_INFINITY,
      arrival: newest?.arrival ?? -1,
    };
  });
  return {
    rows,
    isHeld: active !== undefined,
    isPaused: active?.isPaused === true,
    newer: current.length - rows.length,
    hold: () => held(false),
    pause: () => held(true),
    release: () => setHold(undefined),
    releaseUnlessPaused: () => setHold((before) => (before?.isPaused === true ? before : undefined)),
  };
}
