import type { BaselineOptions } from '../../baseline/baseline.ts';
import { COMPLETION_DEFAULT } from '../../baseline/profile/completion.ts';

/**
 * A recording lasts minutes where production lasts days, so the statistical clock is scaled to its
 * training span: a window is a thousandth of it (60 s in production), the minimum age half of it
 * (24 h), and a command from outside waits 60 windows to be told from a probe. What belongs to
 * processes and people stays as it is: start-up, the quiet time of an episode, and how long a pod
 * that alarmed teaches nothing, since an attack takes as long here as in production.
 */
export type ScaledClock = Required<Pick<BaselineOptions, 'windowMs' | 'completion' | 'probeWaitMs'>>;

const WINDOW_MS_MIN = 100;
const WINDOW_MS_MAX = 60_000;
const PROBE_WAIT_WINDOWS = 60;

export function scaledTo(trainMs: number): ScaledClock {
  const windowMs = Math.min(WINDOW_MS_MAX, Math.max(WINDOW_MS_MIN, Math.round(trainMs / 1000)));
  return {
    windowMs,
    completion: { ...COMPLETION_DEFAULT, ageMsMin: trainMs / 2 },
    probeWaitMs: PROBE_WAIT_WINDOWS * windowMs,
  };
}
