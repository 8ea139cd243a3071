/**
 * Gives every event its container, and makes observations of them. A container's first events
 * carry its id alone; image and pod come some 20 to 100 ms later. Until then its events wait, at
 * most `WAIT_MS` of event time and within the bounds of `waiting.ts`, and are then released in
 * order with the identity. When the wait runs out, what the container runtime did is dropped as
 * `runtime` (pause containers never get an image), and the rest goes on under an empty image,
 * which is a profile of its own: never silence.
 *
 * Duplicates are observed twice: learning counts pods, so repeating changes nothing. Late events
 * are observed when they come. A jump of the clock restarts the waits. Accounting, at any moment:
 * received = observed + waiting + dropped.
 */
import type { Container, Observation } from '../../baseline/observation.ts';
import type { EventClock } from '../event-clock.ts';
import type { FalcoEvent } from '../source/event.ts';
import type { Binding } from './bindings.ts';
import { Bindings } from './bindings.ts';
import type { ContainerIdentity } from './container.ts';
import { HOST_ID, containerFrom, containerOf, hostContainer, namesImage } from './container.ts';
import { observe } from './observe.ts';
import type { UnmappedReason } from './base.ts';
import { isRuntime } from './runtime.ts';
import type { WaitingBounds, WaitingContainer } from './waiting.ts';
import { Waiting } from './waiting.ts';

export const WAIT_MS = 5_000;
/** Falco was never seen to need more than 61 ms; a container that is late here is worth a call. */
export const ASK_AFTER_MS = 500;
const NS_PER_MS = 1_000_000n;

export type DroppedReason = UnmappedReason | 'runtime';

export type IdentityAnswer =
  | { readonly kind: 'container'; readonly identity: ContainerIdentity }
  /** A pod's own (pause) container, or nothing the runtime knows: no image will come. */
  | { readonly kind: 'none' };

export type IdentityOptions = {
  readonly node: string;
  readonly clock: EventClock;
  /** With the event it was made of, and the binding of its container if it has one. */
  readonly onObservation: (
    observation: Observation,
    event: FalcoEvent,
    binding: Binding | null,
  ) => void;
  /** Asked once for a container that Falco did not name in time; answered with `resolved`. */
  readonly ask?: (containerId: string) => void;
  readonly waitMs?: number;
  readonly askAfterMs?: number;
  readonly bounds?: Partial<WaitingBounds>;
  readonly containersMax?: number;
};

export type IdentityCounts = {
  readonly received: number;
  readonly observed: number;
  /** Part of `observed`: judged under an empty image. */
  readonly unnamed: number;
  readonly waiting: number;
  readonly dropped: Readonly<Record<DroppedReason, number>>;
  readonly containers: number;
  readonly containersEvicted: number;
};

