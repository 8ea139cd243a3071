import type { Channel } from '../alert.ts';
import type { Observation } from '../observation.ts';
import { LEARNED_CHANNELS, type LearnedChannel } from '../profile/image-profile.ts';
import { ratePValue } from '../profile/rates.ts';
import { alarmLevel, combine, nextSum, type AlarmBudget, type EvidencePart } from './budget.ts';
import type { Calibrations } from './calibrations.ts';
import type { PodWatch } from './pod-watch.ts';

/**
 * The end of a pod's window: what it brought is weighed against what windows of this image used to
 * bring, and only then learned; a pod that alarmed teaches nothing.
 */

export type WindowOutcome = {
  readonly alarmed: boolean;
  readonly parts: readonly EvidencePart[];
};

/** A window that lost events, or whose events came late, is no unit: it teaches, but counts not. */
export function closeWindow(
  watch: PodWatch,
  window: { readonly endMs: number; readonly isUnit: boolean },
  budget: AlarmBudget & {
    readonly pods: number;
    readonly startUpMs: number;
    readonly calibrations: Calibrations;
  },
): WindowOutcome {
  const { profile } = watch;
  const { endMs, isUnit } = window;
  const pValues = new Map<Channel, number>();
  for (const name of LEARNED_CHANNELS) {
    const novel = watch.novelGroups.get(name)?.size ?? 0;
    if (novel === 0) continue;
    const { calibrations } = budget;
    const parent = profile.parent === null ? null : calibrations.of(profile.parent, name);
    pValues.set(name, calibrations.of(profile, name).pValue(novel, parent));
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
  if (!tainted) learnWindow(watch, isUnit);
  if (isUnit && !tainted) {
    profile.addWindows(watch.hash, { fromMs: endMs - budget.windowMs, toMs: endMs }, 1, 1);
  }
  if (alarmed) watch.sum = 0;
  watch.clearWindow();
  return { alarmed, parts };
}

function learnWindow(watch: PodWatch, isUnit: boolean): void {
  const { profile } = watch;
  for (const { behaviour, ms, lastMs, exempt } of watch.lessons.values()) {
    profile.learn(behaviour, watch.hash, ms, exempt);
    const channel = profile.channel(behaviour.channel as LearnedChannel);
    if (lastMs > ms) channel.seeAgain(behaviour, watch.hash, lastMs);
  }
  if (!isUnit) return;
  for (const [feature, count] of watch.counts) profile.addRate(feature, watch.hash, count);
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

/**
 * The rate of a feature that has been counted so often, where that alone is an alarm: a flood is
 * told while it happens. Looked at at every multiple of `RATE_CHECK_EVERY`.
 */
export function alarmingRate(
  watch: PodWatch,
  feature: string,
  seen: number,
  level: () => number,
): RateEvidence | null {
  if (seen % RATE_CHECK_EVERY !== 0 || watch.alarmedRates.has(feature)) return null;
  const rate = rateOf(watch, feature, seen);
  if (rate === null) return null;
  const sum = nextSum(watch.sum, combine(new Map([['rate', rate.p]])).e);
  return sum < level() ? null : rate;
}

const RATE_CHECK_EVERY = 16;

/** What is counted per window, by program so that one busy program hides no other. */
export function featureOf(o: Observation): string {
  switch (o.kind) {
    case 'connect':
      return `connections to port ${o.port} by ${o.process.name}`;
    case 'exec':
      return 'programs started';
    case 'open':
      return o.isWrite ? 'files written' : 'files read';
    case 'change':
      return 'files changed';
    case 'accept':
    case 'listen':
    case 'privileged':
    case 'rule':
    case 'exit':
      return '';
  }
}

export function rateOf(watch: PodWatch, feature: string, seen: number): RateEvidence | null {
  const { profile } = watch;
  const stats = profile.rate(feature) ?? profile.parent?.rate(feature);
  if (stats === undefined) return null;
  const p = ratePValue(stats, seen) * Math.max(1, profile.rateCount);
  return p < 1 ? { p, feature, seen, most: stats.max } : null;
}
