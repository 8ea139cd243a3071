/**
 * One node's agent: source → perception (identity, baseline) → outbox → link. Events are worked
 * through in the turn in which they come, so nothing queues between the rooms; alerts go to disk
 * some `TAKE_MS` later, many in one write, and high and critical ones at once (`urgent.ts`). The
 * collector is never waited for.
 *
 * What fails: a source reconnects or ends by itself (`ended`); a disk that cannot be written makes
 * alerts wait in memory (`raising.ts`); a broken invariant crashes the process, and the outbox
 * survives it.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Alert } from '../baseline/alert.ts';
import { rfc3339 } from '../baseline/episode/time.ts';
import { namedError } from '../config/named-error.ts';
import { IMAGES_PER_HEARTBEAT_MAX } from '../proto/lanner/v1/bounds.ts';
import type { HeartbeatFrame } from '../proto/lanner/v1/frames.ts';
import type { Containment } from './contain/contain.ts';
import { startHttp } from './http.ts';
import type { Readiness, RunningHttp } from './http.ts';
import { ImageReport } from './images/image-report.ts';
import { Knowledge } from './knowledge.ts';
import { readCredentials } from './link/credentials.ts';
import { Link } from './link/link.ts';
import { registerMetrics } from './metrics.ts';
import { commandsTo, openContain } from './open-contain.ts';
import { isLive, openSource } from './open-source.ts';
import type { OpenedSource } from './open-source.ts';
import type { AgentBaseline, AgentOptions, RunningAgent } from './options.ts';
import type { OutboxFailure } from './outbox/failure.ts';
import { Outbox } from './outbox/outbox.ts';
import { outboxAlert } from './outbox-alert.ts';
import type { OutboxLoss } from './outbox-alert.ts';
import { Perception } from './perception.ts';
import { Raising } from './raising.ts';
import { Rounds } from './rounds.ts';
import { systemClock } from './source/clock.ts';
import type { Clock } from './source/clock.ts';
import type { Gap, SourceState } from './source/event.ts';
import { LogGate } from './source/log-gate.ts';
import { sumOf } from './stats.ts';
import type { AgentStats } from './stats.ts';
import { ShippingFlows } from './shipping-flows.ts';
import { Urgent } from './urgent.ts';

export type { AgentBaseline, AgentOptions, RunningAgent } from './options.ts';

/** How long an alert may wait for others to be written with it. */
export const TAKE_MS = 200;
const WATCH_MS = 1_000;
export const EVIDENCE_MS = 60_000;
/** What a crash costs of the profile cache, at most. */
export const CACHE_MS = 10_000;
/** How long a stopping agent waits for the collector; what is left stays in the outbox. */
export const DRAIN_MS = 3_000;

export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const agent = new Agent(options);
  try {
    await agent.start();
  } catch (error) {
    await agent.stop();
    throw error;
  }
  return agent;
}

