import type { Channel, ProfileState } from '../alert.ts';
import type { Behaviour } from '../behaviour/behaviour.ts';
import type { Image } from '../observation.ts';
import { ChannelProfile, isTrusted, type Item } from './channel-profile.ts';
import { completion, type Completion, type CompletionRule } from './completion.ts';
import { NoveltyHistory } from './novelty-history.ts';
import { support } from './pod-set.ts';
import { ProbeBook } from './probe-book.ts';
import { emptyRate, type RateStats } from './rates.ts';
import { UpgradeDiff } from './upgrade-diff.ts';

/** Everything learned of one image, in bounded space. */

export const LEARNED_CHANNELS = [
  'exec',
  'net',
  'priv',
  'file-write',
  'file-read',
  'file-change',
  'rule',
] as const satisfies readonly Channel[];
export type LearnedChannel = (typeof LEARNED_CHANNELS)[number];

/** Novelty in these raises at once when they are complete; they converge in hours. */
export const STRONG_CHANNELS: ReadonlySet<Channel> = new Set(['exec', 'net', 'priv']);

export const PODS_MAX = 2048;
/** New behaviours that one pod may teach, per channel and day: a flood is not a lesson. */
export const NEW_PER_POD_AND_DAY = 200;
export const RATES_MAX = 64;
/** After so many times the minimum age it is called what it is; it goes on learning. */
const NEVER_COMPLETE_AGES = 7;
/** The pods of a first rollout start within this of each other: one start, seen many times. */
const RESTART_AFTER_MS = 90_000;
/** Three starts before the one that is judged: trust asks for two, and one may have had losses. */
const STARTS_MIN = 4;

/** One pod as evidence; each number only grows on the one agent that sees the pod. */
export type PodSpan = {
  firstMs: number;
  lastMs: number;
  windows: number;
  observations: number;
  /** What made the pod: `namespace/name`, empty outside Kubernetes. */
  workload: string;
  /** When its entry point was last seen to start; 0 when it ran before anybody looked. */
  startedMs: number;
};

export class ImageProfile {
  readonly key: string;
  image: Image;
  /** Set when the image runs several applications and this is the profile of one of them. */
  readonly workload: string;
  /** The version before this one in the lineage: what it knew is known here. */
  parent: ImageProfile | null = null;
  readonly channels: ReadonlyMap<LearnedChannel, ChannelProfile>;
  readonly histories: ReadonlyMap<LearnedChannel, NoveltyHistory>;
  readonly pods = new Map<number, PodSpan>();
  readonly rates = new Map<string, RateStats>();
  readonly probes = new ProbeBook();
  /** What this version does and its predecessor never did, as far as it is known. */
  readonly diff = new UpgradeDiff();
  podsForgotten = 0;
  startsForgotten = 0;
  observationsForgotten = 0;
  windows = 0;
  firstMs = Number.POSITIVE_INFINITY;
  lastMs = 0;
  /** Also of a pod whose first window has not ended yet. */
  seenMs = 0;
  /** Grows with each change, so that only what changed is sent. */
  revision = 0;
  readonly #taught = new Map<string, number>();
  #taughtDay = 0;

  constructor(key: string, image: Image, workload = '') {
    this.key = key;
    this.image = image;
    this.workload = workload;
    this.channels = new Map(LEARNED_CHANNELS.map((name) => [name, new ChannelProfile(name)]));
    this.histories = new Map(LEARNED_CHANNELS.map((name) => [name, new NoveltyHistory()]));
  }

  channel(name: LearnedChannel): ChannelProfile {
    return this.channels.get(name) as ChannelProfile;
  }

  history(name: LearnedChannel): NoveltyHistory {
    return this.histories.get(name) as NoveltyHistory;
  }

  /** Looks here, then in the version before. */
  find(behaviour: Behaviour): Item | undefined {
    const name = behaviour.channel as LearnedChannel;
    return this.channel(name).find(behaviour) ?? this.parent?.find(behaviour);
  }

