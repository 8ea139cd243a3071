import type { Change, ChangeStore } from '../store/faces.ts';

/**
 * One read of the store for all readers that are at the same place: with a hundred of them at the
 * end of the stream, each commit would be read and parsed a hundred times. What was read before
 * something changed is not given to anybody after it. Bound: `READS_KEPT` places.
 */
const READS_KEPT = 32;

export class SharedChanges {
  readonly #store: ChangeStore;
  readonly #rowsPerRead: number;
  readonly #listeners = new Set<() => void>();
  readonly #reads = new Map<number, Promise<readonly Change[]>>();
  readonly #stopListening: () => void;

  constructor(store: ChangeStore, rowsPerRead: number) {
    this.#store = store;
    this.#rowsPerRead = rowsPerRead;
    this.#stopListening = store.onChange(() => {
      this.#reads.clear();
      for (const listener of this.#listeners) listener();
    });
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  after(position: number): Promise<readonly Change[]> {
    const known = this.#reads.get(position);
    if (known !== undefined) return known;
    const read = this.#store.changesAfter(position, this.#rowsPerRead);
    // A reader that comes after a change asks anew, also while an older read is still under way.
    const [oldest] = this.#reads.keys();
    if (this.#reads.size >= READS_KEPT && oldest !== undefined) this.#reads.delete(oldest);
    this.#reads.set(position, read);
    read.catch(() => {
      if (this.#reads.get(position) === read) this.#reads.delete(position);
    });
    return read;
  }

  stop(): void {
    this.#stopListening();
  }
}
