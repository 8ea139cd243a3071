import { addressScope } from '../behaviour/address.ts';
import { behavioursOf, type Behaviour } from '../behaviour/behaviour.ts';
import type { Container, Observation } from '../observation.ts';
import type { CompletionRule } from '../profile/completion.ts';
import type { ImageProfile } from '../profile/image-profile.ts';
import { workloadName, type ProfileBook } from '../profile/profile-book.ts';
import { Again } from './again.ts';
import { alarmLevel } from './budget.ts';
import { innateRules, isTool, type InnateRule } from './innate.ts';
import { Modes } from './modes.ts';
import { Novelty, type Occasion } from './novelty.ts';
import { PodWatch, type LastSeen } from './pod-watch.ts';
import { PodWindows } from './pod-windows.ts';
import type { Session } from './process-table.ts';
import type { Verdict } from './verdict.ts';
import { alarmingRate, featureOf, type WindowOutcome } from './windows.ts';

/**
 * Judges one observation after the other. Bounds: `PODS_WATCHED_MAX` pods (the one silent for
 * longest is forgotten; its window is closed first) and `ADDRESSES_MAX` addresses.
 */

export const PODS_WATCHED_MAX = 4096;
export const ADDRESSES_MAX = 8192;
/** A call to `advance` looks at so many pods; the rest is for the next ones. */
export const PODS_SWEPT_MAX = 512;
/** Windows of silent pods are looked at so often in the length of one. */
const SWEEPS_PER_WINDOW = 12;
/** One call closes windows until it has learned so much; the rest is for the next ones. */
export const LESSONS_PER_CALL_MAX = 256;
/** What is due by time is looked for so often: it waited for minutes, and all images are asked. */
export const LOOK_MS = 1_000;
/** Windows of an image between two looks at whether its applications differ. */
const SPLIT_LOOK_WINDOWS = 64;
const RATE_SCORE = 55;
const EVIDENCE_SCORE = 40;

export type JudgeOptions = {
  readonly windowMs: number;
  readonly completion: CompletionRule;
  readonly falseAlarmsPerDay: number;
  readonly startUpMs: number;
  readonly taintMs: number;
};

export type Judged = {
  readonly verdicts: readonly Verdict[];
  /** An operator's session or a probe that this observation opened. */
  readonly opened: Session | null;
  readonly session: Session | null;
  readonly watch: PodWatch;
};

const NO_VERDICTS: readonly Verdict[] = [];

export class Judge {
  readonly modes: Modes;
  readonly novelty: Novelty;
  readonly counters = { observed: 0, runtime: 0, lessonsDropped: 0, podsForgotten: 0 };
  readonly #options: JudgeOptions;
  readonly #book: ProfileBook;
  readonly #pods = new Map<string, PodWatch>();
  readonly #addresses = new Map<string, string | null>();
  readonly #windows: PodWindows;
  /** Counts what was judged before and comes again. */
  readonly again: Again;
  #addressChanges = 0;
  #sweep: Iterator<PodWatch> | null = null;
  #sweptIndex = 0;
  #look = -1;
  readonly #splitLooks = new WeakMap<ImageProfile, number>();

  constructor(options: JudgeOptions, book: ProfileBook) {
    this.#options = options;
    this.#book = book;
    this.modes = new Modes(options.completion, options.windowMs);
    this.novelty = new Novelty(this.modes, options.startUpMs);
    this.#windows = new PodWindows(options);
    this.again = new Again({
      startUpMs: options.startUpMs,
      windows: this.#windows,
      counters: this.counters,
      addresses: () => this.#addressChanges,
      ownerOf: this.#ownerOf,
      watchOf: (container) => this.#pods.get(watchKey(container)),
      alarmLevel: this.#alarmLevel,
    });
  }

  readonly #ownerOf = (address: string): string | null => this.#addresses.get(address) ?? null;
  readonly #alarmLevel = (): number => alarmLevel(this.#options, this.#pods.size);

  get pods(): ReadonlyMap<string, PodWatch> {
    return this.#pods;
  }