  get isOnePodWorkload(): boolean {
    return this.podCount < 2;
  }

  trusts(item: Item): boolean {
    return isTrusted(item, this.isOnePodWorkload);
  }

  get observations(): number {
    let total = this.observationsForgotten;
    for (const span of this.pods.values()) total += span.observations;
    return total;
  }

  get podCount(): number {
    return this.pods.size + this.podsForgotten;
  }

  /** Counts one observation of a pod. */
  see(pod: number, ms: number, workload = ''): void {
    const span = this.#span(pod, ms);
    span.observations += 1;
    if (ms > this.seenMs) this.seenMs = ms;
    span.workload = workload;
  }

  /** Counts windows of a pod that was seen without a hole. */
  addWindows(pod: number, fromMs: number, toMs: number, count: number): void {
    const span = this.#span(pod, fromMs);
    span.windows += count;
    this.windows += count;
    if (toMs > span.lastMs) span.lastMs = toMs;
    if (fromMs < this.firstMs) this.firstMs = fromMs;
    if (toMs > this.lastMs) this.lastMs = toMs;
    this.revision += 1;
  }

  #span(pod: number, ms: number): PodSpan {
    let span = this.pods.get(pod);
    if (span === undefined) {
      if (this.pods.size >= PODS_MAX) this.#forgetOldestPod();
      span = { firstMs: ms, lastMs: ms, windows: 0, observations: 0, workload: '', startedMs: 0 };
      this.pods.set(pod, span);
      this.review();
    }
    return span;
  }

  #forgetOldestPod(): void {
    for (const [oldest, span] of this.pods) {
      this.pods.delete(oldest);
      this.podsForgotten += 1;
      this.observationsForgotten += span.observations;
      if (span.startedMs > 0) this.startsForgotten += 1;
      break;
    }
  }

  /** A pod's entry point was seen to start. */
  noteStart(pod: number, ms: number): void {
    const span = this.#span(pod, ms);
    if (ms > span.startedMs) span.startedMs = ms;
  }

  /** Pods whose start was seen. */
  get starts(): number {
    let starts = this.startsForgotten;
    for (const span of this.pods.values()) if (span.startedMs > 0) starts += 1;
    return starts;
  }

  /** Starts after the image was known for a while: a start-up that was seen more than once. */
  get restarts(): number {
    let restarts = this.startsForgotten;
    for (const { startedMs } of this.pods.values()) {
      if (startedMs > this.firstMs + RESTART_AFTER_MS) restarts += 1;
    }
    return restarts;
  }

  /**
   * Lanner often arrives after the pods: a profile can be complete without having seen one start.
   * What a start-up does is known when it was seen in pods before this one.
   */
  get knowsStartUp(): boolean {
    return this.starts >= STARTS_MIN;
  }

  /** Learns, within what one pod may teach in a day. Returns null where a bound refused it. */
  learn(behaviour: Behaviour, pod: number, ms: number, exempt = false): Item | null {
    const name = behaviour.channel as LearnedChannel;
    const channel = this.channel(name);
    const known = channel.find(behaviour) !== undefined;
    if (!known && !this.#mayTeach(pod, name, ms)) {
      channel.refused += 1;
      return null;
    }
    if (!known) this.revision += 1;
    return channel.learn(behaviour, { pod, ms, podCount: Math.max(1, this.pods.size) }, exempt);
  }

  /** Learns what pods of several nodes have shown by now. */
  shareWithFleet(): void {
    for (const [key, candidate] of this.diff.shareable()) {
      for (const [pod, ms] of candidate.pods) this.learn(candidate.behaviour, pod, ms, true);
      this.diff.share(key, candidate);
    }
  }

  #mayTeach(pod: number, channel: LearnedChannel, ms: number): boolean {
    const day = Math.floor(ms / 86_400_000);
    if (day !== this.#taughtDay) {
      this.#taught.clear();
      this.#taughtDay = day;
    }
    const key = `${pod}/${channel}`;
    const taught = this.#taught.get(key) ?? 0;
    if (taught >= NEW_PER_POD_AND_DAY) return false;
    this.#taught.set(key, taught + 1);
    return true;
  }

  rate(feature: string): RateStats {
    let stats = this.rates.get(feature);
    if (stats === undefined) {
      // It was not done in all the windows before: those count as windows with none.
      stats = { ...emptyRate(), windows: this.windows };
      if (this.rates.size < RATES_MAX) this.rates.set(feature, stats);
    }
    return stats;
  }

  /**
   * Whether the channel is complete, from evidence that merges: the first time of each behaviour
   * and the windows of each pod. Generalising a directory takes its novelty back.
   */
  completion(name: LearnedChannel, rule: CompletionRule, windowMs: number): Completion {
    const novel = new Set<number>();
    let lastNovelMs = this.firstMs;
    for (const item of this.channel(name).items.values()) {
      if (item.approved || item.exempt || this.parent?.find(item.behaviour) !== undefined) continue;
      novel.add(Math.floor(item.firstMs / windowMs));
      if (item.firstMs > lastNovelMs) lastNovelMs = item.firstMs;
    }
    const ageMs = Math.max(0, this.lastMs - this.firstMs);
    let clean = 0;
    let windows = 0;
    for (const span of this.pods.values()) {
      clean += windowsAfter(span, lastNovelMs);
      windows += span.windows;
    }
    return completion(
      {
        novelWindows: novel.size,
        cleanWindows: clean,
        pods: this.podCount,
        restarts: this.restarts,
        ageMs,
        windowsPerSecond: ageMs > 0 ? (windows * 1000) / ageMs : 0,
      },
      rule,
    );
  }

  /**
   * 1 − U/n, where U/n is the chance that the next pod shows something no pod has shown: U pods
   * hold a behaviour of a strong channel that no other pod has. With one pod, the share of windows
   * that brought nothing new, which says less.
   */
  coverage(): number {
    const pods = this.pods.size;
    if (pods < 2) return this.parent === null ? this.#windowCoverage() : this.parent.coverage();
    const alone = new Set<number>();
    for (const name of LEARNED_CHANNELS) {
      if (!STRONG_CHANNELS.has(name)) continue;
      for (const item of this.channel(name).items.values()) {
        const only = item.pods[0];
        if (support(item.pods) !== 1 || only === undefined || item.approved) continue;
        if (this.parent?.find(item.behaviour) === undefined) alone.add(only.pod);
      }
    }
    return 1 - Math.min(1, alone.size / pods);
  }

  #windowCoverage(): number {
    let novel = 0;
    for (const [name, history] of this.histories) {
      if (!STRONG_CHANNELS.has(name) || history.windows === 0) continue;
      novel = Math.max(novel, (history.atLeast[1] ?? 0) / history.windows);
    }
    return this.windows === 0 ? 0 : 1 - novel;
  }

  state(rule: CompletionRule, windowMs: number): ProfileState {
    for (const name of STRONG_CHANNELS) {
      if (this.completion(name as LearnedChannel, rule, windowMs).complete) continue;
      const ageMs = this.lastMs - this.firstMs;
      return ageMs > NEVER_COMPLETE_AGES * rule.ageMsMin ? 'never-complete' : 'learning';
    }
    return 'complete';
  }

  review(): void {
    for (const channel of this.channels.values()) channel.review(Math.max(1, this.pods.size));
  }
}

function windowsAfter(span: PodSpan, ms: number): number {
  if (span.firstMs >= ms) return span.windows;
  if (span.lastMs <= ms || span.lastMs === span.firstMs) return 0;
  return (span.windows * (span.lastMs - ms)) / (span.lastMs - span.firstMs);
}
