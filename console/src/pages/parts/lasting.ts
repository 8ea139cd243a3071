/** How long something lasted, in the largest unit that still says something; null for no time. */
export type Lasting = {
  readonly unit: 'seconds' | 'minutes' | 'hours' | 'days';
  readonly n: number;
};

export function lastingOf(seconds: number): Lasting | null {
  if (!Number.isFinite(seconds) || seconds < 0) return null;
  if (seconds < 120) return { unit: 'seconds', n: Math.round(seconds) };
  if (seconds < 7_200) return { unit: 'minutes', n: Math.round(seconds / 60) };
  if (seconds < 172_800) return { unit: 'hours', n: Math.round(seconds / 3_600) };
  return { unit: 'days', n: Math.round(seconds / 86_400) };
}
