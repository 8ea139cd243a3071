import type { FalcoEvent } from '../source/event.ts';

/**
 * Events of containers whose image is not known yet, in order per container. Deadlines all have
 * the same length, so the containers stand in the order in which they run out. Full, the container
 * that has waited longest is given up early: what leaves is handed back, nothing is lost here.
 */

/** The recordings' largest start-up had 188 events before its image was known. */
export const WAITING_PER_CONTAINER_MAX = 2_000;
/** About 3 KiB an event with its fields: 30 MB at the worst. */
export const WAITING_EVENTS_MAX = 10_000;
export const WAITING_CONTAINERS_MAX = 512;

export type WaitingContainer = {
  readonly id: string;
  readonly events: FalcoEvent[];
  deadlineNs: bigint;
  /** When the CRI is asked; null once it was. */
  askNs: bigint | null;
};

export type WaitingBounds = {
  readonly perContainer: number;
  readonly events: number;
  readonly containers: number;
};

export class Waiting {
  readonly #byId = new Map<string, WaitingContainer>();
  readonly #bounds: WaitingBounds;
  #events = 0;

  constructor(bounds: Partial<WaitingBounds> = {}) {
    this.#bounds = {
      perContainer: bounds.perContainer ?? WAITING_PER_CONTAINER_MAX,
      events: bounds.events ?? WAITING_EVENTS_MAX,
      containers: bounds.containers ?? WAITING_CONTAINERS_MAX,
    };
  }

  get events(): number {
    return this.#events;
  }

  /** Gives back the container that has to stop waiting for this event to have room, if any. */
  add(id: string, event: FalcoEvent, deadlineNs: bigint, askNs: bigint): WaitingContainer | null {
    let container = this.#byId.get(id);
    if (container === undefined) {
      container = { id, events: [], deadlineNs, askNs };
      this.#byId.set(id, container);
    }
    container.events.push(event);
    this.#events += 1;
    if (container.events.length >= this.#bounds.perContainer) return this.take(id);
    if (this.#events > this.#bounds.events || this.#byId.size > this.#bounds.containers) {
      const [longest] = this.#byId.keys();
      return longest === undefined ? null : this.take(longest);
    }
    return null;
  }

  take(id: string): WaitingContainer | null {
    const container = this.#byId.get(id);
    if (container === undefined) return null;
    this.#byId.delete(id);
    this.#events -= container.events.length;
    return container;
  }

  takeExpired(nowNs: bigint): readonly WaitingContainer[] {
    const expired: WaitingContainer[] = [];
    for (const container of this.#byId.values()) {
      if (container.deadlineNs > nowNs) break;
      expired.push(container);
    }
    for (const { id } of expired) this.take(id);
    return expired;
  }

  /** Containers to ask the CRI about, each once. */
  takeQuestions(nowNs: bigint): readonly string[] {
    const ids: string[] = [];
    for (const container of this.#byId.values()) {
      if (container.askNs === null || container.askNs > nowNs) continue;
      container.askNs = null;
      ids.push(container.id);
    }
    return ids;
  }

  /** After a jump of the clock the old deadlines mean nothing: everybody waits anew. */
  restart(deadlineNs: bigint, askNs: bigint): void {
    for (const container of this.#byId.values()) {
      container.deadlineNs = deadlineNs;
      if (container.askNs !== null) container.askNs = askNs;
    }
  }
}
