import type { Channel, ProfileState } from '../alert.ts';
import type { Behaviour } from '../behaviour/behaviour.ts';
import type { Image } from '../observation.ts';
import { Calibration } from './calibration.ts';
import { ChannelProfile, isTrusted, type Item } from './channel-profile.ts';
import { cleanRunOf } from './clean-run.ts';
import { completion, type Completion, type CompletionRule } from './completion.ts';
import { Decisions, type Ruling } from './decisions.ts';
import { meansSiblingOf } from './meant.ts';
import { Pods, restartsIn } from './pods.ts';
import { support } from './pod-set.ts';
import { ProbeBook, PROBE_RUNS_MIN, probeRuns, type OutsideRun } from './probe-book.ts';
import { Quorum } from './quorum.ts';
import { pooledRate, RateBook } from './rate-book.ts';
import type { RateStats } from './rates.ts';
import { UpgradeDiff, type Candidate } from './upgrade-diff.ts';

/**
 * Everything learned of one image, in bounded space: what pods of this node showed, what the fleet
 * told, as far as it counts (`quorum.ts`), and what follows from both.
 */

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

/** After so many times the minimum age it is called what it is; it goes on learning. */
const NEVER_COMPLETE_AGES = 7;
/** Three starts before the one that is judged: trust asks for two, and one may have had losses. */
const STARTS_MIN = 4;
/** Pooling walks through all pods: again when there are so many more windows. */
const POOL_AGAIN_SHARE = 0.01;
const WINDOW_MS_DEFAULT = 60_000;

/** How an agent looks at profiles; a collector has no opinion and takes all in. */
export type Outlook = {
  readonly windowMs: number;
  readonly completion: CompletionRule;
  /** This node as a reporter: what it reported before a restart is its own. */
  readonly self: number;
};

export class ImageProfile {
  readonly key: string;
  image: Image;
  /** Set when the image runs several applications and this is the profile of one of them. */
  readonly workload: string;
  readonly outlook: Outlook | null;
  /** What people decided; all profiles of an agent share it. */
  decisions = new Decisions();
  /** The version before this one in the lineage: what it knew is known here. */
  parent: ImageProfile | null = null;
  /** When it was last reset, in ms: evidence of an earlier generation is void. */
  generation = 0;
  channels: ReadonlyMap<LearnedChannel, ChannelProfile> = new Map();
  pods = new Pods();
  rates = new RateBook();
  toldRates = new RateBook();
  probes = new ProbeBook();
  toldProbes = new ProbeBook();
  /** What this version does and its predecessor never did, as far as it is known. */
  diff = new UpgradeDiff();
  /** Also of a pod whose first window has not ended yet. */
  seenMs = 0;
  /** Grows with what our own pods show, but not with how long they show nothing new. */
  revision = 0;
  /** New behaviours that a lock kept out. */
  lockedOut = 0;
  /** A collector has none: it takes all in. */
  readonly #quorum: Quorum | null;
  readonly #calibrations = new Map<LearnedChannel, { stamp: string; is: Calibration }>();
  readonly #pooled = new Map<string, { windows: number; stats: RateStats }>();

