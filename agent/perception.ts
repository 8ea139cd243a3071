/**
 * From events to findings, in one turn: identity, baseline, and the watch over the source itself.
 * Nothing here is asynchronous but the answers of the container runtime.
 */
import type { Alert } from '../baseline/alert.ts';
import type { Observation } from '../baseline/observation.ts';
import type { FlowChunk } from '../proto/lanner/v1/frames.ts';
import { Backlog } from './backlog.ts';
import { EventClock } from './event-clock.ts';
import { FlowLedger } from './flows/ledger.ts';
import type { Binding } from './identity/bindings.ts';
import { CRI_NONE, Cri } from './identity/cri.ts';
import { Identity } from './identity/identity.ts';
import { isLive } from './open-source.ts';
import type { AgentBaseline, AgentOptions } from './options.ts';
import { redactText } from './outbox/redact.ts';
import type { RedactRules } from './outbox/redact.ts';
import { Repeating } from './repeating.ts';
import { Shedding } from './shedding.ts';
import type { Clock } from './source/clock.ts';
import type { FalcoEvent, Gap, MalformedReason, SourceState } from './source/event.ts';
import type { AgentStats } from './stats.ts';
import { Watchdog } from './watchdog.ts';
import type { Moment, WatchdogNews } from './watchdog.ts';

export type PerceptionOptions = Pick<
  AgentOptions,
  'cluster' | 'node' | 'source' | 'baseline' | 'identity' | 'watchdog' | 'eventNowNs' | 'redactFlags'
> & {
  readonly clock: Clock;
  readonly newId: () => string;
  /** Holes that are found here, as against those that the source tells. */
  readonly onGap: (gap: Gap) => void;
  /** Some of the events' time went by; the containers that it ended are still known. */
  readonly onAdvance?: () => void;
  /** Every observation, after its secrets were taken out. */
  readonly onObservation?: (observation: Observation) => void;
};

type PerceptionStats = Pick<AgentStats, 'events' | 'containers' | 'flows' | 'isSensorAlarmed' | 'cri'>;

export class Perception {
  readonly #clock: Clock;
  readonly #baseline: AgentBaseline;
  readonly #onGap: (gap: Gap) => void;
  readonly #onAdvance: (() => void) | null;
  readonly #onObservation: ((observation: Observation) => void) | null;
  readonly #isLive: boolean;
  readonly #redactRules: RedactRules;
  readonly #eventNowNs: () => bigint;
  readonly #eventClock: EventClock;
  readonly #identity: Identity;
  readonly #cri: Cri | null;
  readonly #watchdog: Watchdog;
  readonly #flows = new FlowLedger();
  /** Closed as the events' time went by, which a replay lets run faster than anybody asks. */
  readonly #minutesOver: FlowChunk[] = [];
  readonly #repeating: Repeating;
  #advancedNs = 0n;
  readonly #shedding = new Shedding();
  readonly #backlog: Backlog;
  readonly #malformed = noMalformed();

