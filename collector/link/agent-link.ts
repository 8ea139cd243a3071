import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';

import { decodeAgentFrame } from '../../proto/lanner/v1/decode-frame.ts';
import { encodeCollectorFrame } from '../../proto/lanner/v1/encode-frame.ts';
import { FrameError, LINK_PROTOCOL } from '../../proto/lanner/v1/frames.ts';
import type {
  AgentFrame,
  AlertsFrame,
  CollectorFrame,
  CommandFrame,
  CommandResultFrame,
  EvidenceFrame,
  FrameErrorCode,
  GapFrame,
  HeartbeatFrame,
  HelloFrame,
} from '../../proto/lanner/v1/frames.ts';
import type { Clock } from '../clock.ts';
import type { AgentName, BatchOutcome, BatchStore } from '../store/faces.ts';

/**
 * One agent's stream. Hello first, within `helloDeadlineMs`; then frames in the order in which they
 * came. Alerts are acknowledged after their commit and not before; while one commit runs, the
 * batches behind it wait and go into the next one together. Reading stops when `FRAMES_WAITING_MAX`
 * frames wait (the transport then holds the agent back), and the link ends when the agent does not
 * read what it is sent (`WRITE_BYTES_MAX`). Any failure ends the link with a reason; the agent
 * comes again and resends what was not acknowledged.
 */
export const FRAMES_WAITING_MAX = 64;
const WRITE_BYTES_MAX = 32 * 1_024 * 1_024;
/** A profile that does not fit now is sent at the agent's next evidence. */
const PROFILE_WRITE_BYTES_MAX = 16 * 1_024 * 1_024;
const COMMANDS_PENDING_MAX = 64;
const SLOW_COMMIT_MS = 2_000;

export type LinkRefusal =
  | FrameErrorCode
  | 'no-hello'
  | 'second-hello'
  | 'protocol'
  | 'wrong-epoch'
  | 'too-many-links'
  | 'not-reading';

export type LinkEnd = LinkRefusal | 'agent-left' | 'replaced' | 'store' | 'stopping';

export type CommandOutcome =
  | { readonly ok: true; readonly result: CommandResultFrame }
  | { readonly ok: false; readonly reason: 'no-link' | 'deadline' | 'link-closed' | 'busy' };

/** What the rest of the collector does with an agent's frames. Rejecting ends the link. */
export type LinkReceiver = {
  onHello(hello: HelloFrame): Promise<void>;
  onEvidence(link: AgentLink, frame: EvidenceFrame): Promise<void>;
  onHeartbeat(link: AgentLink, frame: HeartbeatFrame): Promise<void>;
  onGap(agent: AgentName, frame: GapFrame): Promise<void>;
  onBatch(outcome: BatchOutcome): void;
  onRefused(reason: LinkRefusal): void;
};

export type AgentLinkOptions = {
  readonly call: ServerDuplexStream<Buffer, Buffer>;
  readonly peer: string;
  readonly store: BatchStore;
  readonly receiver: LinkReceiver;
  readonly clock: Clock;
  readonly log: Logger;
  readonly helloDeadlineMs: number;
  readonly windowBatches: number;
  readonly collectorVersion: string;
  /** After the hello was accepted: the moment to replace an older link of the same node. */
  readonly onOpen: (link: AgentLink) => void;
  readonly onEnd: (link: AgentLink, end: LinkEnd) => void;
};

export class AgentLink {
  readonly #options: AgentLinkOptions;
  readonly #waiting: AgentFrame[] = [];
  readonly #commands = new Map<string, (outcome: CommandOutcome) => void>();
  readonly #cancelHello: () => void;
  /** Profiles that this agent has shown an interest in. */
  readonly profileKeys = new Set<string>();
  #hello: HelloFrame | undefined;
  #processing: Promise<void> | undefined;
  #end: LinkEnd | undefined;
  #isSlowed = false;