  constructor(key: string, image: Image, workload = '', outlook: Outlook | null = null) {
    this.key = key;
    this.image = image;
    this.workload = workload;
    this.outlook = outlook;
    this.#quorum = outlook === null ? null : new Quorum({
      self: outlook.self,
      areOthersSure: (channel, without) => this.#areOthersSure(channel, without),
    });
    this.reset(0);
  }

  /** Forgets everything. */
  reset(generation: number): void {
    this.generation = generation;
    this.channels = new Map(LEARNED_CHANNELS.map((name) => [name, this.#newChannel(name)]));
    this.pods = new Pods();
    this.rates = new RateBook();
    this.toldRates = new RateBook();
    this.probes = new ProbeBook();
    this.toldProbes = new ProbeBook();
    this.diff = new UpgradeDiff(({ reporters, behaviour: { channel } }) =>
      this.#quorum?.counts(reporters, channel as LearnedChannel) ?? true,
    );
    for (const name of LEARNED_CHANNELS) this.#quorum?.clear(name);
    this.#calibrations.clear();
    this.#pooled.clear();
    this.revision += 1;
  }

  #newChannel(name: LearnedChannel): ChannelProfile {
    return new ChannelProfile(name, {
      podCount: () => this.pods.size,
      isTold: ({ trace }) => this.#quorum?.countedLast(trace.reporters, name) ?? true,
    });
  }

  channel(name: LearnedChannel): ChannelProfile {
    return this.channels.get(name) as ChannelProfile;
  }

  /** Looks here, then in the version before. */
  find(behaviour: Behaviour): Item | undefined {
    const name = behaviour.channel as LearnedChannel;
    return this.channel(name).find(behaviour) ?? this.parent?.find(behaviour);
  }

  /** The same of all that another profile knows: nothing is remembered of it. */
  knows(behaviour: Behaviour): boolean {
    const name = behaviour.channel as LearnedChannel;
    return this.channel(name).knows(behaviour) || (this.parent?.knows(behaviour) ?? false);
  }

  /** What a person said about it, by its own name or by what it is called in general. */
  rulingOn(behaviour: Behaviour): Ruling {
    if (this.decisions.isEmpty) return null;
    const { decisions } = this;
    const name = behaviour.channel;
    return this.channel(name as LearnedChannel).rulingOn(behaviour, decisions.revision, {
      byText: (value) => decisions.rulingOn(name, value, this),
      byPattern: (isMeant) => decisions.rulingOnPattern(name, this, isMeant),
    });
  }

  /** A person accepted another file of that program in that directory. */
  acceptsSiblingOf(behaviour: Behaviour): boolean {
    if (this.decisions.isEmpty) return false;
    const { channel } = behaviour;
    return this.decisions.accepts(channel, this, meansSiblingOf(behaviour));
  }

  get isLocked(): boolean {
    return this.decisions.isLocked(this);
  }

  get isOnePodWorkload(): boolean {
    return this.podCount < 2;
  }

  trusts(item: Item): boolean {
    return isTrusted(item, this.isOnePodWorkload) || this.isAccepted(item);
  }

  isAccepted({ behaviour }: Item): boolean {
    return this.rulingOn(behaviour) === 'accept';
  }

  get observations(): number {
    let total = 0;
    for (const span of this.pods.spans().values()) total += span.observations;
    return total;
  }

  get podCount(): number {
    return this.pods.size;
  }

  get windows(): number {
    return this.pods.windows;
  }

  get firstMs(): number {
    return this.pods.firstMs;
  }

  get lastMs(): number {
    return this.pods.lastMs;
  }

  /** Counts one observation of a pod. */
  see(pod: number, ms: number, workload = ''): void {
    let span = this.pods.own.get(pod);
    if (span === undefined) {
      span = this.pods.ensure(pod, ms);
      this.review();
    }
    span.observations += 1;
    if (ms > this.seenMs) this.seenMs = ms;
    span.workload = workload;
  }

  /** Counts windows of a pod that was seen without a hole; `counted` of them with events. */
  addWindows(
    pod: number,
    stretch: { readonly fromMs: number; readonly toMs: number },
    count: number,
    counted = count,
  ): void {
    this.pods.addWindows(pod, stretch, count, counted);
  }

  /** A pod's entry point was seen to start. */
  noteStart(pod: number, ms: number): void {
    this.pods.noteStart(pod, ms);
  }

  /** Pods whose start was seen. */
  get starts(): number {
    return this.pods.starts;
  }

  /** Starts after the image was known for a while: a start-up that was seen more than once. */
  get restarts(): number {
    return restartsIn(this.pods.spans(), this.firstMs);
  }

  /**
   * Lanner often arrives after the pods: a profile can be complete without having seen one start.
   * What a start-up does is known when it was seen in pods before this one.
   */
  get knowsStartUp(): boolean {
    return this.starts >= STARTS_MIN;
  }

  /** Learns, within what one pod may teach in a day. Returns null where it does not count (yet). */
  learn(behaviour: Behaviour, pod: number, ms: number, exempt = false): Item | null {
    const channel = this.channel(behaviour.channel as LearnedChannel);
    const known = channel.find(behaviour);
    if (known === undefined && this.isLocked) {
      this.lockedOut += 1;
      return null;
    }
    const before = known?.isOwn === true ? known.pods.length : 0;
    const { version } = channel.own;
    const item = channel.learn(behaviour, { pod, ms }, exempt);
    const isNews = item === null ? channel.own.version !== version : item.pods.length !== before;
    if (isNews) this.revision += 1;
    return item;
  }

  /** Learns what pods of several nodes have shown by now, or what the fleet knows already. */
  shareWithFleet(): void {
    for (const [key, candidate] of this.diff.candidates) {
      // Whose pods showed it learns it, and tells.
      if (candidate.pods.size === 0) continue;
      const isKnown = this.find(candidate.behaviour) !== undefined;
      if (!isKnown && !this.diff.isShareable(candidate)) continue;
      this.share(key, candidate);
    }
  }

  /** A candidate has become part of what is known. */
  share(key: string, candidate: Candidate, exempt = true): void {
    this.learnShared(candidate, exempt);
    this.diff.share(key, candidate);
  }

  learnShared({ behaviour, pods }: Candidate, exempt = true): void {
    for (const [pod, ms] of pods) this.learn(behaviour, pod, ms, exempt);
  }

  /** How often a pod did something in a window that counts. */
  addRate(feature: string, pod: number, count: number): void {
    this.rates.add(feature, pod, count);
    // The most that was ever seen is known at once, the rest soon enough.
    if (count > (this.#pooled.get(feature)?.stats.max ?? 0)) this.#pooled.delete(feature);
  }

  rate(feature: string): RateStats | undefined {
    const known = this.#pooled.get(feature);
    const { windows } = this.pods;
    if (known !== undefined && windows - known.windows <= windows * POOL_AGAIN_SHARE) {
      return known.stats;
    }
    const stats = pooledRate(feature, [this.rates, this.toldRates], this.pods.spans());
    if (stats !== undefined) this.#pooled.set(feature, { windows, stats });
    return stats;
  }

  /** Different things that are counted. */
  get rateCount(): number {
    return Math.max(this.rates.size, this.toldRates.size);
  }

  isProbe(run: OutsideRun): boolean {
    if (run.tty) return false;
    const told = this.toldProbes.of(run);
    const counts = told !== undefined && (this.#quorum?.counts(told.reporters, 'exec') ?? true);
    const runs = probeRuns(this.probes.of(run), counts ? told : undefined);
    return runs >= PROBE_RUNS_MIN || (this.parent?.isProbe(run) ?? false);
  }

  /** Leave-one-pod-out: how many windows would have brought how much. */
  calibration(name: LearnedChannel): Calibration {
    const { items } = this.channel(name);
    const { counted } = this.pods;
    const stamp = `${this.revision}/${counted}/${items.size}/${this.pods.size}`;
    const known = this.#calibrations.get(name);
    if (known?.stamp === stamp) return known.is;
    const windowMs = this.outlook?.windowMs ?? WINDOW_MS_DEFAULT;
    const is = new Calibration(items.values(), counted, windowMs);
    this.#calibrations.set(name, { stamp, is });
    return is;
  }

  /** The fleet told something: who is doubted is looked at anew, and what follows from it. */
  reconsider(): void {
    this.#pooled.clear();
    if (this.#quorum === null) return;
    for (const [name, channel] of this.channels) {
      // With everything first: a doubt is about what all others would say.
      if (this.#quorum.clear(name)) channel.settle();
      let isAnyDoubted = false;
      for (const reporter of channel.soleReporters()) {
        if (this.#quorum.doubts(reporter, name)) isAnyDoubted = true;
      }
      if (isAnyDoubted) channel.settle();
    }
  }

  /**
   * Complete, by several pods, of which enough were seen to start. (Without the last: pods that ran
   * before Lanner came seem to know an image whose start-up one node alone has seen; 2 false alerts
   * on the shipped recording over 3 agents.)
   */
  #areOthersSure(channel: LearnedChannel, without: number): boolean {
    if (this.outlook === null) return false;
    const { completion: rule, windowMs } = this.outlook;
    const others = this.completion(channel, rule, windowMs, without);
    if (!others.complete || others.basis !== 'pods') return false;
    let starts = 0;
    for (const { startedMs } of this.pods.spans(without).values()) if (startedMs > 0) starts += 1;
    return starts >= STARTS_MIN;
  }

  /** Whether the channel is complete; `without` what one node alone reported if so asked. */
  completion(
    name: LearnedChannel,
    rule: CompletionRule,
    windowMs: number,
    without: number | null = null,
  ): Completion {
    return completion(cleanRunOf(this, name, { windowMs, without }), rule);
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
        const [only] = item.pods;
        if (support(item.pods) !== 1 || only === undefined || this.isAccepted(item)) continue;
        if (this.parent?.knows(item.behaviour) !== true) alone.add(only);
      }
    }
    return 1 - Math.min(1, alone.size / pods);
  }

  #windowCoverage(): number {
    let novel = 0;
    for (const name of LEARNED_CHANNELS) {
      if (!STRONG_CHANNELS.has(name)) continue;
      const { windows, atLeast } = this.calibration(name);
      if (windows > 0) novel = Math.max(novel, (atLeast[1] ?? 0) / windows);
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

  /** What the fleet told is kept small until it tells more. */
  rest(): void {
    for (const channel of this.channels.values()) channel.rest();
  }

  review(): void {
    for (const channel of this.channels.values()) channel.review();
  }
}
