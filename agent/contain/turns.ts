/** One change per pod at a time, in the order in which they came. */
export const TURNS_MAX = 8;

type Queue = { last: Promise<unknown>; length: number };

export class Turns {
  readonly #queues = new Map<string, Queue>();

  /** Null when too many wait already. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T | null> {
    const queue = this.#queues.get(key) ?? { last: Promise.resolve(), length: 0 };
    if (queue.length >= TURNS_MAX) return null;
    this.#queues.set(key, queue);
    queue.length += 1;
    const turn = queue.last.then(work);
    // The next one comes whatever becomes of this one, which its caller hears of.
    queue.last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      queue.length -= 1;
      if (queue.length === 0) this.#queues.delete(key);
    }
  }
}
