import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';

import { decodeAgentFrame } from '../../proto/lanner/v1/decode-frame.ts';
import { encodeCollectorFrame } from '../../proto/lanner/v1/encode-frame.ts';
import { FrameError } from '../../proto/lanner/v1/frames.ts';
import type {
  AgentFrame,
  AlertsFrame,
  CollectorFrame,
  CommandFrame,
  EvidenceFrame,
  HeartbeatFrame,
  HelloFrame,
  ImagesFrame,
} from '../../proto/lanner/v1/frames.ts';
import type { Clock } from '../clock.ts';
import type { LogGate } from '../log-gate.ts';
import type { AgentName, BatchOutcome, BatchStore } from '../store/faces.ts';
import { CredentialWatch } from './credential-watch.ts';
import { checkBatches, checkHello, checkIdentity, refuseIdentity } from './greeting.ts';
import type { ProtocolRange, Refusal } from './greeting.ts';
import type { IdentityOutcome, PeerIdentity } from './identity.ts';
import type { LinkEnd, LinkRefusal } from './link-end.ts';
import type { LinkRate } from './link-rate.ts';
import { PendingCommands } from './pending-commands.ts';
import type { CommandOutcome } from './pending-commands.ts';
import { ReadGate } from './read-gate.ts';
import type { SecurityEvent } from './security-event.ts';

export type { LinkEnd, LinkRefusal } from './link-end.ts';
export type { CommandOutcome } from './pending-commands.ts';

/**
 * One agent's stream. Hello first, within `helloDeadlineMs`, and nothing else is read until it was
 * accepted; then frames in the order in which they came. Alerts are acknowledged after their commit
 * and not before; while one commit runs, the batches behind it wait and go into the next one
 * together. Reading stops when `FRAMES_WAITING_MAX` frames or `BYTES_WAITING_MAX` bytes wait, or
 * when the agent sends faster than its rate (the transport then holds it back), and the link ends
 * when the agent does not read what it is sent (`WRITE_BYTES_MAX`). Any failure ends the link with
 * a reason; the agent comes again and resends what was not acknowledged.
 */
export const FRAMES_WAITING_MAX = 64;
const BYTES_WAITING_MAX = 4 * 1_024 * 1_024;
const WRITE_BYTES_MAX = 32 * 1_024 * 1_024;
/** A document that does not fit now is offered again by who wanted it sent. */
const DOCUMENT_WRITE_BYTES_MAX = 16 * 1_024 * 1_024;
const SLOW_COMMIT_MS = 2_000;
/** What a hello counts in an agent's rate: connecting again is not free. */
const HELLO_BYTES = 1_024;

/** What the rest of the collector does with an agent's frames. Rejecting ends the link. */
export type LinkReceiver = {
  onHello(hello: HelloFrame): Promise<void>;
  /** The agent has its welcome: what it should know from the start can follow. */
  onWelcomed(link: AgentLink): Promise<void>;
  onEvidence(link: AgentLink, frame: EvidenceFrame): Promise<void>;
  onHeartbeat(link: AgentLink, frame: HeartbeatFrame): Promise<void>;
  /** Where images run and what they are made of. */
  onImages?(link: AgentLink, frame: ImagesFrame): void;
  onBatch(outcome: BatchOutcome): void;
  onRefused(reason: LinkRefusal): void;
  /** Somebody spoke as who they are not; the link is closed already, or was never opened. */
  onSecurityEvent?(event: SecurityEvent): void;
};

export type AgentLinkOptions = {
  readonly call: ServerDuplexStream<Buffer, Buffer>;
  readonly peer: string;
  readonly store: BatchStore;
  readonly receiver: LinkReceiver;
  readonly clock: Clock;
  readonly log: Logger;
  readonly gate: LogGate;
  /** Who the peer is, by what it can show. */
  readonly identify: () => Promise<IdentityOutcome>;
  /** The only cluster that agents may be of; empty for any. */
  readonly cluster: string;
  readonly protocols: ProtocolRange;
  readonly rateOf: (agent: AgentName) => LinkRate;
  readonly helloDeadlineMs: number;
  readonly windowBatches: number;
  readonly collectorVersion: string;
  /** After the hello was accepted: the moment to replace an older link of the same node. */
  readonly onOpen: (link: AgentLink) => void;
  readonly onEnd: (link: AgentLink, end: LinkEnd) => void;
};

export class AgentLink {
  readonly #options: AgentLinkOptions;
  readonly #waiting: { readonly frame: AgentFrame; readonly bytes: number }[] = [];
  readonly #commands: PendingCommands;
  readonly #gate: ReadGate;
  readonly #watch: CredentialWatch;
  readonly #cancelHello: () => void;
  #cancelRate: (() => void) | undefined;
  #bytesWaiting = 0;
  #hello: HelloFrame | undefined;
  #identity: PeerIdentity | undefined;
  #rate: LinkRate | undefined;
  #processing: Promise<void> | undefined;
  #end: LinkEnd | undefined;
  #isSlowed = false;

