/**
 * The agent's end of `lanner.v1.Fleet/Link`: performs what `machine.ts` decides. Batches come from
 * the outbox and stay in it until they are acknowledged; nothing waits for the collector, so a
 * slow or absent one never slows the reading from Falco. Frames that do not fit in the socket's
 * buffer are not queued: heartbeats are skipped, batches and evidence wait for `drain`.
 *
 * Bounds: `WINDOW_MAX` batches in flight, one evidence document at a time, one timer per purpose.
 * Every failure of the connection ends in a new attempt with back-off; the reason is told.
 */
import { decodeCollectorFrame } from '../../proto/lanner/v1/decode-frame.ts';
import { encodeAgentFrame } from '../../proto/lanner/v1/encode-frame.ts';
import { FrameError, LINK_PROTOCOL } from '../../proto/lanner/v1/frames.ts';
import type { AgentFrame, CollectorFrame } from '../../proto/lanner/v1/frames.ts';
import { OutboxFailure } from '../outbox/failure.ts';
import type { Batch } from '../outbox/outbox.ts';
import type { Cancel } from '../source/clock.ts';
import { CommandDesk } from './command-desk.ts';
import { dial } from './dial.ts';
import type { Call } from './dial.ts';
import { linkIdle, step } from './machine.ts';
import type { EndReason, LinkEffect, LinkEvent, LinkState } from './machine.ts';
import type { LinkCounts, LinkOptions } from './options.ts';

export const HEARTBEAT_MS = 5_000;
/** New alerts of one moment go as one batch. */
export const GATHER_MS = 50;
/** Between two heartbeats when there is news that should not wait for the next one. */
export const BEAT_SOON_MS = 1_000;
const TICK_MS = 1_000;
const DRAIN_LOOK_MS = 20;

