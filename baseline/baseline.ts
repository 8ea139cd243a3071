import type { Alert, AlertProcess } from './alert.ts';
import type { Finding } from './episode/finding.ts';
import { Folding } from './episode/folding.ts';
import { findingOf, sessionReason, upgradeReason } from './episode/reasons.ts';
import type { SeenAgain, Sight } from './judge/again.ts';
import { Judge, LOOK_MS, type Judged } from './judge/judge.ts';
import type { LastSeen, PodWatch } from './judge/pod-watch.ts';
import type { Session } from './judge/process-table.ts';
import type { Verdict } from './judge/verdict.ts';
import type { Observation } from './observation.ts';
import { COMPLETION_DEFAULT, type CompletionRule } from './profile/completion.ts';
import type { ParsedDecisions } from './profile/decisions.ts';
import {
  parseDocument,
  restoreInto,
  toDocument,
  type ProfileDocument,
} from './profile/document.ts';
import type { ImageProfile } from './profile/image-profile.ts';
import { ProfileBook } from './profile/profile-book.ts';
import { Progress, type ImageProgress } from './progress.ts';

/**
 * The heart: learns what each image normally does, judges what its pods do now, and folds what it
 * found into alerts. Synchronous, without clock or I/O; time is the events' own. It is fed in the
 * order of arrival and never throws on what an event says.
 */

export type BaselineOptions = {
  readonly cluster: string;
  readonly node: string;
  /** Nodes of one pool share one host profile. */
  readonly hostPool?: string;
  readonly windowMs?: number;
  readonly completion?: CompletionRule;
  /** The alarm budget of this node, for evidence that needs one. */
  readonly falseAlarmsPerDay?: number;
  /** How long a pod is starting up; what pods of a new version share then is its diff. */
  readonly startUpMs?: number;
  /** An episode ends when nothing was found for this long. */
  readonly quietMs?: number;
  /** A pod that alarmed teaches nothing for this long. */
  readonly taintMs?: number;
  /** How long a command from outside may yet turn out to be a probe. */
  readonly probeWaitMs?: number;
};

const DEFAULTS = {
  hostPool: 'default',
  windowMs: 60_000,
  completion: COMPLETION_DEFAULT,
  falseAlarmsPerDay: 1,
  startUpMs: 90_000,
  quietMs: 30_000,
  taintMs: 600_000,
  probeWaitMs: 300_000,
};

/** Events come late by seconds, not by this much: it is another time (an NTP step). */
const CLOCK_BACK_MS = 600_000;

const MORE_WINDOWS_SHARE = 0.1;
/** A tenth of little is soon there: a thousand nodes that start at once would tell it each minute. */
const MORE_WINDOWS_AFTER = 30;

/** Commands from outside that wait to be told apart from probes; beyond, they are told at once. */
export const SESSIONS_WAITING_MAX = 256;

export type Evidence = {
  readonly key: string;
  readonly revision: number;
  readonly document: ProfileDocument;
};

export type Adopted = { readonly ok: true } | { readonly ok: false; readonly error: string };

/** What was told of a profile last, and when. */
type Sent = { readonly revision: number; readonly windows: number; readonly atMs: number };

type WaitingSession = {
  readonly session: Session;
  readonly observation: Observation;
  readonly watch: PodWatch;
};

export class Baseline {
  readonly profiles: ProfileBook;
  readonly #options: Required<BaselineOptions>;
  readonly #judge: Judge;
  readonly #folding: Folding;
  readonly #progress: Progress;
  readonly #sessions = new Map<Session, WaitingSession>();
  readonly #sent = new WeakMap<ImageProfile, Sent>();
  readonly #diffTold = new WeakMap<ImageProfile, number>();
  #nowMs = 0;
  #look = -1;

