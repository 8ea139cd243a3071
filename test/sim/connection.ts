import { EventEmitter } from 'node:events';
import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Call, CallEvents } from '../../agent/link/dial.ts';
import type { EndReason } from '../../agent/link/machine.ts';
import type { Chance } from './chance.ts';
import type { Process, Scheduler } from './scheduler.ts';

/**
 * One stream between an agent and a collector: frames arrive in order and late, sometimes twice
 * (which gRPC never does, and which must not matter). While the path is cut, what was sent waits:
 * it arrives when the path is back, or never, when a side gives the connection up.
 */
export type Wire = {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly agent: Process;
  readonly collector: Process;
  readonly isCut: () => boolean;
  /** Both ends are gone, or one is and the other has been told. */
  readonly onClosed: () => void;
};

const DELAY_MS_MAX = 40;
/** How long a side takes to notice that the other does not answer: keepalive. */
const NOTICE_MS = 30_000;
const RETRY_MS = 250;
const DOUBLED = 0.02;
/** Frames under way before the sender is asked to wait. */
const UNDER_WAY_MAX = 12;

/** One direction: a queue that empties with delay, in order. */
class Lane {
  readonly #wire: Wire;
  readonly #deliver: (bytes: Buffer) => void;
  readonly #receiver: Process;
  readonly #onRoom: () => void;
  readonly #frames: Buffer[] = [];
  isHeld = false;
  #isMoving = false;
  #wasFull = false;

  constructor(wire: Wire, receiver: Process, on: {
    readonly deliver: (bytes: Buffer) => void;
    readonly onRoom: () => void;
  }) {
    this.#wire = wire;
    this.#receiver = receiver;
    this.#deliver = on.deliver;
    this.#onRoom = on.onRoom;
  }

  get length(): number {
    return this.#frames.length;
  }

  /** False when the sender should wait for room. */
  push(bytes: Buffer): boolean {
    this.#frames.push(bytes);
    if (this.#wire.chance.happens(DOUBLED) && isRepeatable(bytes)) this.#frames.push(bytes);
    this.move();
    this.#wasFull = this.#frames.length >= UNDER_WAY_MAX;
    return !this.#wasFull;
  }

  clear(): void {
    this.#frames.length = 0;
  }

  move(): void {
    if (this.#isMoving || this.isHeld || this.#frames.length === 0) return;
    this.#isMoving = true;
    const { scheduler, chance } = this.#wire;
    const delayMs = this.#wire.isCut() ? RETRY_MS : chance.between(1, DELAY_MS_MAX);
    scheduler.after(delayMs, this.#receiver, () => {
      this.#isMoving = false;
      this.#arrive();
      this.move();
    });
  }

  #arrive(): void {
    if (this.isHeld || this.#wire.isCut()) return;
    const bytes = this.#frames.shift();
    if (bytes === undefined) return;
    this.#deliver(bytes);
    if (!this.#wasFull || this.#frames.length > UNDER_WAY_MAX / 2) return;
    this.#wasFull = false;
    this.#onRoom();
  }
}

/** A hello that comes twice ends the link by design. Field 1 of an agent's frame is the hello. */
const isRepeatable = (bytes: Buffer): boolean => bytes[0] !== 0x0a;

export class Connection {
  readonly #wire: Wire;
  readonly #on: CallEvents;
  readonly #toCollector: Lane;
  readonly #toAgent: Lane;
  readonly server: ServerCall;
  #isAgentGone = false;
  #isServerGone = false;

  constructor(wire: Wire, on: CallEvents) {
    this.#wire = wire;
    this.#on = on;
    this.server = new ServerCall(this);
    this.#toCollector = new Lane(wire, wire.collector, {
      deliver: (bytes) => this.server.emit('data', bytes),
      onRoom: () => wire.scheduler.after(0, wire.agent, () => {
        if (!this.#isAgentGone) on.onDrain();
      }),
    });
    this.#toAgent = new Lane(wire, wire.agent, {
      deliver: (bytes) => {
        if (!this.#isAgentGone) on.onBytes(bytes);
      },
      onRoom: () => undefined,
    });
  }

  /** The agent's end. */
  call(): Call {
    return {
      write: (bytes) => this.#isAgentGone || this.#toCollector.push(bytes),
      close: () => this.agentGone(),
    };
  }

  get unread(): number {
    return this.#toAgent.length;
  }

  say(bytes: Buffer): void {
    if (!this.#isServerGone) this.#toAgent.push(bytes);
  }

  hold(isHeld: boolean): void {
    this.#toCollector.isHeld = isHeld;
    this.#toCollector.move();
  }

  /** The agent closed it or crashed: what is under way may still arrive, or be lost. */
  agentGone(): void {
    if (this.#isAgentGone) return;
    this.#isAgentGone = true;
    const { scheduler, collector, chance } = this.#wire;
    if (chance.happens(0.5)) this.#toCollector.clear();
    scheduler.after(this.#noticeMs(), collector, () => {
      if (!this.#isServerGone) this.server.emit('cancelled');
      this.#isServerGone = true;
    });
    this.#wire.onClosed();
  }

  /** The collector ended it, or crashed. */
  serverGone(reason: EndReason, detail: string): void {
    if (this.#isServerGone) return;
    this.#isServerGone = true;
    this.#toCollector.clear();
    if (reason === 'unavailable' && this.#wire.chance.happens(0.5)) this.#toAgent.clear();
    this.#endAfter(this.#noticeMs(), reason, detail);
  }

  /** Neither side hears of the other any more. */
  lost(): void {
    this.#toAgent.clear();
    this.serverGone('unavailable', 'keepalive timeout');
    this.server.emit('cancelled');
  }

  /** A status comes behind all frames that were sent before it. */
  #endAfter(delayMs: number, reason: EndReason, detail: string): void {
    this.#wire.scheduler.after(delayMs, this.#wire.agent, () => {
      if (this.#isAgentGone) return;
      if (this.#toAgent.length > 0) {
        this.#endAfter(DELAY_MS_MAX, reason, detail);
        return;
      }
      this.#isAgentGone = true;
      this.#wire.onClosed();
      this.#on.onEnd(reason, detail);
    });
  }

  #noticeMs(): number {
    return this.#wire.isCut() ? NOTICE_MS : this.#wire.chance.between(1, DELAY_MS_MAX);
  }
}

/** What the collector's link needs of a gRPC call, and no more. */
class ServerCall extends EventEmitter {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    super();
    this.#connection = connection;
  }

  get writableLength(): number {
    return this.#connection.unread;
  }

  getPeer(): string {
    return 'simulated';
  }

  getAuthContext(): object {
    return {};
  }

  write(bytes: Buffer): boolean {
    this.#connection.say(bytes);
    return true;
  }

  end(): void {
    this.#connection.serverGone('ended', 'the collector ended the stream');
  }

  pause(): void {
    this.#connection.hold(true);
  }

  resume(): void {
    this.#connection.hold(false);
  }

  /** grpc-js sends the status of an error that is emitted on a call. */
  override emit(name: string, ...values: unknown[]): boolean {
    if (name === 'error') {
      const [{ code, details }] = values as [{ code: status; details: string }];
      this.#connection.serverGone(reasonOf(code), details);
    }
    return super.emit(name, ...values);
  }

  asGrpc(): ServerDuplexStream<Buffer, Buffer> {
    return this as unknown as ServerDuplexStream<Buffer, Buffer>;
  }
}

function reasonOf(code: status): EndReason {
  if (code === status.UNAVAILABLE) return 'unavailable';
  return code === status.PERMISSION_DENIED || code === status.UNAUTHENTICATED ? 'refused' : 'ended';
}
