import type { Channel } from '../alert.ts';
import { LEARNED_CHANNELS } from '../profile/image-profile.ts';
import { addRate, ratePValue } from '../profile/rates.ts';
import { alarmLevel, combine, nextSum, type AlarmBudget, type EvidencePart } from './budget.ts';
import type { PodWatch } from './pod-watch.ts';

/**
 * The end of a pod's window: what it brought is weighed against what windows of this image used to
 * bring, and only then learned; a pod that alarmed teaches nothing.
 */

export type WindowOutcome = {
  readonly alarmed: boolean;
  readonly parts: readonly EvidencePart[];
};

export function closeWindow(
  watch: PodWatch,
  window: { readonly endMs: number; readonly idle: number },
  budget: AlarmBudget & { readonly pods: number; readonly startUpMs: number },
): WindowOutcome {
  const { profile } = watch;
  const { endMs, idle } = window;
  const pValues = new Map<Channel, number>();
  for (const name of LEARNED_CHANNELS) {
    const novel = watch.novelGroups.get(name)?.size ?? 0;
    const parent = profile.parent?.history(name) ?? null;
    if (novel > 0) pValues.set(name, profile.history(name).pValue(novel, parent));
  }
  const rate = rateEvidence(watch);
  if (rate !== null) pValues.set('rate', rate.p);
  const { e, parts } = combine(pValues);
  // A start-up is one burst: weighed only against start-ups of this same version.
  const isWeighed =
    !watch.isStartingUp(endMs - budget.windowMs, budget.startUpMs) ||
    (profile.knowsStartUp && profile.parent === null);
  if (isWeighed) watch.sum = nextSum(watch.sum, e);
  const alarmed = watch.sum >= alarmLevel(budget, budget.pods);
  const tainted = alarmed || watch.isTainted(endMs);
  if (!tainted) learnWindow(watch);
  if (!watch.hasHole && !tainted) {
    const lastMs = endMs + idle * budget.windowMs;
    profile.addWindows(watch.hash, endMs - budget.windowMs, lastMs, 1 + idle);
  }
  if (alarmed) watch.sum = 0;
  watch.clearWindow();
  return { alarmed, parts };
}

function learnWindow(watch: PodWatch): void {
  const { profile } = watch;
  for (const { behaviour, ms, exempt } of watch.lessons.values()) {
    profile.learn(behaviour, watch.hash, ms, exempt);
  }
  if (watch.hasHole) return;
  for (const name of LEARNED_CHANNELS) {
    profile.history(name).add(watch.novelGroups.get(name)?.size ?? 0);
  }
  for (const [feature, stats] of profile.rates) {
    if (!watch.counts.has(feature)) addRate(stats, 0);
  }
  for (const [feature, count] of watch.counts) addRate(profile.rate(feature), count);
}

export type RateEvidence = {
  readonly p: number;
  readonly feature: string;
  readonly seen: number;
  readonly most: number;
};

/** The most unusual count of the window, Bonferroni-corrected for how many were looked at. */
export function rateEvidence(watch: PodWatch): RateEvidence | null {
  let best: RateEvidence | null = null;
  for (const [feature, seen] of watch.counts) {
    const found = rateOf(watch, feature, seen);
    if (found !== null && (best === null || found.p < best.p)) best = found;
  }
  return best;
}

export function rateOf(watch: PodWatch, feature: string, seen: number): RateEvidence | null {
  const stats = watch.profile.rates.get(feature) ?? watch.profile.parent?.rates.get(feature);
  if (stats === undefined) return null;
  const p = ratePValue(stats, seen) * Math.max(1, watch.profile.rates.size);
  return p < 1 ? { p, feature, seen, most: stats.max } : null;
}