  constructor(options: AgentLinkOptions) {
    this.#options = options;
    const { call, clock, identify } = options;
    this.#commands = new PendingCommands(clock);
    this.#gate = new ReadGate(call);
    this.#watch = new CredentialWatch({
      clock,
      identify,
      onExpired: () => this.#expire(),
      onRefused: (outcome) => {
        if (this.#hello !== undefined) this.#turnAway(refuseIdentity(this.#hello, outcome));
      },
    });
    this.#cancelHello = clock.after(options.helloDeadlineMs, () => {
      this.#refuse('no-hello', status.DEADLINE_EXCEEDED, 'no hello before the deadline');
    });
    call.on('data', (bytes: Buffer) => this.#receive(bytes));
    call.on('end', () => this.close('agent-left', status.OK, ''));
    call.on('cancelled', () => this.close('agent-left', status.CANCELLED, ''));
    call.on('error', () => this.close('agent-left', status.CANCELLED, ''));
  }

  get peer(): string {
    return this.#options.peer;
  }

  /** The hello that was accepted: its node is the one that the agent's credential is for. */
  get hello(): HelloFrame | undefined {
    return this.#hello;
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  command(frame: CommandFrame, deadlineMs: number): Promise<CommandOutcome> {
    if (this.#end !== undefined) return Promise.resolve({ ok: false, reason: 'link-closed' });
    return this.#commands.add(frame.id, deadlineMs, () => this.#send(frame));
  }

  /** False when the agent has too much unread to be sent a document now. */
  pushProfile(key: string, revision: number, document: Uint8Array): boolean {
    if (!this.#hasRoom(document)) return false;
    this.#send({ kind: 'profile', profileKey: key, revision, document });
    return true;
  }

  pushDecisions(revision: number, document: Uint8Array): boolean {
    if (!this.#hasRoom(document)) return false;
    this.#send({ kind: 'decisions', revision, document });
    return true;
  }

  #hasRoom(document: Uint8Array): boolean {
    if (this.#end !== undefined) return false;
    return this.#options.call.writableLength + document.length <= DOCUMENT_WRITE_BYTES_MAX;
  }

  /** Ends the stream; frames that wait are dropped, they were not acknowledged. */
  close(end: LinkEnd, code: status, details: string): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    const { call, onEnd } = this.#options;
    this.#cancelHello();
    this.#cancelRate?.();
    this.#watch.stop();
    this.#waiting.length = 0;
    this.#commands.closeAll();
    if (code === status.OK) call.end();
    else if (code !== status.CANCELLED) call.emit('error', { code, details });
    // Nobody reads any more: what still comes must not pile up in the stream.
    call.resume();
    onEnd(this, end);
  }

  /** Resolves when no commit of this link is under way. */
  async settled(): Promise<void> {
    await this.#processing;
  }

  #refuse(reason: LinkRefusal, code: status, details: string): void {
    this.#turnAway({ ok: false, reason, code, details });
  }

  #turnAway({ reason, code, details, event }: Refusal): void {
    if (this.#end !== undefined) return;
    const { receiver, log, gate, peer } = this.#options;
    receiver.onRefused(reason);
    const suppressed = gate.open(`link ${reason}`);
    if (suppressed !== undefined) {
      const told = { reason, peer, node: this.#hello?.node, details, event, suppressed };
      log.warn({ security: true, ...told }, 'link refused');
    }
    this.close(reason, code, details);
    if (event !== undefined) receiver.onSecurityEvent?.({ ...event, peer });
  }

  #expire(): void {
    const details = 'the credential of this link has expired: connect again with a new one';
    this.close('credential-expired', status.ABORTED, details);
  }

  #receive(bytes: Buffer): void {
    if (this.#end !== undefined || !this.#isWithinRate(bytes.length)) return;
    let frame: AgentFrame;
    try {
      frame = decodeAgentFrame(bytes);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      // A newer agent may say things that this version does not know; nothing hangs on them.
      if (error.code === 'unknown-frame' && this.#hello !== undefined) {
        this.#options.receiver.onRefused(error.code);
        return;
      }
      this.#refuse(error.code, status.INVALID_ARGUMENT, error.message);
      return;
    }
    if (frame.kind === 'command-result') {
      this.#commands.settle(frame);
      return;
    }
    this.#waiting.push({ frame, bytes: bytes.length });
    this.#bytesWaiting += bytes.length;
    const isFull =
      this.#waiting.length >= FRAMES_WAITING_MAX || this.#bytesWaiting >= BYTES_WAITING_MAX;
    if (isFull) this.#gate.hold('full');
    // A stranger's frames are not kept.
    if (this.#hello === undefined) this.#gate.hold('greeting');
    this.#process();
  }

  /** False when the link is closed for it. */
  #isWithinRate(bytes: number): boolean {
    const { clock } = this.#options;
    const taken = this.#rate?.take(bytes, clock.now());
    if (taken?.kind === 'excess') {
      this.#refuse('too-fast', status.RESOURCE_EXHAUSTED, 'far more than one agent may send');
      return false;
    }
    if (taken?.kind === 'wait') {
      this.#gate.hold('rate');
      this.#cancelRate?.();
      this.#cancelRate = clock.after(taken.ms, () => this.#gate.release('rate'));
    }
    return true;
  }

  #next(): AgentFrame | undefined {
    const next = this.#waiting.shift();
    this.#bytesWaiting -= next?.bytes ?? 0;
    return next?.frame;
  }

  #process(): void {
    if (this.#processing !== undefined) return;
    this.#processing = this.#drain()
      .catch((error: unknown) => {
        this.#options.log.error({ err: error, node: this.#hello?.node }, 'link failed');
        this.close('store', status.UNAVAILABLE, 'the collector cannot store this now');
      })
      .finally(() => {
        this.#processing = undefined;
        if (this.#waiting.length > 0) this.#process();
      });
  }

  async #drain(): Promise<void> {
    while (this.#end === undefined) {
      const frame = this.#next();
      if (frame === undefined) return;
      if (frame.kind === 'alerts') {
        const batches = [frame];
        while (this.#waiting[0]?.frame.kind === 'alerts') {
          batches.push(this.#next() as AlertsFrame);
        }
        await this.#commit(batches);
      } else {
        await this.#take(frame);
      }
      const hasRoom = this.#waiting.length < FRAMES_WAITING_MAX / 2 &&
        this.#bytesWaiting < BYTES_WAITING_MAX / 2;
      if (this.#end === undefined && hasRoom) this.#gate.release('full');
    }
  }

  async #take(frame: Exclude<AgentFrame, AlertsFrame>): Promise<void> {
    const { receiver } = this.#options;
    if (frame.kind === 'hello') return this.#greet(frame);
    if (this.#hello === undefined) return this.#noHello();
    switch (frame.kind) {
      case 'evidence':
        return receiver.onEvidence(this, frame);
      case 'heartbeat':
        return receiver.onHeartbeat(this, frame);
      case 'images':
        return receiver.onImages?.(this, frame);
      case 'command-result':
        return undefined;
    }
  }

  #noHello(): void {
    this.#refuse('no-hello', status.FAILED_PRECONDITION, 'the first frame must be a hello');
  }

  async #greet(hello: HelloFrame): Promise<void> {
    const { store, receiver, collectorVersion, windowBatches, onOpen } = this.#options;
    const { identify, cluster, protocols, rateOf } = this.#options;
    if (this.#hello !== undefined) {
      this.#refuse('second-hello', status.FAILED_PRECONDITION, 'a link has one hello');
      return;
    }
    const checked = checkHello(hello, protocols);
    if (!checked.ok) return this.#turnAway(checked);
    this.#cancelHello();
    const known = checkIdentity(hello, await identify(), cluster);
    if (this.#end !== undefined) return;
    if (!known.ok) return this.#turnAway(known);
    this.#identity = known.identity;
    this.#watch.start(known.identity);
    this.#rate = rateOf(hello);
    if (!this.#isWithinRate(HELLO_BYTES)) return;
    this.#hello = hello;
    onOpen(this);
    await receiver.onHello(hello);
    const committedSequence = await store.committedSequence(hello, hello.epoch);
    this.#send({
      kind: 'welcome',
      // The agent's own: a newer collector speaks its language.
      protocol: hello.protocol,
      collectorVersion,
      committedSequence,
      window: windowBatches,
    });
    this.#gate.release('greeting');
    await receiver.onWelcomed(this);
  }

  async #commit(frames: readonly AlertsFrame[]): Promise<void> {
    const { store, receiver, clock } = this.#options;
    const hello = this.#hello;
    const identity = this.#identity;
    if (hello === undefined || identity === undefined) return this.#noHello();
    const checked = checkBatches(frames, hello, identity);
    if (!checked.ok) return this.#turnAway(checked);
    const startMs = clock.now();
    const outcomes = await store.commitBatches(frames.map(({ epoch, sequence, alerts, gaps, flows }) => ({
      cluster: hello.cluster,
      node: hello.node,
      epoch,
      sequence,
      alerts,
      gaps,
      ...(flows === undefined ? {} : { flows }),
    })));
    for (const outcome of outcomes) receiver.onBatch(outcome);
    for (const { epoch, sequence } of frames) this.#send({ kind: 'ack', epoch, sequence });
    this.#adjustWindow(clock.now() - startMs);
  }

  #adjustWindow(commitMs: number): void {
    const { windowBatches } = this.#options;
    if (commitMs > SLOW_COMMIT_MS && !this.#isSlowed) {
      this.#isSlowed = true;
      this.#send({ kind: 'slow-down', window: 1, reason: 'commits are slow' });
    } else if (commitMs < SLOW_COMMIT_MS / 4 && this.#isSlowed) {
      this.#isSlowed = false;
      this.#send({ kind: 'slow-down', window: windowBatches, reason: '' });
    }
  }

  #send(frame: CollectorFrame): void {
    const { call } = this.#options;
    if (this.#end !== undefined) return;
    if (call.writableLength > WRITE_BYTES_MAX) {
      this.#refuse('not-reading', status.RESOURCE_EXHAUSTED, 'the agent does not read');
      return;
    }
    call.write(Buffer.from(encodeCollectorFrame(frame)));
  }
}
