/**
 * One node's agent: source → perception (identity, baseline) → outbox → link. Events are worked
 * through in the turn in which they come, so nothing queues between the rooms; alerts go to disk
 * some `TAKE_MS` later, many in one write. The collector is never waited for.
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
import type { HeartbeatFrame } from '../proto/lanner/v1/frames.ts';
import { Exchange } from './exchange.ts';
import { startHttp } from './http.ts';
import type { Readiness, RunningHttp } from './http.ts';
import { refuseCommand } from './link/command-desk.ts';
import { readCredentials } from './link/credentials.ts';
import { EvidenceBox } from './link/evidence-box.ts';
import { Link } from './link/link.ts';
import { registerMetrics } from './metrics.ts';
import { isLive, openSource } from './open-source.ts';
import type { OpenedSource } from './open-source.ts';
import type { AgentBaseline, AgentOptions, RunningAgent } from './options.ts';
import type { OutboxFailure } from './outbox/failure.ts';
import { Outbox } from './outbox/outbox.ts';
import { Perception } from './perception.ts';
import { Raising } from './raising.ts';
import { sensorAlert } from './sensor-alert.ts';
import { systemClock } from './source/clock.ts';
import type { Cancel, Clock } from './source/clock.ts';
import type { Gap, SourceState } from './source/event.ts';
import { LogGate } from './source/log-gate.ts';
import { sumOf } from './stats.ts';
import type { AgentStats } from './stats.ts';

export type { AgentBaseline, AgentOptions, RunningAgent } from './options.ts';

/** How long an alert may wait for others to be written with it. */
export const TAKE_MS = 200;
const WATCH_MS = 1_000;
export const EVIDENCE_MS = 60_000;
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
  readonly #outbox: Outbox;
  readonly #raising: Raising;
  readonly #exchange: Exchange;
  readonly #evidence = new EvidenceBox();
  readonly #link: Link;
  readonly #source: OpenedSource;
  readonly #ended = Promise.withResolvers<string>();
  readonly #timers: Cancel[] = [];
  readonly #gaps: Record<Gap['cause'], number>;
  #http: RunningHttp | null = null;
  #state: SourceState = { state: 'connecting', detail: 'not started' };
  #falcoVersion = '';
  #gathering: Promise<void> = Promise.resolve();
  #stopped: Promise<{ readonly isDrained: boolean }> | null = null;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#gate = new LogGate(this.#clock);
    this.#newId = options.newId ?? randomUUID;
    this.#gaps = { 'falco-drop': 0, 'falco-restart': 0, 'falco-silent': 0, overload: 0 };
    this.#outbox = this.#openOutbox();
    this.#raising = new Raising(this.#outbox, (failure) => this.#outboxFailed(failure));
    this.#exchange = new Exchange(options.baseline, this.#evidence, (key, error) => {
      this.#warn('profile refused', { key, error });
    });
    this.#perception = new Perception({
      ...options,
      clock: this.#clock,
      newId: this.#newId,
      onGap: (gap) => this.#noteGap(gap),
    });
    this.#link = this.#makeLink();
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
    this.#link.start();
    this.#source.source.start();
    this.#every(TAKE_MS, () => this.#raise(this.#perception.takeAlerts()));
    this.#every(WATCH_MS, () => this.#watch());
    this.#every(link.evidenceMs ?? EVIDENCE_MS, () => this.#gather());
  }

  stop(): Promise<{ readonly isDrained: boolean }> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  progress(): ReturnType<AgentBaseline['progress']> {
    return this.#options.baseline.progress();
  }

  stats(): AgentStats {
    const images = { learning: 0, complete: 0, 'never-complete': 0 };
    for (const { state } of this.progress()) images[state] += 1;
    return {
      ...this.#perception.stats(),
      images,
      alerts: this.#raising.counts(),
      gaps: { ...this.#gaps },
      source: this.#state,
      outbox: this.#outbox.counts(),
      link: this.#link.counts(),
      adoptions: { ...this.#exchange.adoptions },
      evidenceDropped: this.#evidence.dropped + this.#exchange.evidenceTooLarge,
    };
  }

  #openOutbox(): Outbox {
    const { cluster, node, outbox, redactFlags } = this.#options;
    return new Outbox({
      ...outbox,
      cluster,
      node,
      newEpoch: this.#newId,
      redact: { flags: new Set(redactFlags) },
      onReplaced: (failure) => this.#outboxReplaced(failure),
    });
  }

  #makeLink(): Link {
    const { cluster, node, version, link, random, readFile, log } = this.#options;
    return new Link({
      address: link.address,
      credentials: () => readCredentials(link.tls, readFile ?? readFileSync),
      outbox: this.#outbox,
      evidence: this.#evidence,
      clock: this.#clock,
      random: random ?? Math.random,
      hello: () => ({
        cluster,
        node,
        agentVersion: version,
        falcoVersion: this.#falcoVersion,
        capabilities: [],
      }),
      heartbeat: () => this.#heartbeat(),
      onProfile: (frame) => void this.#exchange.adopt(frame),
      onCommand: refuseCommand,
      onState: (told) => {
        if (told.state === 'linked') log.info('linked to the collector');
        else this.#warn('not linked to the collector', told);
      },
      onOutboxFailure: (failure) => this.#outboxFailed(failure),
      ...(link.heartbeatMs === undefined ? {} : { heartbeatMs: link.heartbeatMs }),
    });
  }

  #openSource(): OpenedSource {
    const { source, random, log, readFile, registry } = this.#options;
    return openSource(source, {
      sink: {
        onEvents: (events) => this.#perception.take(events),
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

  #raise(alerts: readonly Alert[]): void {
    const raised = this.#raising.raise(alerts);
    if (raised.length === 0) return;
    this.#link.wake();
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

  #gather(): void {
    this.#gathering = this.#gathering.then(async () => {
      if (await this.#exchange.gather()) this.#link.wake();
    });
  }

  #noteGap(gap: Gap): void {
    this.#gaps[gap.cause] += 1;
    this.#options.baseline.noteGap(gap);
    const { fromNs, toNs, cause, eventsEstimate } = gap;
    const document = { from: rfc3339(fromNs), to: rfc3339(toNs), cause, eventsEstimate };
    this.#raising.guard(() => this.#outbox.addGap(document));
    this.#link.wake();
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
      images: this.progress().map(({ key, ...rest }) => ({ profileKey: key, ...rest })),
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

  #outboxReplaced(failure: OutboxFailure): void {
    const { cluster, node, log } = this.#options;
    log.error({ err: failure }, 'the outbox was broken and is set aside');
    const time = rfc3339(this.#clock.nowNs());
    const alert = sensorAlert({
      id: this.#newId(),
      revision: 1,
      severity: 'high',
      cluster,
      node,
      firstTime: time,
      lastTime: time,
      count: 1,
      reason: {
        en: `the outbox of ${node} was broken; alerts that the collector had not acknowledged ` +
          'are lost (the file is kept beside it)',
        zh: `节点 ${node} 的发件箱已损坏，采集器未确认的告警已丢失（原文件保留）`,
      },
    });
    // Not now: the outbox is in the middle of opening the new file.
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

  #every(delayMs: number, run: () => void): void {
    const slot = this.#timers.length;
    const next = (): void => {
      this.#timers[slot] = this.#clock.after(delayMs, () => {
        next();
        run();
      });
    };
    next();
  }

  async #stop(): Promise<{ readonly isDrained: boolean }> {
    await this.#source.source.stop();
    for (const cancel of this.#timers) cancel();
    this.#perception.stop();
    this.#raise(this.#perception.takeAlerts());
    this.#gather();
    await this.#gathering;
    const isDrained = await this.#link.drain(DRAIN_MS);
    this.#link.stop();
    await this.#http?.stop();
    this.#outbox.close();
    return { isDrained };
  }
}

type LogMessage =
  | 'profile refused'
  | 'not linked to the collector'
  | 'the outbox cannot be written';