  judge(o: Observation): Judged {
    const ms = Number(o.timeNs / 1_000_000n);
    const verdicts: Verdict[] = [];
    const watch = this.#watch(o, ms, verdicts);
    this.#ended(watch, this.#windows.roll(watch, ms, this.#pods.size), o, verdicts);
    watch.last = o;
    const table = watch.processes(o.container.id);
    if (table.isRuntime(o)) {
      this.counters.runtime += 1;
      return { verdicts: this.#raised(verdicts), opened: null, session: null, watch };
    }
    this.counters.observed += 1;
    watch.profile.see(watch.hash, ms, workloadName(o.container));
    const exec = o.kind === 'exec' ? table.exec(o) : null;
    if (o.kind === 'exec' && o.vpid === 1 && watch.noteEntry(o.container.id)) {
      watch.profile.noteStart(watch.hash, ms);
    }
    if (exec?.opened) noteProbe(watch, exec.opened);
    const session = exec === null ? table.sessionOf(o) : exec.known.session;
    this.#learnAddress(o);
    this.#weigh({ o, ms, watch, session, isSuspicious: false }, verdicts);
    return { verdicts: this.#raised(verdicts), opened: exec?.opened ?? null, session, watch };
  }

  /** Events were lost: the windows they fell in are no evidence of absence. */
  noteGap(fromMs: number, toMs: number): void {
    this.#windows.noteGap(fromMs, toMs, this.#pods.values());
  }

  /** Closes the windows of quiet pods, and raises what waited for a second pod in vain. */
  advance(nowMs: number): readonly Verdict[] {
    const verdicts: Verdict[] = [];
    this.#closeOverdue(nowMs, verdicts);
    const look = Math.floor(nowMs / LOOK_MS);
    if (look !== this.#look) this.#raiseOverdue(nowMs, verdicts);
    this.#look = look;
    return verdicts.length === 0 ? NO_VERDICTS : this.#raised(verdicts);
  }

  /** Over as many calls as it takes. */
  #closeOverdue(nowMs: number, verdicts: Verdict[]): void {
    const index = Math.floor((nowMs * SWEEPS_PER_WINDOW) / this.#options.windowMs);
    if (this.#sweep === null && index === this.#sweptIndex) return;
    this.#sweptIndex = index;
    this.#sweep ??= this.#pods.values();
    let lessons = 0;
    for (let looked = 0; looked < PODS_SWEPT_MAX && lessons < LESSONS_PER_CALL_MAX; looked += 1) {
      const { done, value: watch } = this.#sweep.next();
      if (done === true) {
        this.#sweep = null;
        return;
      }
      if (!this.#windows.isOverdue(watch, nowMs)) continue;
      lessons += watch.lessons.size;
      this.#closeNow(watch, verdicts);
    }
  }

  #closeNow(watch: PodWatch, verdicts: Verdict[]): void {
    if (watch.window === 'closed' || watch.last === null) return;
    const outcome = this.#windows.close(watch, this.#pods.size);
    this.#ended(watch, outcome, watch.last, verdicts);
  }

  #raised(verdicts: readonly Verdict[]): readonly Verdict[] {
    if (verdicts.length === 0) return NO_VERDICTS;
    const raised = verdicts.filter((verdict) => !this.#isAccepted(verdict));
    for (const verdict of raised) {
      this.#taint(verdict, Number(verdict.observation.timeNs / 1_000_000n));
    }
    return raised;
  }

  /** A person said that this is normal here. */
  #isAccepted({ channel, value, watch }: Verdict): boolean {
    return this.#book.decisions.rulingOn(channel, value, watch.profile) === 'accept';
  }

  #weigh(at: Occasion, verdicts: Verdict[]): void {
    const rules = this.#innate(at, verdicts);
    const occasion = rules.length > 0 ? { ...at, isSuspicious: true } : at;
    const before = verdicts.length;
    for (const behaviour of behavioursOf(at.o, this.#ownerOf)) {
      if (isNeverLearned(rules)) continue;
      const verdict = this.novelty.weigh(behaviour, occasion);
      // A new program has new arguments: one of the two says it.
      if (verdict !== null && !(behaviour.verb === 'args' && verdicts.length > before)) {
        verdicts.push(verdict);
      }
    }
    this.#countRates(at, verdicts);
  }

  #innate(at: Occasion, verdicts: Verdict[]): readonly InnateRule[] {
    const rules = innateRules(at.o);
    if (rules.length === 0) return rules;
    const raised: InnateRule[] = [];
    for (const rule of rules) {
      if (rule.mode === 'unless-known' && this.#isNormal(at)) continue;
      raised.push(rule);
      const [behaviour] = behavioursOf(at.o, () => null);
      verdicts.push({
        channel: behaviour?.channel ?? 'exec',
        value: `${rule.name}: ${behaviour === undefined ? at.o.kind : at.watch.profile
          .channel(behaviour.channel as never)
          .keyOf(behaviour)}`,
        score: rule.score,
        observation: at.o,
        watch: at.watch,
        session: at.session,
        mode: this.modes.of(at.watch.profile, 'exec', at.ms),
        cause: { kind: 'innate', rule },
      });
    }
    return raised;
  }

  /** Known of this image, or done by its own main program while the image is still learned. */
  #isNormal(at: Occasion): boolean {
    const { profile } = at.watch;
    const behaviours = behavioursOf(at.o, () => null);
    const isKnown = (behaviour: Behaviour): boolean =>
      profile.find(behaviour) !== undefined || profile.rulingOn(behaviour) === 'accept';
    if (behaviours.some(isKnown)) return true;
    if (isTool(at.o.process.exe)) return false;
    // What an operator's own program (psql, redis-cli) reads is told with the session.
    return at.session !== null || this.modes.of(profile, 'exec', at.ms) === 'learning';
  }

  #countRates(at: Occasion, verdicts: Verdict[]): void {
    const feature = featureOf(at.o);
    if (feature === '' || at.session !== null) return;
    // A start-up reads and starts much at once; it does not connect more than later.
    if (at.o.kind !== 'connect' && at.watch.isStartingUp(at.ms, this.#options.startUpMs)) return;
    const seen = at.watch.count(feature);
    const rate = alarmingRate(at.watch, feature, seen, this.#alarmLevel);
    if (rate === null) return;
    at.watch.alarmedRates.add(feature);
    verdicts.push({
      channel: 'rate',
      value: `rate of ${feature}`,
      score: RATE_SCORE,
      observation: at.o,
      watch: at.watch,
      session: at.session,
      mode: 'complete',
      cause: { kind: 'rate', feature, seen, most: rate.most },
    });
  }

  #taint(verdict: Verdict, ms: number): void {
    const { watch } = verdict;
    // A rule of Falco's on an image that is still learned is as likely a habit of the image.
    if (verdict.cause.kind === 'rule') return;
    watch.taintedUntilMs = Math.max(watch.taintedUntilMs, ms + this.#options.taintMs);
    if (verdict.cause.kind === 'innate' || isForeignHand(verdict.observation)) {
      watch.suspiciousUntilMs = watch.taintedUntilMs;
      watch.profile.diff.markSuspicious(watch.hash, ms);
    }
  }

  #watch(o: Observation, ms: number, verdicts: Verdict[]): PodWatch {
    const key = watchKey(o.container);
    let watch = this.#pods.get(key);
    if (watch !== undefined) {
      if (watch.container.id !== o.container.id) watch.container = o.container;
      watch.lastMs = ms;
      return watch;
    }
    if (this.#pods.size >= PODS_WATCHED_MAX) this.#forgetPod(verdicts);
    watch = new PodWatch({
      uid: o.container.podUid || o.container.id,
      container: o.container,
      profile: this.#book.profileFor(o.container),
      ms,
      windowMs: this.#options.windowMs,
    });
    this.#pods.set(key, watch);
    return watch;
  }

  #forgetPod(verdicts: Verdict[]): void {
    let oldest: PodWatch | null = null;
    for (const watch of this.#pods.values()) {
      if (oldest === null || watch.lastMs < oldest.lastMs) oldest = watch;
    }
    if (oldest === null) return;
    this.counters.podsForgotten += 1;
    oldest.isForgotten = true;
    this.#closeNow(oldest, verdicts);
    this.#pods.delete(watchKey(oldest.container));
  }

  /** What follows from the end of a window. */
  #ended(
    watch: PodWatch,
    outcome: WindowOutcome | null,
    seen: Observation | LastSeen,
    verdicts: Verdict[],
  ): void {
    if (outcome === null) return;
    this.counters.lessonsDropped += watch.lessonsDropped;
    watch.lessonsDropped = 0;
    this.#splitIfDue(watch.profile);
    const [most] = outcome.parts;
    if (!outcome.alarmed || most === undefined) return;
    verdicts.push({
      channel: most.channel,
      // By name, not by weight: what an alert is about must not hang on the last decimal.
      value: `evidence of ${outcome.parts.map((part) => part.channel).sort().join(', ')}`,
      score: EVIDENCE_SCORE,
      observation: 'observation' in seen ? seen.observation() : seen,
      watch,
      session: null,
      mode: 'complete',
      cause: { kind: 'evidence', parts: outcome.parts },
    });
  }

  #splitIfDue(profile: ImageProfile): void {
    const looked = Math.floor(profile.windows / SPLIT_LOOK_WINDOWS);
    if (looked <= (this.#splitLooks.get(profile) ?? 0)) return;
    this.#splitLooks.set(profile, looked);
    this.#splitProfile(profile);
  }

  #splitProfile(profile: ImageProfile): void {
    if (!this.#book.splitIfDifferent(profile)) return;
    for (const watch of this.#pods.values()) {
      if (watch.profile === profile) watch.profile = this.#book.profileFor(watch.container);
    }
  }

  #raiseOverdue(nowMs: number, verdicts: Verdict[]): void {
    const waiting = [...this.#book.values()].filter(({ diff }) => diff.candidates.size > 0);
    if (waiting.length === 0) return;
    const podsOf = Map.groupBy(this.#pods.values(), (watch) => watch.profile);
    for (const profile of waiting) {
      this.#raiseOverdueOf(profile, podsOf.get(profile) ?? [], nowMs, verdicts);
    }
  }

  #raiseOverdueOf(
    profile: ImageProfile,
    pods: readonly PodWatch[],
    nowMs: number,
    verdicts: Verdict[],
  ): void {
    const { diff } = profile;
    const byHash = new Map(pods.map((watch) => [watch.hash, watch]));
    const startOf = (pod: number): number => byHash.get(pod)?.startMs ?? 0;
    const dueMs = nowMs - 2 * this.#options.startUpMs;
    for (const [key, candidate] of diff.overdue(dueMs, startOf)) {
      // Meanwhile learned, or told by the fleet.
      if (profile.find(candidate.behaviour) !== undefined) {
        profile.share(key, candidate);
        continue;
      }
      const [pod] = candidate.pods.keys();
      const watch = pod === undefined ? undefined : byHash.get(pod);
      const others = pods.filter(
        (other) =>
          other.hash !== pod &&
          other.sawEntry &&
          nowMs - other.startMs > this.#options.startUpMs,
      );
      // Nobody to compare with: what a lone pod does from its start is the version itself.
      const isAlone = others.length === 0 && !candidate.suspicious;
      if (isAlone || watch === undefined || candidate.observation === null) {
        profile.share(key, candidate, false);
        continue;
      }
      candidate.raised = true;
      verdicts.push({
        channel: candidate.behaviour.channel,
        value: profile.channel(candidate.behaviour.channel as never).keyOf(candidate.behaviour),
        score: EVIDENCE_SCORE,
        observation: candidate.observation,
        watch,
        session: null,
        mode: 'upgrade',
        cause: { kind: 'novel', behaviour: candidate.behaviour },
      });
    }
  }

  /** Pod addresses are known from the pods' own sockets; one used by two owners is nobody's. */
  #learnAddress(o: Observation): void {
    if (o.kind !== 'accept' && o.kind !== 'connect') return;
    const own = o.localAddress;
    if (own === '' || addressScope(own) !== 'inside' || o.container.workload === '') return;
    const owner = `${o.container.namespace}/${o.container.workload}`;
    const known = this.#addresses.get(own);
    if (known === null || known === owner) return;
    if (known === undefined && this.#addresses.size >= ADDRESSES_MAX) this.#addresses.clear();
    this.#addressChanges += 1;
    this.#addresses.set(own, known === undefined ? owner : null);
  }
}

/** A pod's containers of different images (a sidecar) are different programs to learn. */
function watchKey({ podUid, id, image }: Container): string {
  return `${podUid || id}\u0000${image.repository}\u0000${image.digest || image.tag}`;
}

/** A general tool that reaches an address outside: not a habit that pods teach each other. */
function isForeignHand(o: Observation): boolean {
  return o.kind === 'connect' && addressScope(o.address) === 'outside' && isTool(o.process.exe);
}

function noteProbe({ profile, hash }: PodWatch, session: Session): void {
  profile.probes.note(session, hash);
  if (profile.isProbe(session)) session.isProbe = true;
}

function isNeverLearned(rules: readonly InnateRule[]): boolean {
  return rules.some((rule) => rule.mode === 'always');
}