class Agent implements RunningAgent {
  readonly #options: AgentOptions;
  readonly #clock: Clock;
  readonly #gate: LogGate;
  readonly #newId: () => string;
  readonly #perception: Perception;
  readonly #contain: Containment | null;
  readonly #outbox: Outbox;
  readonly #raising: Raising;
  readonly #shipping: ShippingFlows;
  readonly #knowledge: Knowledge;
  readonly #images: ImageReport;
  readonly #link: Link;
  readonly #source: OpenedSource;
  readonly #urgent: Urgent;
  readonly #ended = Promise.withResolvers<string>();
  readonly #rounds: Rounds;
  readonly #gaps: Record<Gap['cause'], number>;
  #http: RunningHttp | null = null;
  #state: SourceState = { state: 'connecting', detail: 'not started' };
  #falcoVersion = '';
  /** Profiles that were ever made, when the collector was last told of them. */
  #profilesTold = 0;
  #stopped: Promise<{ readonly isDrained: boolean }> | null = null;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#gate = new LogGate(this.#clock);
    this.#newId = options.newId ?? randomUUID;
    this.#rounds = new Rounds(this.#clock);
    this.#gaps = { 'falco-drop': 0, 'falco-restart': 0, 'falco-silent': 0, overload: 0 };
    this.#outbox = this.#openOutbox();
    this.#raising = new Raising(this.#outbox, (failure) => this.#outboxFailed(failure));
    this.#shipping = new ShippingFlows(this.#outbox, this.#raising);
    this.#knowledge = new Knowledge({
      ...options,
      onRefused: (key, error) => this.#warn('profile refused', { key, error }),
      onCacheFailure: (error) => this.#warn('the profile cache cannot be used', { err: error }),
    });
    this.#contain = openContain(options, {
      clock: this.#clock,
      isLinked: () => this.#link.counts().isLinked,
      isSensing: () => this.#state.state === 'streaming',
    });
    this.#perception = new Perception({
      ...options,
      clock: this.#clock,
      newId: this.#newId,
      onGap: (gap) => this.#noteGap(gap),
      onAdvance: () => this.#lookAtImages(),
      onObservation: (observation) => this.#contain?.note(observation),
    });
    this.#images = new ImageReport({
      cri: options.identity?.cri ?? '',
      nowMs: () => Number(this.#clock.nowNs() / 1_000_000n),
      onNews: () => this.#link.wake(),
    });
    this.#link = this.#makeLink();
    this.#urgent = new Urgent({
      clock: this.#clock,
      take: () => this.#perception.takeUrgent(),
      raise: (alerts) => this.#raise(alerts, { isUrgent: true }),
    });
    this.#source = this.#openSource();
  }

  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  get httpPort(): number {
    return this.#http?.port ?? 0;
  }

  sourcePort(): number {
    return this.#source.port();
  }

  async start(): Promise<void> {
    const { http, registry, version, link } = this.#options;
    registerMetrics(registry, version, () => this.stats());
    if (http !== null) {
      const readiness = (): Readiness => this.#readiness();
      this.#http = await startHttp({ ...http, registry, readiness }).catch((error: unknown) => {
        throw namedError('http.listen', error);
      });
    }
    // Before the first event: with the collector away this is all that the node knows.
    await this.#knowledge.exchange.restore();
    this.#contain?.start();
    this.#link.start();
    this.#source.source.start();
    this.#rounds.every(TAKE_MS, () => this.#raise(this.#perception.takeAlerts()));
    this.#rounds.every(WATCH_MS, () => this.#watch());
    this.#rounds.every(WATCH_MS, () => this.#ship());
    this.#rounds.every(WATCH_MS, () => void this.#contain?.advance());
    this.#rounds.every(link.evidenceMs ?? EVIDENCE_MS, () => this.#gather());
    this.#rounds.every(CACHE_MS, () => void this.#knowledge.save());
  }

  stop(): Promise<{ readonly isDrained: boolean }> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  progress(): ReturnType<AgentBaseline['progress']> {
    return this.#options.baseline.progress();
  }

  stats(): AgentStats {
    const { losses, flows } = this.#outbox.counts();
    const progress = (): ReturnType<AgentBaseline['progress']> => this.progress();
    return {
      ...this.#perception.stats(),
      // Looked at when somebody asks: it is the only number here that is not kept.
      get images() {
        const images = { learning: 0, complete: 0, 'never-complete': 0 };
        for (const { state } of progress()) images[state] += 1;
        return images;
      },
      alerts: this.#raising.counts(),
      gaps: { ...this.#gaps, 'outbox-lost': losses, 'flows-dropped': flows.dropped },
      source: this.#state,
      valuesCut: this.#source.valuesCut(),
      outbox: this.#outbox.counts(),
      link: this.#link.counts(),
      ...this.#knowledge.stats(),
      imageReports: this.#images.counts(),
    };
  }

  #openOutbox(): Outbox {
    const { cluster, node, outbox, redactFlags } = this.#options;
    return new Outbox({
      ...outbox,
      cluster,
      node,
      newEpoch: this.#newId,
      nowNs: () => this.#clock.nowNs(),
      redact: { flags: new Set(redactFlags) },
      onReplaced: (failure) => {
        this.#options.log.error({ err: failure }, 'the outbox was broken and is set aside');
        this.#outboxLost('broken');
      },
    });
  }

  #makeLink(): Link {
    const { cluster, node, addresses, version, link, random, readFile, log } = this.#options;
    return new Link({
      address: link.address,
      credentials: () => readCredentials({
        address: link.address,
        tls: link.tls,
        tokenFile: link.tokenFile ?? '',
        readFile: readFile ?? readFileSync,
      }),
      outbox: this.#outbox,
      evidence: this.#knowledge.evidence,
      images: this.#images,
      clock: this.#clock,
      random: random ?? Math.random,
      hello: () => ({
        cluster,
        node,
        agentVersion: version,
        falcoVersion: this.#falcoVersion,
        capabilities: [...this.#contain?.capabilities() ?? [], ...this.#images.capabilities],
        addresses: addresses ?? [],
      }),
      heartbeat: () => this.#heartbeat(),
      onProfile: (frame) => void this.#knowledge.exchange.adopt(frame),
      onDecisions: (frame) => void this.#knowledge.exchange.decide(frame),
      onCommand: commandsTo(this.#contain),
      onState: (told) => {
        if (told.state === 'linked') log.info('linked to the collector');
        else this.#warn('not linked to the collector', told);
        if (told.state === 'unlinked' && told.reason === 'ahead') this.#outboxLost('old-copy');
      },
      onOutboxFailure: (failure) => this.#outboxFailed(failure),
      ...(link.heartbeatMs === undefined ? {} : { heartbeatMs: link.heartbeatMs }),
    });
  }

  #openSource(): OpenedSource {
    const { source, random, log, readFile, registry } = this.#options;
    return openSource(source, {
      sink: {
        onEvents: (events) => {
          this.#perception.take(events);
          this.#urgent.look();
          this.#tellNewImages();
        },
        onMalformed: (reason) => this.#perception.takeMalformed(reason),
        onGap: (gap) => this.#noteGap(gap),
        onState: (state) => this.#noteState(state),
      },
      clock: this.#clock,
      random: random ?? Math.random,
      log,
      readFile: readFile ?? readFileSync,
      registry,
    });
  }

  #raise(alerts: readonly Alert[], { isUrgent = false } = {}): void {
    const raised = this.#raising.raise(alerts);
    if (raised.length === 0) return;
    this.#link.wake({ isUrgent });
    const { onAlert } = this.#options;
    if (onAlert !== undefined) for (const alert of raised) onAlert(alert);
  }

  #watch(): void {
    const news = this.#perception.watch();
    if (news === null) return;
    const { reason, revision } = news.alert;
    this.#options.log.error({ reason: reason.en, revision }, 'the sensor fell silent or is back');
    if (news.gap !== null) this.#noteGap(news.gap);
    this.#raise([news.alert]);
  }

  #ship({ isEnd = false } = {}): void {
    const chunks = this.#perception.takeFlows({ isEnd });
    if (this.#shipping.ship(chunks, this.#perception.flowsDropped)) this.#link.wake();
  }

  #lookAtImages({ isEnd = false } = {}): void {
    const { known, nowMs } = this.#perception.containers();
    if (isEnd || this.#images.isTime(nowMs)) this.#images.look(known, nowMs);
  }

  #gather(): void {
    this.#knowledge.gather(() => this.#link.wake());
  }

  #noteGap(gap: Gap): void {
    this.#gaps[gap.cause] += 1;
    this.#options.baseline.noteGap(gap);
    const { fromNs, toNs, cause, eventsEstimate } = gap;
    this.#raising.raiseGap({ from: rfc3339(fromNs), to: rfc3339(toNs), cause, eventsEstimate });
    this.#link.wake();
  }

  /** The collector sends what the fleet knows of an image when it first hears of it from here. */
  #tellNewImages(): void {
    const { profiles } = this.#options.baseline;
    const made = profiles === undefined ? 0 : profiles.size + profiles.forgotten;
    if (made === this.#profilesTold) return;
    this.#profilesTold = made;
    this.#link.beatSoon();
  }

  #noteState(state: SourceState): void {
    this.#state = state;
    this.#perception.noteState(state);
    if (state.state === 'streaming' && this.#options.source.kind === 'grpc') {
      this.#falcoVersion = state.detail.replace(/^Falco /, '');
    }
    if (state.state === 'ended') this.#ended.resolve(state.detail);
  }

  #heartbeat(): Omit<HeartbeatFrame, 'kind'> {
    const { events } = this.#perception.stats();
    return {
      time: rfc3339(this.#clock.nowNs()),
      eventsReceived: events.received,
      eventsJudged: events.judged,
      eventsDropped: sumOf(events.dropped),
      outboxPending: this.#outbox.counts().pending,
      lagSeconds: events.lagSeconds,
      // The newest, if not all: they are what the fleet may know more about.
      images: this.progress().slice(-IMAGES_PER_HEARTBEAT_MAX)
        .map(({ key, ...rest }) => ({ profileKey: key, ...rest })),
      falcoVersion: this.#falcoVersion,
      sensorState: this.#state.state,
      sensorDetail: this.#state.detail,
    };
  }

  #readiness(): Readiness {
    const { state, detail } = this.#state;
    const isReady = state === 'streaming' || (state === 'ended' && !isLive(this.#options.source));
    return { isReady, detail: `source ${state}: ${detail}` };
  }

  #outboxLost(loss: OutboxLoss): void {
    const { cluster, node } = this.#options;
    const time = rfc3339(this.#clock.nowNs());
    const alert = outboxAlert(loss, { id: this.#newId(), cluster, node, time });
    // Not now: the outbox or the link is in the middle of its own work.
    this.#clock.soon(() => {
      if (this.#stopped === null) this.#raise([alert]);
    });
  }

  #outboxFailed(failure: OutboxFailure): void {
    this.#warn('the outbox cannot be written', { err: failure, code: failure.code });
  }

  #warn(message: LogMessage, data: object): void {
    const suppressed = this.#gate.pass(message);
    if (suppressed >= 0) this.#options.log.warn({ ...data, suppressed }, message);
  }

  async #stop(): Promise<{ readonly isDrained: boolean }> {
    await this.#source.source.stop();
    this.#rounds.stop();
    this.#urgent.stop();
    this.#perception.stop();
    this.#raise(this.#perception.takeAlerts());
    this.#ship({ isEnd: true });
    this.#lookAtImages({ isEnd: true });
    this.#link.wake({ isUrgent: true });
    this.#images.stop();
    this.#gather();
    await this.#knowledge.save();
    this.#contain?.stop();
    const isDrained = await this.#link.drain(DRAIN_MS);
    this.#link.stop();
    await this.#http?.stop();
    this.#outbox.close();
    return { isDrained };
  }
}

type LogMessage =
  | 'profile refused'
  | 'the profile cache cannot be used'
  | 'not linked to the collector'
  | 'the outbox cannot be written';
