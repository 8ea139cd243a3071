/** 1, 2, 4 … 60 s, each somewhere between half and whole, so that many do not knock together. */
const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 60_000;
const EXPONENT_MAX = 16;

export function backoffMs(failures: number, random: () => number): number {
  const exponent = Math.min(EXPONENT_MAX, Math.max(0, failures - 1));
  const full = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** exponent);
  return Math.round(full * (0.5 + random() / 2));
}