  constructor(options: PerceptionOptions) {
    const { cluster, node, clock, newId, watchdog } = options;
    this.#clock = clock;
    this.#baseline = options.baseline;
    this.#onGap = options.onGap;
    this.#onAdvance = options.onAdvance ?? null;
    this.#onObservation = options.onObservation ?? null;
    this.#isLive = isLive(options.source);
    this.#redactRules = { flags: new Set(options.redactFlags) };
    this.#eventNowNs = options.eventNowNs ?? (() => this.#clock.nowNs());
    this.#eventClock = new EventClock(() => clock.nowMs());
    this.#backlog = new Backlog(() => clock.nowMs(), () => clock.idleMs?.() ?? 0);
    this.#cri = this.#openCri(options.identity?.cri ?? '');
    this.#identity = this.#openIdentity(node, options.identity?.waitMs);
    this.#repeating = new Repeating({
      node,
      baseline: this.#baseline,
      identity: this.#identity,
      onObservation: (observation) => {
        this.#flows.note(observation);
        this.#onObservation?.(observation);
      },
    });
    this.#watchdog = new Watchdog({ cluster, node, newId, ...watchdog }, this.#now());
  }

  take(events: readonly FalcoEvent[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    this.#watchdog.noteEvents(this.#now());
    if (this.#isLive) {
      const newest = newestOf(events);
      const hasBacklog = this.#backlog.isLikely();
      const gap = newest && this.#shedding.judge(newest.timeNs, this.#eventNowNs(), hasBacklog);
      if (gap !== null) this.#onGap(gap);
    }
    for (const event of events) {
      if (this.#isLive && this.#shedding.drops(event)) continue;
      if (!this.#repeating.again(event)) this.#identity.receive(event);
    }
    const nowNs = this.#eventClock.nowNs();
    const aheadNs = nowNs - this.#advancedNs;
    if (aheadNs >= ADVANCE_NS || aheadNs < 0n) this.#advance();
  }

  takeMalformed(reason: MalformedReason): void {
    this.#malformed[reason] += 1;
  }

  noteState(state: SourceState): void {
    this.#watchdog.noteState(state, this.#now());
  }

  /** Also while nothing comes: waits run out, windows close. */
  takeAlerts(): readonly Alert[] {
    this.#advance();
    return this.#baseline.takeAlerts();
  }

  /** What of it should not wait for the next taking. */
  takeUrgent(): readonly Alert[] {
    return this.#baseline.takeUrgent();
  }

  /** Of the flow ledger: the minutes that are over, or all of them when nothing comes after. */
  takeFlows({ isEnd = false } = {}): readonly FlowChunk[] {
    const nowNs = this.#eventClock.nowNs();
    const now = isEnd ? this.#flows.end(nowNs) : this.#flows.take(nowNs);
    return [...this.#minutesOver.splice(0), ...now];
  }

  watch(): WatchdogNews | null {
    return this.#watchdog.check(this.#now(), this.#identity.containersRunning());
  }

  /**
   * What still waits for its image stays unjudged: under an empty image every restart of the agent
   * would be a false alert about the containers that start meanwhile.
   */
  stop(): void {
    this.#cri?.stop();
  }

  /** Connections beyond every bound of the flow ledger. */
  get flowsDropped(): number {
    return this.#flows.counts().dropped;
  }

  /** Those that are known now, and the time of the events that they are known by. */
  containers(): { readonly known: Iterable<Binding>; readonly nowMs: number } {
    const nowMs = Number(this.#eventClock.nowNs() / NS_PER_MS);
    return { known: this.#identity.containers(), nowMs };
  }

  stats(): PerceptionStats {
    const identity = this.#identity.counts();
    return {
      events: {
        received: identity.received + this.#shedding.total,
        judged: identity.observed,
        repeated: this.#repeating.counted,
        waiting: identity.waiting,
        dropped: { ...identity.dropped, overload: this.#shedding.total },
        shed: {
          read: this.#shedding.totalOf('read'),
          file: this.#shedding.totalOf('file'),
          network: this.#shedding.totalOf('network'),
        },
        unnamed: identity.unnamed,
        malformed: { ...this.#malformed },
        late: this.#eventClock.late,
        clockJumps: this.#eventClock.jumps,
        stale: this.#shedding.stale,
        lagSeconds: this.#lagSeconds(),
      },
      containers: {
        known: identity.containers,
        running: this.#identity.containersRunning(),
        evicted: identity.containersEvicted,
      },
      flows: this.#flows.counts(),
      isSensorAlarmed: this.#watchdog.isAlarmed,
      cri: { ...(this.#cri?.counts ?? CRI_NONE) },
    };
  }

  #openCri(address: string): Cri | null {
    if (address === '') return null;
    return new Cri({
      address,
      nowMs: () => Number(this.#clock.nowNs() / NS_PER_MS),
      onAnswer: (id, answer) => this.#identity.resolved(id, answer),
    });
  }

  /**
   * Before anything is learned: profiles leave the node too, and the shape of a secret that is a
   * word is the secret.
   */
  #redacted(o: Observation): Observation {
    if (o.kind !== 'exec' && o.kind !== 'rule') return o;
    const commandLine = redactText(o.commandLine, this.#redactRules);
    return commandLine === o.commandLine ? o : { ...o, commandLine };
  }

  #openIdentity(node: string, waitMs: number | undefined): Identity {
    const cri = this.#cri;
    return new Identity({
      node,
      clock: this.#eventClock,
      onObservation: (seen, event, binding) => {
        const observation = this.#redacted(seen);
        if (observation.kind === 'exec') this.#watchdog.noteExec(observation);
        this.#baseline.observe(observation);
        this.#flows.note(observation);
        this.#onObservation?.(observation);
        this.#repeating.note(observation, event, binding);
      },
      ...(cri === null ? {} : { ask: (id) => cri.ask(id) }),
      ...(waitMs === undefined ? {} : { waitMs }),
    });
  }

  #advance(): void {
    this.#advancedNs = this.#eventClock.nowNs();
    this.#onAdvance?.();
    this.#identity.advance();
    this.#minutesOver.push(...this.#flows.take(this.#advancedNs));
    this.#baseline.advance(this.#advancedNs);
  }

  #lagSeconds(): number {
    const newestNs = this.#eventClock.newestNs();
    if (newestNs === null || !this.#isLive) return 0;
    return Math.max(0, Number(this.#eventNowNs() - newestNs) / 1e9);
  }

  #now(): Moment {
    return { nowMs: this.#clock.nowMs(), nowNs: this.#eventNowNs() };
  }
}

const NS_PER_MS = 1_000_000n;
/** It looks at every image: after each batch, that was a third of the cost at a thousand of them. */
const ADVANCE_NS = 50n * NS_PER_MS;

/** A plugin's events are as old as its own source makes them. */
const newestOf = (events: readonly FalcoEvent[]): FalcoEvent | null =>
  events.findLast(({ source }) => source === 'syscall') ?? null;

const noMalformed = (): Record<MalformedReason, number> => ({
  truncated: 0,
  'too-large': 0,
  'wire-format': 0,
  'not-json': 0,
  'not-falco': 0,
  'bad-time': 0,
  'bad-field': 0,
});