export class Link {
  readonly #options: LinkOptions;
  readonly #desk: CommandDesk;
  #state: LinkState = linkIdle;
  readonly #events: LinkEvent[] = [];
  #call: Call | null = null;
  #isBlocked = false;
  #waiting: Cancel | null = null;
  #ticking: Cancel | null = null;
  #gathering: Cancel | null = null;
  /** What this stream's hello said; batches of another epoch need another hello. */
  #epoch = '';
  #heartbeatAtMs = 0;
  #lastBeatMs = -Infinity;
  #undiscarded: number | null = null;
  #attempts = 0;
  #sent = 0;
  #unsendable = 0;
  #malformed = 0;
  #unknown = 0;
  #skipped = 0;
  #outboxFailures = 0;
  readonly #ended: Partial<Record<EndReason, number>> = {};

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#desk = new CommandDesk(options.onCommand, (frame) => this.#write(frame));
  }

  start(): void {
    this.#dispatch({ kind: 'start' });
    this.#tick();
  }

  /** New alerts or gaps are in the outbox; what is urgent does not wait for others. */
  wake({ isUrgent = false }: { readonly isUrgent?: boolean } = {}): void {
    if (isUrgent) {
      this.#gathering?.();
      this.#gathering = null;
      this.#sendMore();
      return;
    }
    this.#gathering ??= this.#options.clock.after(GATHER_MS, () => {
      this.#gathering = null;
      this.#sendMore();
    });
  }

  /** There is news in the heartbeat; it goes now, or with the first tick that is late enough. */
  beatSoon(): void {
    this.#heartbeatAtMs = Math.min(this.#heartbeatAtMs, this.#lastBeatMs + BEAT_SOON_MS);
    if (this.#state.phase === 'linked') this.#beat();
  }

  /** Resolves when everything is acknowledged, or false when that takes too long. */
  async drain(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + timeoutMs;
    for (;;) {
      if (this.#isDrained()) return true;
      if (clock.nowMs() >= untilMs || this.#state.phase !== 'linked') return false;
      this.#sendMore();
      const { promise, resolve } = Promise.withResolvers<void>();
      clock.after(DRAIN_LOOK_MS, resolve);
      await promise;
    }
  }

  #isDrained(): boolean {
    let isDrained = false;
    this.#withOutbox(() => {
      isDrained = this.#options.outbox.isEmpty();
    });
    return isDrained;
  }

  /** Nothing of the link is left when it returns: no timer, no call, no channel. */
  stop(): void {
    for (const cancel of [this.#waiting, this.#ticking, this.#gathering]) cancel?.();
    this.#waiting = null;
    this.#ticking = null;
    this.#gathering = null;
    this.#dispatch({ kind: 'stop' });
  }

  counts(): LinkCounts {
    const state = this.#state;
    return {
      isLinked: state.phase === 'linked',
      inFlight: state.phase === 'linked' ? state.sent - state.acknowledged : 0,
      attempts: this.#attempts,
      batchesSent: this.#sent,
      batchesUnsendable: this.#unsendable,
      framesMalformed: this.#malformed,
      framesUnknown: this.#unknown,
      heartbeatsSkipped: this.#skipped,
      outboxFailures: this.#outboxFailures,
      commandsRefused: this.#desk.refused,
      ended: { ...this.#ended },
    };
  }

  /**
   * One event at a time: what happens while an effect is performed waits until all effects of the
   * event before it are done, or a batch would be sent on a state that is no longer so.
   */
  #dispatch(event: LinkEvent): void {
    this.#events.push(event);
    if (this.#events.length > 1) return;
    for (let next = this.#events[0]; next !== undefined; next = this.#events[0]) {
      for (const effect of this.#step(next)) this.#perform(effect);
      this.#events.shift();
    }
  }

  #step(event: LinkEvent): readonly LinkEffect[] {
    const now = { nowMs: this.#options.clock.nowMs(), random: this.#options.random() };
    const { state, effects } = step(this.#state, event, now);
    this.#state = state;
    return effects;
  }

  #perform(effect: LinkEffect): void {
    const { clock, outbox, onState } = this.#options;
    switch (effect.kind) {
      case 'open':
        this.#open();
        return;
      case 'close':
        this.#close();
        return;
      case 'wait':
        this.#waiting?.();
        this.#waiting = clock.after(effect.delayMs, () => this.#dispatch({ kind: 'timer' }));
        return;
      case 'discard':
        this.#withOutbox(() => this.#discard(effect.sequence));
        return;
      case 'send':
        this.#withOutbox(() => this.#sendBatches(effect.after, effect.max));
        return;
      case 'renew-epoch':
        this.#withOutbox(() => outbox.renewEpoch());
        return;
      case 'linked':
        this.#linked();
        return;
      case 'unlinked':
        this.#ended[effect.reason] = (this.#ended[effect.reason] ?? 0) + 1;
        onState({ state: 'unlinked', reason: effect.reason, detail: effect.detail });
        return;
    }
  }

  /**
   * A disk that is full or broken costs nothing that is stored: what could not be read, sealed or
   * deleted now is tried again with the next tick or the next attempt.
   */
  #withOutbox(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof OutboxFailure)) throw error;
      this.#outboxFailures += 1;
      this.#options.onOutboxFailure(error);
    }
  }

  #discard(sequence: number): void {
    // A full disk cannot even forget: nobody says again what was acknowledged, so it is kept here.
    this.#undiscarded = sequence;
    const answer = this.#options.outbox.acknowledge(this.#epoch, sequence);
    this.#undiscarded = null;
    if (answer.ok) return;
    if (answer.reason === 'ahead') this.#dispatch({ kind: 'ahead' });
    else this.#leave();
  }

  #discardLate(): void {
    const sequence = this.#undiscarded;
    if (sequence !== null) this.#withOutbox(() => this.#discard(sequence));
  }

  /** The outbox was replaced under a new epoch: say hello again. */
  #leave(): void {
    this.#dispatch({ kind: 'ended', reason: 'new-epoch', detail: 'the outbox was replaced' });
  }

  #open(): void {
    this.#attempts += 1;
    this.#isBlocked = false;
    const { address, credentials, clock, outbox, hello } = this.#options;
    try {
      this.#call = (this.#options.dial ?? dial)(address, credentials(), {
        onBytes: (bytes) => this.#receive(bytes),
        onDrain: () => {
          this.#isBlocked = false;
          this.#sendMore();
        },
        onEnd: (reason, detail) => this.#dispatch({ kind: 'ended', reason, detail }),
      });
    } catch (error) {
      // Certificate files that are gone or broken: they may be in the middle of a rotation.
      const detail = error instanceof Error ? error.message : String(error);
      clock.soon(() => this.#dispatch({ kind: 'ended', reason: 'refused', detail }));
      return;
    }
    this.#epoch = outbox.epoch;
    this.#undiscarded = null;
    this.#write({ kind: 'hello', protocol: LINK_PROTOCOL, epoch: this.#epoch, ...hello() });
  }

  #close(): void {
    this.#call?.close();
    this.#call = null;
  }

  #linked(): void {
    this.#options.evidence.sendAllAgain();
    this.#options.images?.sendAllAgain();
    this.#heartbeatAtMs = this.#options.clock.nowMs();
    this.#options.onState({ state: 'linked' });
    this.#beat();
  }

  #receive(bytes: Buffer): void {
    let frame: CollectorFrame;
    try {
      frame = decodeCollectorFrame(bytes);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      // A newer collector may say things that this agent does not know yet.
      if (error.code === 'unknown-frame') this.#unknown += 1;
      else this.#malformed += 1;
      return;
    }
    this.#take(frame);
  }

  #take(frame: CollectorFrame): void {
    switch (frame.kind) {
      case 'welcome':
        this.#dispatch({
          kind: 'welcome',
          protocol: frame.protocol,
          committed: frame.committedSequence,
          window: frame.window,
        });
        return;
      case 'ack':
        if (frame.epoch !== this.#epoch) return;
        this.#dispatch({ kind: 'ack', sequence: frame.sequence });
        return;
      case 'slow-down':
        this.#dispatch({ kind: 'slow-down', window: frame.window });
        return;
      case 'profile':
        this.#options.onProfile(frame);
        return;
      case 'command':
        this.#desk.take(frame);
        return;
      case 'decisions':
        this.#options.onDecisions(frame);
        return;
    }
  }

  #sendBatches(after: number, max: number): void {
    if (this.#isBlocked || this.#events.some(endsLink)) return;
    const { outbox } = this.#options;
    let left = max;
    for (const batch of outbox.batchesAfter(after, max)) {
      if (!this.#sendBatch(batch)) return;
      left -= 1;
    }
    for (; left > 0; left -= 1) {
      const batch = outbox.seal();
      if (batch === null || !this.#sendBatch(batch)) return;
    }
  }

  /** False when the socket has had enough for now; the batch itself is on its way. */
  #sendBatch({ epoch, sequence, alerts, gaps, flows }: Batch): boolean {
    if (epoch !== this.#epoch) {
      this.#leave();
      return false;
    }
    try {
      const also = flows === undefined ? {} : { flows };
      this.#write({ kind: 'alerts', epoch, sequence, alerts, gaps, ...also });
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      // Cannot be sent, now or ever: its alerts are counted in a summary, and its place in the
      // sequence is kept by a batch without them.
      this.#unsendable += 1;
      this.#options.outbox.foldBatch(sequence);
      this.#write({ kind: 'alerts', epoch, sequence, alerts: [], gaps });
    }
    this.#sent += 1;
    // At once, not in line: whatever is decided next must know it. It has no effects.
    this.#step({ kind: 'sent', sequence });
    return !this.#isBlocked;
  }

  #sendMore(): void {
    this.#dispatch({ kind: 'more' });
    if (this.#state.phase !== 'linked') return;
    while (!this.#isBlocked) {
      const evidence = this.#options.evidence.next();
      if (evidence === null) break;
      const { key, revision, document } = evidence;
      this.#write({ kind: 'evidence', profileKey: key, revision, document });
    }
    while (!this.#isBlocked) {
      const report = this.#options.images?.next() ?? null;
      if (report === null) break;
      this.#write(report);
    }
  }

  #tick(): void {
    this.#ticking = this.#options.clock.after(
      Math.min(TICK_MS, this.#options.heartbeatMs ?? HEARTBEAT_MS),
      () => {
        this.#dispatch({ kind: 'tick' });
        if (this.#state.phase === 'linked') {
          this.#discardLate();
          this.#beat();
        }
        this.#tick();
      },
    );
  }

  #beat(): void {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#heartbeatAtMs) return;
    this.#lastBeatMs = nowMs;
    this.#heartbeatAtMs = nowMs + (this.#options.heartbeatMs ?? HEARTBEAT_MS);
    if (this.#isBlocked) {
      this.#skipped += 1;
      return;
    }
    this.#write({ kind: 'heartbeat', ...this.#options.heartbeat() });
    this.#sendMore();
  }

  #write(frame: AgentFrame): void {
    const bytes = encodeAgentFrame(frame);
    if (this.#call?.write(bytes) === false) this.#isBlocked = true;
  }
}

const endsLink = ({ kind }: LinkEvent): boolean =>
  kind === 'ahead' || kind === 'ended' || kind === 'stop';
