import type { Channel } from '../alert.ts';

/**
 * From evidence per channel to an alarm under a stated budget.
 *
 * Each channel's p-value becomes an e-value, e = ½ p^(−½) (its mean under the null is at most 1:
 * ∫ ½ p^(−½) dp = 1). E = Σ w_c e_c with Σ w = 1 is again an e-value under *any* dependence between
 * the channels, which Fisher's and Stouffer's combinations are not. Per pod the Shiryaev–Roberts
 * sum M ← (M + 1) · E has mean t after t windows under the null, so the mean time to a false alarm
 * at M ≥ B is at least B windows: B = pods × windows per day / allowed false alarms per day.
 */

export const CHANNEL_WEIGHTS: Readonly<Record<Channel, number>> = {
  exec: 0.22,
  net: 0.22,
  priv: 0.14,
  rule: 0.08,
  'file-write': 0.12,
  'file-change': 0.06,
  'file-read': 0.04,
  rate: 0.12,
};

export function eValue(p: number): number {
  return 0.5 / Math.sqrt(Math.min(1, Math.max(p, Number.MIN_VALUE)));
}

export type Evidence = ReadonlyMap<Channel, number>;
export type EvidencePart = { readonly channel: Channel; readonly value: number };

/** Combined e-value of one window; a channel without a p-value had nothing unusual (p = 1). */
export function combine(pValues: Evidence): { readonly e: number; readonly parts: EvidencePart[] } {
  let e = 0;
  const parts: EvidencePart[] = [];
  for (const [name, weight] of Object.entries(CHANNEL_WEIGHTS)) {
    const channel = name as Channel;
    const p = pValues.get(channel);
    const value = weight * eValue(p ?? 1);
    e += value;
    if (p !== undefined && p < 1) parts.push({ channel, value });
  }
  parts.sort((a, b) => b.value - a.value);
  return { e, parts };
}

export function nextSum(sum: number, e: number): number {
  return (sum + 1) * e;
}

export type AlarmBudget = {
  readonly falseAlarmsPerDay: number;
  readonly windowMs: number;
};

const DAY_MS = 86_400_000;

export function alarmLevel(budget: AlarmBudget, pods: number): number {
  return (Math.max(1, pods) * (DAY_MS / budget.windowMs)) / budget.falseAlarmsPerDay;
}
