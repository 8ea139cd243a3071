import type { Logger } from 'pino';

import type { Clock } from '../clock.ts';
import { changesOf, spanKey, uidOf } from './address-history.ts';
import type { AddressSpan, SpanChanges } from './address-history.ts';
import type { ObjectBook } from './object-book.ts';

/**
 * Notes which pod and which service had which address when, by listing them now and then: what the
 * ledger's addresses mean hangs on it, because addresses are given out again. Written is only what
 * changed. A pod that came and went between two lists is not in it, and is then said to be unknown.
 * When the cluster or the store is away, the next list says what is so then; who was gone in between
 * had the address until the last list that showed them.
 */
export type AddressNotes = {
  readonly open: ReadonlySet<string>;
  /** When it was listed last; 0 for never. */
  readonly lastListedMs: number;
};

export type PastAddresses = {
  /** Those that some owner had at the time or later, and has no more. */
  readonly spans: readonly AddressSpan[];
  /** There are more than are read. */
  readonly isPartial: boolean;
  /** Since when it is noted; null for never. */
  readonly sinceMs: number | null;
};

export type AddressStore = {
  readAddressNotes(): Promise<AddressNotes>;
  /** `keptFromMs`: what ended before goes. Gives back how many more did not fit and went, too. */
  noteAddresses(
    changes: SpanChanges,
    times: { readonly listedMs: number; readonly keptFromMs: number },
  ): Promise<number>;
  pastAddresses(fromMs: number): Promise<PastAddresses>;
};

export type AddressKeeperOptions = {
  readonly book: Pick<ObjectBook, 'read'>;
  readonly store: AddressStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs: number;
  readonly keptMs: number;
  /** Only one replica notes. */
  readonly isOurs: () => boolean;
  readonly onDropped: (spans: number) => void;
};

export class AddressKeeper {
  readonly #options: AddressKeeperOptions;
  #cancel: () => void = () => undefined;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();
  /** Pods that have ended stay listed for long, and are noted already. */
  #ended: ReadonlySet<string> = new Set();

  constructor(options: AddressKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#plan(0);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#running;
  }

  #plan(afterMs: number): void {
    const { clock, log, everyMs } = this.#options;
    this.#cancel = clock.after(afterMs, () => {
      this.#running = this.#note()
        .catch((error: unknown) => {
          log.warn({ err: error }, 'addresses of pods were not noted, trying again');
        })
        .finally(() => {
          if (!this.#isStopped) this.#plan(everyMs);
        });
    });
  }

  async #note(): Promise<void> {
    const { book, store, log, keptMs, everyMs, isOurs, onDropped } = this.#options;
    if (!isOurs()) return;
    const read = await book.read(everyMs / 2);
    if (!read.ok) {
      log.warn({ reason: read.reason, detail: read.message }, 'the cluster was not listed');
      return;
    }
    const { objects, listedMs } = read;
    // Read each time: another replica may have noted in between.
    const { open, lastListedMs } = await store.readAddressNotes();
    if (listedMs <= lastListedMs) return;
    const { opened, closed } = changesOf(open, objects, { listedMs, lastListedMs });
    const news = opened.filter((span) => span.untilMs === Infinity || !this.#ended.has(keyOf(span)));
    const times = { listedMs, keptFromMs: listedMs - keptMs };
    onDropped(await store.noteAddresses({ opened: news, closed }, times));
    this.#ended = new Set(opened.filter(({ untilMs }) => untilMs !== Infinity).map(keyOf));
  }
}

const keyOf = ({ address, owner }: AddressSpan): string => spanKey({ address, uid: uidOf(owner) });
