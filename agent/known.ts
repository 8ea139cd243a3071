/**
 * What is kept with a `Repeat`, so that the next event like it is counted and not judged again: its
 * container, where the baseline counts it, and an observation to tell the recorder with, whose time
 * and pids are written anew each time. Nothing here decides anything: `isIn` says whether the
 * container is still who it was, the baseline whether the behaviour is (`baseline/judge/again.ts`).
 */
import type { LastSeen } from '../baseline/judge/pod-watch.ts';
import type { Sight } from '../baseline/judge/again.ts';
import type { Container, Observation } from '../baseline/observation.ts';
import type { Binding } from './identity/bindings.ts';
import { portIn } from './identity/fields.ts';
import type { RepeatedEvent } from './source/repeated-event.ts';

const PORT_MAX = 65_535;
const NO_FIELDS: ReadonlyMap<string, string> = new Map();

type Writable = {
  timeNs: bigint;
  readonly process: { pid: number; ppid: number };
  peerPort?: number;
  localPort?: number;
};

export class Known {
  readonly binding: Binding;
  readonly sight: Sight;
  readonly last: LastFrame;
  readonly #container: Container;
  /** Of its own, because it is written to; without fields, which are the first event's. */
  readonly #observation: Observation;
  readonly #writable: Writable;
  /** Of a connection whose events name no client; it is compared, and so always the same. */
  readonly #ownPort: number;

  constructor(observation: Observation, binding: Binding, sight: Sight, last: LastFrame) {
    this.binding = binding;
    this.sight = sight;
    this.last = last;
    this.#container = observation.container;
    const copy = { ...observation, process: { ...observation.process }, fields: NO_FIELDS };
    this.#observation = copy;
    this.#writable = copy;
    this.#ownPort = portIn(observation.fields, 'fd.lport');
  }

  get isIn(): boolean {
    const { isKept, isUnnamed, isComplete, container } = this.binding;
    return isKept && isComplete && !isUnnamed && container === this.#container;
  }

  /** Good until the next call, for those who copy what they keep. */
  observationOf(event: RepeatedEvent): Observation {
    const { timeNs, pid, ppid, peerPort, clientPort } = event;
    const writable = this.#writable;
    writable.timeNs = timeNs;
    writable.process.pid = pid;
    writable.process.ppid = ppid;
    if (this.#observation.kind === 'accept') writable.peerPort = peerPort;
    if (this.#observation.kind === 'connect') {
      const port = clientPort === -1 ? this.#ownPort : clientPort;
      writable.localPort = port > PORT_MAX ? -1 : port;
    }
    return this.#observation;
  }
}

/** The last frame of a container that was only counted; read when an alarm needs something to show. */
export class LastFrame implements LastSeen {
  readonly #read: (bytes: Buffer) => Observation;
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(read: (bytes: Buffer) => Observation) {
    this.#read = read;
  }

  /** A copy: a frame is a part of a chunk many times its size. */
  keep(bytes: Buffer): void {
    const { length } = bytes;
    if (this.#bytes.length < length) {
      this.#bytes = Buffer.allocUnsafeSlow(Math.ceil(length / GROWTH_BYTES) * GROWTH_BYTES);
    }
    bytes.copy(this.#bytes);
    this.#length = length;
  }

  observation(): Observation {
    return this.#read(this.#bytes.subarray(0, this.#length));
  }
}

const GROWTH_BYTES = 512;
