import type { BaselineOptions } from '../../baseline/baseline.ts';
import { COMPLETION_DEFAULT } from '../../baseline/profile/completion.ts';

/**
 * A recording lasts minutes where production lasts days, so the statistical clock is scaled to its
 * training span: a window is a thousandth of it (60 s in production), the minimum age half of it
 * (24 h). What belongs to processes and people (start-up, the quiet that ends an episode) stays.
 */
export type Scale = Required<
  Pick<BaselineOptions, 'windowMs' | 'completion' | 'taintMs' | 'probeWaitMs'>
>;

const WINDOW_MS_MIN = 100;
const WINDOW_MS_MAX = 60_000;

export function scaledTo(trainMs: number): Scale {
  const windowMs = Math.round(trainMs / 1000);
  const bounded = Math.min(WINDOW_MS_MAX, Math.max(WINDOW_MS_MIN, windowMs));
  return {
    windowMs: bounded,
    completion: { ...COMPLETION_DEFAULT, ageMsMin: trainMs / 2 },
    taintMs: 10 * bounded,
    probeWaitMs: 60 * bounded,
  };
}
