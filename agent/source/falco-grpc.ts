/**
 * Events from Falco's gRPC output (Falco 0.43 and older), over its unix socket or mutual TLS.
 *
 * `sub` gives only what was asked for, so this asks on a timer, always: a client that goes silent
 * lets later events wait for ever and hangs Falco's own restart. It never half-closes (the call
 * would get no status) and never stops reading while it has a stream: what is not read stays in
 * Falco's memory without a bound. There is no queue here: a batch is worked through by the sink
 * before more is read, and who cannot keep up sheds behind the sink and counts it.
 *
 * What fails: a bad event is counted and skipped; a stream that ends is opened again as
 * `reconnect.ts` decides, with a gap record; a stream that lives but gives nothing is found by the
 * probe below. What Falco popped for a connection that broke is lost, and the gap says so.
 *
 * The probe: silence may be a quiet node, a hung Falco, or a stream that Falco never serves (more
 * streams than its threads starve without an error). `get` tells them apart: no answer is a hung
 * Falco; events that come by `get` while `sub` is asked ten times a second and gives none, twice
 * in a row, are a starved stream. What `get` returns is taken like anything else. HTTP/2 pings are
 * not used: Falco's server answers frequent pings by closing the connection.
 */
import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { readVersion } from '../../proto/falco/version.ts';
import type { Cancel, Clock } from './clock.ts';
import type { Source, SourceSink, SourceState } from './event.ts';
import type { FalcoCall, FalcoChannel, FalcoStream } from './falco-channel.ts';
import { ResponseEvents } from './falco-fields.ts';
import { endDetail, endReason } from './falco-status.ts';
import type { GrpcEnd } from './grpc-end.ts';
import { Intake } from './intake.ts';
import { LogGate } from './log-gate.ts';
import { nextPollMs, POLL_MS_BUSY_MIN } from './poll.ts';
import type { Effect, LinkEvent, LinkState } from './reconnect.ts';
import { linkIdle, step } from './reconnect.ts';
import { SourceError } from './source-error.ts';

/** Falco answers in milliseconds; a node under load may take a second. */
export const ANSWER_DEADLINE_MS = 5_000;
export const PROBE_AFTER_MS = 10_000;
export const STARVED_PROBES_MAX = 2;

export type FalcoGrpcOptions = {
  /** A fresh channel per attempt; may throw `SourceError`. See `falcoConnector`. */
  readonly connect: () => FalcoChannel;
  readonly sink: SourceSink;
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly log: Logger;
  /** Shorter in tests. */
  readonly probeAfterMs?: number;
  readonly answerDeadlineMs?: number;
};

type GrpcCounters = { connects: number; disconnects: number; requests: number; probes: number };

export class FalcoGrpcSource implements Source {
  readonly counters: GrpcCounters = { connects: 0, disconnects: 0, requests: 0, probes: 0 };
  readonly #options: FalcoGrpcOptions;
  readonly #intake: Intake;
  readonly #gate: LogGate;
  readonly #events = new ResponseEvents();
  readonly #queue: LinkEvent[] = [];
  /** Calls without an end yet. */
  readonly #open = new Set<FalcoCall>();
  /** Channels whose socket is not gone yet; `stop` waits for them. */
  #closing = 0;
  #state: LinkState = linkIdle;
  #isDispatching = false;
  #channel: FalcoChannel | undefined;
  #stream: FalcoStream | undefined;
  #cancelTimer: Cancel | undefined;
  #onDrained: (() => void) | undefined;
  #pollMs = POLL_MS_BUSY_MIN;
  #receivedInPoll = 0;
  #lastNewsMs = 0;
  #isProbing = false;
  #starvedProbes = 0;

  constructor(options: FalcoGrpcOptions) {
    this.#options = options;
    this.#intake = new Intake(options);
    this.#gate = new LogGate(options.clock);
  }

  get valuesCut(): number {
    return this.#events.valuesCut;
  }

  get intake(): Intake['counters'] {
    return this.#intake.counters;
  }

  start(): void {
    this.#dispatch({ kind: 'start' });
  }

  async stop(): Promise<void> {
    this.#dispatch({ kind: 'stop' });
    this.#intake.flush();
    if (this.#isDrained) return;
    await new Promise<void>((resolve) => {
      this.#onDrained = resolve;
    });
  }

  /** One at a time: an effect may bring the next event, or the sink may stop the source. */
  #dispatch(event: LinkEvent): void {
    this.#queue.push(event);
    if (this.#isDispatching) return;
    this.#isDispatching = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const now = { nowNs: this.#options.clock.nowNs(), random: this.#options.random() };
      const { state, effects } = step(this.#state, next, now);
      this.#state = state;
      for (const effect of effects) this.#perform(effect);
    }
    this.#isDispatching = false;
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'ask-version':
        this.#askVersion();
        return;
      case 'open-stream':
        this.#openStream();
        return;
      case 'close':
        this.#close();
        return;
      case 'wait':
        this.#after(effect.delayMs, () => this.#dispatch({ kind: 'timer' }));
        return;
      case 'gap':
        this.#intake.gap(effect.gap);
        return;
      case 'tell':
        this.#tell(effect.state);
    }
  }