export class Identity {
  readonly #node: string;
  readonly #clock: EventClock;
  readonly #onObservation: IdentityOptions['onObservation'];
  readonly #ask: ((containerId: string) => void) | null;
  readonly #waitNs: bigint;
  readonly #askAfterNs: bigint;
  readonly #bindings: Bindings;
  readonly #waiting: Waiting;
  readonly #host = hostContainer();
  #received = 0;
  #observed = 0;
  #unnamed = 0;
  readonly #dropped: Record<DroppedReason, number> = {
    internal: 0,
    plugin: 0,
    'no-type': 0,
    'unknown-type': 0,
    'no-path': 0,
    runtime: 0,
  };

  constructor(options: IdentityOptions) {
    this.#node = options.node;
    this.#clock = options.clock;
    this.#onObservation = options.onObservation;
    this.#ask = options.ask ?? null;
    this.#waitNs = BigInt(options.waitMs ?? WAIT_MS) * NS_PER_MS;
    this.#askAfterNs = BigInt(options.askAfterMs ?? ASK_AFTER_MS) * NS_PER_MS;
    this.#bindings = new Bindings(options.containersMax);
    this.#waiting = new Waiting(options.bounds);
  }

  receive(event: FalcoEvent): void {
    this.#received += 1;
    if (event.source === 'internal') {
      this.#dropped.internal += 1;
      return;
    }
    this.#see(event.timeNs);
    const id = event.fields.get('container.id') ?? '';
    if (id === HOST_ID) {
      this.#emit(event, this.#host, null);
      return;
    }
    if (id === '') {
      this.#emitUnnamed(event, containerOf('', event.fields, this.#node), null);
      return;
    }
    const binding = this.#bindings.get(id);
    if (binding !== undefined && !binding.isUnnamed) {
      if (!binding.isComplete) this.#bind(id, event);
      this.#emit(event, binding.container, binding);
    } else if (namesImage(event.fields)) {
      const bound = this.#bind(id, event);
      this.#release(this.#waiting.take(id), bound);
      this.#emit(event, bound.container, bound);
    } else if (binding !== undefined) {
      this.#emitUnnamed(event, binding.container, binding);
    } else {
      this.#wait(id, event);
    }
  }

  /** One more of a container whose binding is known and complete; see `agent/known.ts`. */
  receiveAgain(observation: Observation, binding: Binding): void {
    this.#received += 1;
    this.#observed += 1;
    this.#see(observation.timeNs);
    follow(binding, observation);
  }

  #see(timeNs: bigint): void {
    if (this.#clock.see(timeNs) !== 'jump') return;
    const nowNs = this.#clock.nowNs();
    this.#waiting.restart(nowNs + this.#waitNs, nowNs + this.#askAfterNs);
  }

  /** Ends the waits that ran out and forgets old containers; after each batch and on a timer. */
  advance(): void {
    const nowNs = this.#clock.nowNs();
    for (const container of this.#waiting.takeExpired(nowNs)) this.#giveUp(container);
    this.#bindings.sweep(nowNs);
    if (this.#ask === null) return;
    for (const id of this.#waiting.takeQuestions(nowNs)) this.#ask(id);
  }

  resolved(id: string, answer: IdentityAnswer): void {
    if (answer.kind === 'container') {
      const container = containerFrom(id, answer.identity, this.#node);
      const binding = this.#bindings.bind(container, this.#clock.nowNs());
      this.#release(this.#waiting.take(id), binding);
      return;
    }
    const waiting = this.#waiting.take(id);
    if (waiting !== null) this.#giveUp(waiting);
  }

  containers(): Iterable<Binding> {
    return this.#bindings.all();
  }

  containersRunning(): number {
    return this.#bindings.running();
  }

  counts(): IdentityCounts {
    return {
      received: this.#received,
      observed: this.#observed,
      unnamed: this.#unnamed,
      waiting: this.#waiting.events,
      dropped: { ...this.#dropped },
      containers: this.#bindings.size,
      containersEvicted: this.#bindings.evicted,
    };
  }

  #bind(id: string, event: FalcoEvent): Binding {
    return this.#bindings.bind(containerOf(id, event.fields, this.#node), event.timeNs);
  }

  #wait(id: string, event: FalcoEvent): void {
    const nowNs = this.#clock.nowNs();
    const full = this.#waiting.add(id, event, nowNs + this.#waitNs, nowNs + this.#askAfterNs);
    if (full !== null) this.#giveUp(full);
  }

  #giveUp(waiting: WaitingContainer): void {
    // The pod may be known where the image is not: the last event knows most.
    const last = waiting.events.at(-1);
    if (last === undefined) return;
    const container = containerOf(waiting.id, last.fields, this.#node);
    const binding = this.#bindings.giveUp(container, this.#clock.nowNs());
    for (const event of waiting.events) this.#emitUnnamed(event, binding.container, binding);
  }

  #release(waiting: WaitingContainer | null, binding: Binding): void {
    if (waiting === null) return;
    for (const event of waiting.events) this.#emit(event, binding.container, binding);
  }

  #emitUnnamed(event: FalcoEvent, container: Container, binding: Binding | null): void {
    if (isRuntime(event.fields)) {
      this.#dropped.runtime += 1;
      return;
    }
    if (this.#emit(event, container, binding)) this.#unnamed += 1;
  }

  #emit(event: FalcoEvent, container: Container, binding: Binding | null): boolean {
    const observed = observe(event, container, this.#node);
    if (!observed.ok) {
      this.#dropped[observed.reason] += 1;
      return false;
    }
    const { observation } = observed;
    if (binding !== null) follow(binding, observation);
    this.#observed += 1;
    this.#onObservation(observation, event, binding);
    return true;
  }
}

/** The entry point's exit ends the container; an event after it says that we were wrong. */
function follow(binding: Binding, observation: Observation): void {
  if (observation.timeNs > binding.lastNs) binding.lastNs = observation.timeNs;
  if (observation.kind === 'exec' && observation.vpid === 1) {
    binding.entryPid = observation.process.pid;
    binding.endedNs = null;
  } else if (observation.kind === 'exit' && observation.process.pid === binding.entryPid) {
    binding.endedNs = observation.timeNs;
  } else if (binding.endedNs !== null && observation.timeNs > binding.endedNs) {
    binding.endedNs = null;
  }
}