  constructor(options: AgentLinkOptions) {
    this.#options = options;
    const { call, clock } = options;
    this.#cancelHello = clock.after(options.helloDeadlineMs, () => {
      this.#refuse('no-hello', status.DEADLINE_EXCEEDED, 'no hello before the deadline');
    });
    call.on('data', (bytes: Buffer) => this.#receive(bytes));
    call.on('end', () => this.close('agent-left', status.OK, ''));
    call.on('cancelled', () => this.close('agent-left', status.CANCELLED, ''));
    call.on('error', () => this.close('agent-left', status.CANCELLED, ''));
  }

  /** The hello that was accepted; the name is what the agent says of itself. */
  get peer(): string {
    return this.#options.peer;
  }

  get hello(): HelloFrame | undefined {
    return this.#hello;
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  command(frame: CommandFrame, deadlineMs: number): Promise<CommandOutcome> {
    if (this.#end !== undefined) return Promise.resolve({ ok: false, reason: 'link-closed' });
    if (this.#commands.size >= COMMANDS_PENDING_MAX || this.#commands.has(frame.id)) {
      return Promise.resolve({ ok: false, reason: 'busy' });
    }
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(deadlineMs, () => {
        this.#commands.delete(frame.id);
        resolve({ ok: false, reason: 'deadline' });
      });
      this.#commands.set(frame.id, (outcome) => {
        cancel();
        this.#commands.delete(frame.id);
        resolve(outcome);
      });
      this.#send(frame);
    });
  }

  /** False when the agent has too much unread to be sent a document now. */
  pushProfile(key: string, revision: number, document: Uint8Array): boolean {
    if (this.#end !== undefined) return false;
    const { writableLength } = this.#options.call;
    if (writableLength + document.length > PROFILE_WRITE_BYTES_MAX) return false;
    this.#send({ kind: 'profile', profileKey: key, revision, document });
    return true;
  }

  /** Ends the stream; frames that wait are dropped, they were not acknowledged. */
  close(end: LinkEnd, code: status, details: string): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    const { call, onEnd } = this.#options;
    this.#cancelHello();
    this.#waiting.length = 0;
    for (const settle of this.#commands.values()) settle({ ok: false, reason: 'link-closed' });
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
    if (this.#end !== undefined) return;
    const { receiver, log, peer } = this.#options;
    receiver.onRefused(reason);
    log.warn({ security: true, reason, peer, node: this.#hello?.node }, 'link refused');
    this.close(reason, code, details);
  }

  #receive(bytes: Buffer): void {
    if (this.#end !== undefined) return;
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
      this.#commands.get(frame.id)?.({ ok: true, result: frame });
      return;
    }
    this.#waiting.push(frame);
    if (this.#waiting.length >= FRAMES_WAITING_MAX) this.#options.call.pause();
    this.#process();
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
    const { call } = this.#options;
    while (this.#end === undefined) {
      const frame = this.#waiting.shift();
      if (frame === undefined) return;
      if (frame.kind === 'alerts') {
        const batches = [frame];
        while (this.#waiting[0]?.kind === 'alerts') {
          batches.push(this.#waiting.shift() as AlertsFrame);
        }
        await this.#commit(batches);
      } else {
        await this.#take(frame);
      }
      if (this.#end === undefined && this.#waiting.length < FRAMES_WAITING_MAX / 2) call.resume();
    }
  }

  async #take(frame: Exclude<AgentFrame, AlertsFrame>): Promise<void> {
    const { receiver } = this.#options;
    if (frame.kind === 'hello') return this.#greet(frame);
    const hello = this.#hello;
    if (hello === undefined) return this.#noHello();
    switch (frame.kind) {
      case 'evidence':
        return receiver.onEvidence(this, frame);
      case 'heartbeat':
        return receiver.onHeartbeat(this, frame);
      case 'gap':
        return receiver.onGap(hello, frame);
      case 'command-result':
        return undefined;
    }
  }

  #noHello(): void {
    this.#refuse('no-hello', status.FAILED_PRECONDITION, 'the first frame must be a hello');
  }

  async #greet(hello: HelloFrame): Promise<void> {
    const { store, receiver, collectorVersion, windowBatches, onOpen } = this.#options;
    if (this.#hello !== undefined) {
      this.#refuse('second-hello', status.FAILED_PRECONDITION, 'a link has one hello');
      return;
    }
    if (hello.protocol !== LINK_PROTOCOL) {
      const older = hello.protocol < LINK_PROTOCOL ? 'agent' : 'collector';
      this.#refuse('protocol', status.FAILED_PRECONDITION,
        `the agent speaks link protocol ${hello.protocol}, this collector ${LINK_PROTOCOL}: ` +
        `upgrade the ${older}`);
      return;
    }
    if (hello.node === '' || hello.epoch === '') {
      this.#refuse('missing', status.INVALID_ARGUMENT, 'a hello names its node and its epoch');
      return;
    }
    this.#cancelHello();
    this.#hello = hello;
    onOpen(this);
    await receiver.onHello(hello);
    const committedSequence = await store.committedSequence(hello, hello.epoch);
    this.#send({
      kind: 'welcome',
      protocol: LINK_PROTOCOL,
      collectorVersion,
      committedSequence,
      window: windowBatches,
    });
  }

  async #commit(frames: readonly AlertsFrame[]): Promise<void> {
    const { store, receiver, clock } = this.#options;
    const hello = this.#hello;
    if (hello === undefined) return this.#noHello();
    if (frames.some(({ epoch }) => epoch !== hello.epoch)) {
      this.#refuse('wrong-epoch', status.INVALID_ARGUMENT, 'a batch of another epoch');
      return;
    }
    const startMs = clock.now();
    const outcomes = await store.commitBatches(frames.map(({ epoch, sequence, alerts }) => ({
      cluster: hello.cluster,
      node: hello.node,
      epoch,
      sequence,
      alerts,
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
