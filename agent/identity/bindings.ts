import type { Container } from '../../baseline/observation.ts';
import { completed, isComplete } from './container.ts';

/**
 * Container id → container. A binding never changes its image (ids are not reused), it only fills
 * up. It stays `ENDED_KEPT_NS` after the entry point's exit for late events, and `IDLE_KEPT_NS`
 * after its last event where the exit was missed. Full, the one idle for longest goes: its next
 * event carries its image again.
 */

/** Kubernetes' largest supported node runs 110 pods by default, some run 500. */
export const CONTAINERS_MAX = 4_096;
export const ENDED_KEPT_NS = 60_000_000_000n;
export const IDLE_KEPT_NS = 3_600_000_000_000n;
const SWEEP_EVERY_NS = 10_000_000_000n;

export type Binding = {
  container: Container;
  /** No image came in time: its events are judged under an empty image. */
  isUnnamed: boolean;
  isComplete: boolean;
  lastNs: bigint;
  endedNs: bigint | null;
  /** False once it was forgotten: who holds it has to look for it again. */
  isKept: boolean;
  /** Pid of the entry point (pid 1 inside), -1 until it was seen; its exit ends the container. */
  entryPid: number;
};

export class Bindings {
  readonly #byId = new Map<string, Binding>();
  readonly #containersMax: number;
  #sweptNs = 0n;
  evicted = 0;

  constructor(containersMax: number = CONTAINERS_MAX) {
    this.#containersMax = containersMax;
  }

  get(id: string): Binding | undefined {
    return this.#byId.get(id);
  }

  bind(container: Container, timeNs: bigint): Binding {
    const known = this.#byId.get(container.id);
    if (known !== undefined) {
      known.container = completed(known.container, container);
      known.isUnnamed = false;
      known.isComplete = isComplete(known.container);
      return known;
    }
    return this.#add(container, timeNs, false);
  }

  /** The wait ran out: later events of this container need not wait again. */
  giveUp(container: Container, timeNs: bigint): Binding {
    return this.#byId.get(container.id) ?? this.#add(container, timeNs, true);
  }

  /** Containers with an image whose end was not seen. */
  running(): number {
    let count = 0;
    for (const binding of this.#byId.values()) {
      if (!binding.isUnnamed && binding.endedNs === null) count += 1;
    }
    return count;
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): Iterable<Binding> {
    return this.#byId.values();
  }

  sweep(nowNs: bigint): void {
    // A clock that was set back must not stop the sweeping until it has caught up.
    if (nowNs >= this.#sweptNs && nowNs - this.#sweptNs < SWEEP_EVERY_NS) return;
    this.#sweptNs = nowNs;
    for (const [id, binding] of this.#byId) {
      const isOver =
        (binding.endedNs !== null && nowNs - binding.endedNs > ENDED_KEPT_NS) ||
        nowNs - binding.lastNs > IDLE_KEPT_NS;
      if (isOver) this.#forget(id, binding);
    }
  }

  #add(container: Container, timeNs: bigint, isUnnamed: boolean): Binding {
    if (this.#byId.size >= this.#containersMax) this.#evictIdlest();
    const binding: Binding = {
      container,
      isUnnamed,
      isComplete: isComplete(container),
      lastNs: timeNs,
      endedNs: null,
      isKept: true,
      entryPid: -1,
    };
    this.#byId.set(container.id, binding);
    return binding;
  }

  #evictIdlest(): void {
    let idlest: string | null = null;
    let idlestNs = 0n;
    for (const [id, { lastNs }] of this.#byId) {
      if (idlest !== null && lastNs >= idlestNs) continue;
      idlest = id;
      idlestNs = lastNs;
    }
    if (idlest === null) return;
    const binding = this.#byId.get(idlest);
    if (binding !== undefined) this.#forget(idlest, binding);
    this.evicted += 1;
  }

  #forget(id: string, binding: Binding): void {
    this.#byId.delete(id);
    binding.isKept = false;
  }
}