  #tell(state: SourceState): void {
    if (state.state === 'disconnected') this.counters.disconnects += 1;
    const suppressed = this.#gate.pass(state.state);
    if (suppressed >= 0) {
      const level = state.state === 'disconnected' ? 'warn' : 'info';
      this.#options.log[level]({ ...state, suppressed }, 'Falco gRPC source');
    }
    this.#options.sink.onState(state);
  }

  #askVersion(): void {
    let channel: FalcoChannel;
    try {
      channel = this.#options.connect();
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      this.#dispatch({ kind: 'ended', reason: 'unavailable', detail: error.message });
      return;
    }
    this.#channel = channel;
    const call = channel.version(this.#deadlineMs, (end, bytes) => {
      this.#done(call);
      if (channel !== this.#channel) return;
      if (end.code !== status.OK) {
        this.#ended(end);
        return;
      }
      const version = readVersion(bytes);
      if (typeof version === 'string') {
        this.#dispatch({ kind: 'ended', reason: 'failed', detail: `version answer: ${version}` });
        return;
      }
      this.counters.connects += 1;
      this.#dispatch({ kind: 'version', version: version.version });
    });
    this.#open.add(call);
  }

  #openStream(): void {
    const stream = this.#channel?.sub({
      onMessage: (bytes, start, end) => {
        if (this.#state.phase === 'stopped') return;
        if (this.#receivedInPoll === 0) this.#hasNews();
        this.#receivedInPoll += 1;
        this.#intake.accept(this.#events.decode(bytes.subarray(start, end)));
      },
      onEnd: (end) => {
        if (stream === undefined) return;
        this.#done(stream);
        if (stream === this.#stream) this.#ended(end);
      },
    });
    if (stream === undefined) return;
    this.#stream = stream;
    this.#open.add(stream);
    this.#pollMs = POLL_MS_BUSY_MIN;
    this.#receivedInPoll = 0;
    this.#isProbing = false;
    this.#starvedProbes = 0;
    this.#lastNewsMs = this.#options.clock.nowMs();
    this.#poll();
  }

  #hasNews(): void {
    this.#lastNewsMs = this.#options.clock.nowMs();
    this.#starvedProbes = 0;
    this.#dispatch({ kind: 'received' });
  }

  #poll(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    // With the flow control window full, the requests that wait will do.
    if (!stream.isFull) {
      stream.request();
      this.counters.requests += 1;
    }
    this.#pollMs = nextPollMs(this.#pollMs, this.#receivedInPoll);
    this.#receivedInPoll = 0;
    const quietMs = this.#options.clock.nowMs() - this.#lastNewsMs;
    if (!this.#isProbing && quietMs >= (this.#options.probeAfterMs ?? PROBE_AFTER_MS)) {
      this.#probe(stream);
    }
    this.#after(this.#pollMs, () => this.#poll());
  }

  #probe(stream: FalcoStream): void {
    let received = 0;
    const call = this.#channel?.get(this.#deadlineMs, {
      onMessage: (bytes, start, end) => {
        received += 1;
        this.#intake.accept(this.#events.decode(bytes.subarray(start, end)));
      },
      onEnd: (end) => {
        if (call === undefined) return;
        this.#done(call);
        if (stream !== this.#stream) return;
        this.#isProbing = false;
        this.#lastNewsMs = this.#options.clock.nowMs();
        if (end.code === status.OK) this.#judgeProbe(received);
        else this.#ended(end);
      },
    });
    if (call === undefined) return;
    this.#isProbing = true;
    this.counters.probes += 1;
    this.#open.add(call);
  }

  #judgeProbe(received: number): void {
    this.#starvedProbes = received > 0 ? this.#starvedProbes + 1 : 0;
    if (this.#starvedProbes < STARVED_PROBES_MAX) return;
    const detail = 'the stream gives no events although Falco has some';
    this.#dispatch({ kind: 'ended', reason: 'stalled', detail });
  }

  #ended(end: GrpcEnd): void {
    const reason = endReason(end);
    if (reason === 'message-too-large') this.#intake.refuse('too-large');
    this.#dispatch({ kind: 'ended', reason, detail: endDetail(end) });
  }

  #close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const channel = this.#channel;
    this.#channel = undefined;
    this.#stream = undefined;
    for (const call of this.#open) call.cancel();
    this.#intake.flush();
    if (channel === undefined) return;
    this.#closing += 1;
    void channel.close().then(() => {
      this.#closing -= 1;
      if (this.#isDrained) this.#onDrained?.();
    });
  }

  get #isDrained(): boolean {
    return this.#open.size === 0 && this.#closing === 0;
  }

  #done(call: FalcoCall): void {
    this.#open.delete(call);
    if (this.#isDrained) this.#onDrained?.();
  }

  /** One timer serves both: a source either polls or waits to come back. */
  #after(delayMs: number, run: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(delayMs, run);
  }

  get #deadlineMs(): number {
    return this.#options.answerDeadlineMs ?? ANSWER_DEADLINE_MS;
  }
}