  constructor(options: BaselineOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.profiles = new ProfileBook(this.#options);
    this.#judge = new Judge(this.#options, this.profiles);
    this.#folding = new Folding(this.#options);
    this.#progress = new Progress(this.#options.completion, this.#options.windowMs);
  }

  /**
   * Replaces what people decided about profiles (`profile/decisions.ts`). A list that is not valid
   * changes nothing and says why.
   */
  decide(decisions: unknown): ParsedDecisions {
    const parsed = this.profiles.decide(decisions);
    for (const profile of this.profiles.values()) this.#judge.modes.forget(profile);
    return parsed;
  }

  get counters(): Judge['counters'] {
    return this.#judge.counters;
  }

  observe(o: Observation): void {
    this.#setClock(Number(o.timeNs / 1_000_000n));
    const judged = this.#judge.judge(o);
    for (const verdict of judged.verdicts) this.#tell(verdict);
    judged.watch.remember(o, Number(o.timeNs / 1_000_000n));
    if (o.kind === 'exec' && judged.session !== null) this.#noteSession(o, judged);
  }

  /**
   * What `again` needs to count the like of an observation that was just observed; null where the
   * like of it has to be observed as well.
   */
  sightOf(o: Observation): Sight | null {
    return this.#judge.again.sightOf(o);
  }

  /** Counts one more of the same; false, with nothing done, where it has to be observed. */
  again(sight: Sight, seen: SeenAgain, last: LastSeen): boolean {
    if (!this.#judge.again.again(sight, seen, last)) return false;
    this.#setClock(seen.timeMs);
    return true;
  }

  /** Event time moves on, also while nothing happens. */
  advance(nowNs: bigint): void {
    this.#setClock(Number(nowNs / 1_000_000n));
    for (const verdict of this.#judge.advance(this.#nowMs)) this.#tell(verdict);
    const look = Math.floor(this.#nowMs / LOOK_MS);
    if (look === this.#look) return;
    this.#look = look;
    this.#tellWaitingSessions();
    this.#tellDiffs();
  }

  /** Late events do not set the clock back; one that leapt ahead and returns does. */
  #setClock(ms: number): void {
    if (ms > this.#nowMs || ms < this.#nowMs - CLOCK_BACK_MS) this.#nowMs = ms;
  }

  /** New alerts, and new revisions of those that grew. */
  takeAlerts(): readonly Alert[] {
    return [...this.#folding.takeParting(this.#nowMs), ...this.#folding.take(this.#nowMs)];
  }

  /** Of these the ones that became high or critical; cheap to ask after every event. */
  takeUrgent(): readonly Alert[] {
    return this.#folding.takeUrgent(this.#nowMs);
  }

  /** Events of this node were lost: the windows they fell in count for nothing. */
  noteGap({ fromNs, toNs }: { readonly fromNs: bigint; readonly toNs: bigint }): void {
    this.#judge.noteGap(Number(fromNs / 1_000_000n), Number(toNs / 1_000_000n));
  }

  /**
   * What pods of this node showed, of each profile where that changed since the last call. That
   * nothing new was seen is told too, when there is a tenth more of it and half an hour has gone
   * by: once a minute from each of a thousand nodes would be most of what the collector merges.
   */
  takeEvidence(): readonly Evidence[] {
    return [...this.eachEvidence()];
  }

  /** The same, each made when it is asked for: of a hundred images that is half a second. */
  *eachEvidence(): Generator<Evidence> {
    for (const profile of this.profiles.values()) {
      const { revision, pods: { own, ownWindows: windows } } = profile;
      if (own.size === 0) continue;
      const sent = this.#sent.get(profile);
      if (sent?.revision === revision && !this.#isMuchMore(sent, windows)) continue;
      this.#sent.set(profile, { revision, windows, atMs: this.#nowMs });
      const document = toDocument(profile, 'own');
      yield { key: profile.key, revision: profile.revision, document };
    }
  }

  #isMuchMore(sent: Sent, windows: number): boolean {
    if (windows <= sent.windows * (1 + MORE_WINDOWS_SHARE)) return false;
    // A clock that was set back must not silence it.
    return Math.abs(this.#nowMs - sent.atMs) >= MORE_WINDOWS_AFTER * this.#options.windowMs;
  }

  /** Takes in what the fleet knows of an image. */
  adopt(key: string, document: unknown): Adopted {
    const parsed = parseDocument(document);
    if (!parsed.ok) return parsed;
    if (parsed.document.key !== key) {
      return { ok: false, error: `it is the profile of "${parsed.document.key}"` };
    }
    const { image, workload } = parsed.document;
    const profile = this.profiles.ensure(key, image, workload);
    restoreInto(profile, parsed.document);
    profile.shareWithFleet();
    this.#judge.modes.forget(profile);
    return { ok: true };
  }

  progress(): readonly ImageProgress[] {
    return Array.from(this.profiles.values(), (profile) => this.#progress.of(profile));
  }

  #tell(verdict: Verdict): void {
    const { watch, observation } = verdict;
    const finding = findingOf(verdict);
    const teller = { container: observation.container, kind: 'anomaly' as const, topic: '' };
    this.#folding.add(
      teller,
      finding,
      this.#process(observation, watch),
      this.#progress.alertProfile(watch.profile),
    );
  }

  #noteSession(o: Observation, judged: Judged): void {
    const { session, watch } = judged;
    if (session === null || session.isProbe) return;
    const waiting = { session, observation: o, watch };
    if (session.tty || this.#sessions.size >= SESSIONS_WAITING_MAX) this.#tellSession(waiting);
    else this.#sessions.set(session, waiting);
  }

  /** Without a terminal it may be the first run of a probe: told when it was not repeated. */
  #tellWaitingSessions(): void {
    for (const [session, waiting] of this.#sessions) {
      const startMs = Number(session.startNs / 1_000_000n);
      if (waiting.watch.profile.isProbe(session)) this.#sessions.delete(session);
      else if (this.#nowMs - startMs > this.#options.probeWaitMs) {
        this.#sessions.delete(session);
        this.#tellSession(waiting);
      }
    }
  }

  #tellSession({ session, observation, watch }: WaitingSession): void {
    const { container } = observation;
    const reason = sessionReason(session, container);
    const finding: Finding = {
      kind: 'session',
      channel: 'exec',
      value: `session ${session.command}`,
      score: 0,
      techniques: ['T1609'],
      reason,
      observation,
    };
    const topic = String(session.startNs);
    this.#folding.inform(
      { container, kind: 'session', topic },
      finding,
      reason,
      this.#process(observation, watch),
      this.#progress.alertProfile(watch.profile),
    );
  }

  #tellDiffs(): void {
    for (const profile of this.profiles.values()) {
      const { diff } = profile;
      if (diff.shared.size === 0 || this.#diffTold.get(profile) === diff.shared.size) continue;
      this.#diffTold.set(profile, diff.shared.size);
      const last = [...this.#judge.pods.values()].findLast((watch) => watch.profile === profile);
      const observation = diff.lastShared;
      if (last === undefined || observation === null) continue;
      const reason = upgradeReason(profile, [...diff.shared.keys()]);
      const container = { ...observation.container, pod: '', podUid: profile.key };
      this.#folding.inform(
        { container, kind: 'upgrade', topic: '' },
        {
          kind: 'upgrade',
          channel: 'exec',
          value: `upgrade ${profile.image.repository}:${profile.image.tag}`,
          score: 0,
          techniques: [],
          reason,
          observation,
        },
        reason,
        this.#process(observation, last),
        this.#progress.alertProfile(profile),
      );
    }
  }

  #process(o: Observation, watch: PodWatch): AlertProcess {
    const table = watch.processes(o.container.id);
    const commandLine =
      o.kind === 'exec' || o.kind === 'rule'
        ? o.commandLine
        : (table.get(o.process.pid)?.commandLine ?? '');
    return {
      pid: o.process.pid,
      name: o.process.name,
      exe: o.process.exe,
      commandLine,
      uid: o.process.uid,
      ancestry: table.ancestry(o.process),
    };
  }
}
