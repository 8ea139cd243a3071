import type { ServerResponse } from 'node:http';

import type { Clock } from '../clock.ts';
import { jsonText } from '../json-text.ts';
import type { Change, ChangeKind, ChangeStore } from '../store/faces.ts';

/**
 * Server-sent events. Each reader has a position in the store's changes and reads from there: a
 * slow reader is only behind, nothing is kept for it in memory, and one that comes back with
 * `Last-Event-ID` goes on exactly there. Bounds: `CLIENTS_MAX` readers, `CHANGES_PER_READ` rows
 * at a time; a reader that takes nothing for `STUCK_MS` is cut off and may come back.
 */
export const CLIENTS_MAX = 100;
const CHANGES_PER_READ = 100;
const KEEPALIVE_MS = 15_000;
const STUCK_MS = 30_000;
const RETRY_MS = 2_000;

type Reader = { readonly response: ServerResponse; readonly ended: AbortController };

export class LiveStream {
  readonly #store: ChangeStore;
  readonly #clock: Clock;
  readonly #readers = new Set<Reader>();

  constructor(store: ChangeStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  get isFull(): boolean {
    return this.#readers.size >= CLIENTS_MAX;
  }

  /** Resolves when the reader is gone. `after` undefined: from now on. */
  async serve(
    response: ServerResponse,
    options: { readonly after?: number; readonly kinds?: readonly ChangeKind[] },
  ): Promise<void> {
    const reader: Reader = { response, ended: new AbortController() };
    this.#readers.add(reader);
    response.on('close', () => reader.ended.abort());
    try {
      // Before the head goes out: whoever has seen it misses nothing that comes after.
      const newest = await this.#store.newestChange();
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-accel-buffering': 'no',
      });
      response.write(`retry: ${RETRY_MS}\n\n`);
      const { after = newest, kinds } = options;
      // That position is of another store: what the reader holds is not the beginning of this one.
      if (after > newest) response.write('event: reset\ndata: {}\n\n');
      await this.#feed(reader, after > newest ? 0 : after, kinds);
    } finally {
      this.#readers.delete(reader);
      response.end();
    }
  }

  stop(): void {
    for (const { response, ended } of this.#readers) {
      ended.abort();
      response.end();
    }
  }

  async #feed(
    { response, ended }: Reader,
    after: number,
    kinds: readonly ChangeKind[] | undefined,
  ): Promise<void> {
    const { signal } = ended;
    let isChanged = true;
    let wake = (): void => undefined;
    const stopListening = this.#store.onChange(() => {
      isChanged = true;
      wake();
    });
    try {
      let position = after;
      while (!signal.aborted) {
        isChanged = false;
        const changes = await this.#store.changesAfter(position, CHANGES_PER_READ);
        for (const change of changes) {
          position = change.position;
          if (kinds?.includes(change.kind) === false) continue;
          if (!response.write(format(change))) await this.#drained(response, ended);
          if (signal.aborted) return;
        }
        if (changes.length > 0 || isChanged) continue;
        await new Promise<void>((resolve) => {
          const done = (): void => {
            cancel();
            signal.removeEventListener('abort', done);
            wake = () => undefined;
            resolve();
          };
          wake = done;
          signal.addEventListener('abort', done, { once: true });
          const cancel = this.#clock.after(KEEPALIVE_MS, () => {
            response.write(': still here\n\n');
            done();
          });
        });
      }
    } finally {
      stopListening();
    }
  }

  #drained(response: ServerResponse, ended: AbortController): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        response.off('drain', done);
        ended.signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#clock.after(STUCK_MS, () => {
        ended.abort();
        response.destroy();
        done();
      });
      response.on('drain', done);
      ended.signal.addEventListener('abort', done, { once: true });
    });
  }
}

/** JSON has no raw line breaks, so one `data` line holds any document. */
const format = ({ position, kind, document }: Change): string =>
  `id: ${position}\nevent: ${kind}\ndata: ${jsonText(document)}\n\n`;
