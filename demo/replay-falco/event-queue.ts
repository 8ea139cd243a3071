/**
 * Falco's output queue: one for all clients, first in first out, popped. Without a bound, because
 * Falco's has none: a backlog while no client is there is one of the things this is for. It holds
 * at most the recording.
 */
export class EventQueue {
  #events: Buffer[] = [];
  #head = 0;

  get length(): number {
    return this.#events.length - this.#head;
  }

  push(event: Buffer): void {
    this.#events.push(event);
  }

  pop(): Buffer | undefined {
    const event = this.#events[this.#head];
    if (event === undefined) return undefined;
    this.#head += 1;
    if (this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
    return event;
  }
}
