import type { ServerResponse } from 'node:http';

import type { Clock } from '../clock.ts';
import { jsonText } from '../json-text.ts';
import type { Scope } from '../store/desk-face.ts';
import type { Change, ChangeStore } from '../store/faces.ts';
import { SharedChanges } from './shared-changes.ts';
import { documentFor } from './stream-filter.ts';
import type { StreamFilter } from './stream-filter.ts';

/**
 * Server-sent events. Each reader has a position in the store's changes and reads from there: a
 * slow reader is only behind, nothing is kept for it in memory, and one that comes back with
 * `Last-Event-ID` goes on exactly there. What a filter leaves out moves its reader on, too: a
 * `position` event says how far, or a reader of a quiet namespace would look through everything
 * again each time it comes back.
 *
 * Bounds: `CLIENTS_MAX` readers, `CHANGES_PER_READ` rows at a time; a reader that takes nothing for
 * `STUCK_MS` is cut off and may come back. Who may no longer read is cut off within `RECHECK_MS`.
 */
export const CLIENTS_MAX = 100;
const CHANGES_PER_READ = 100;
const KEEPALIVE_MS = 15_000;
const RECHECK_MS = 5_000;
const STUCK_MS = 30_000;
const RETRY_MS = 2_000;
/** As many changes that were not for this reader are worth an event that says so. */
const SKIPPED_MAX = 1_000;

type Reader = { readonly response: ServerResponse; readonly ended: AbortController };

export type StreamRequest = {
  /** Undefined: from now on. */
  readonly after?: number;
  readonly filter: StreamFilter;
  /** What may be seen now; undefined once nothing may be: signed out, revoked, expired. */
  readonly scope: () => Promise<Scope | undefined>;
};

/** How far a reader was told, and when it was last spoken to and looked at. */
type Place = { position: number; told: number; saidMs: number; checkedMs: number };

export class LiveStream {
  readonly #store: ChangeStore;
  readonly #clock: Clock;
  readonly #changes: SharedChanges;
  readonly #readers = new Set<Reader>();

  constructor(store: ChangeStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#changes = new SharedChanges(store, CHANGES_PER_READ);
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  get isFull(): boolean {
    return this.#readers.size >= CLIENTS_MAX;
  }

  /** Resolves when the reader is gone. */
  async serve(response: ServerResponse, request: StreamRequest): Promise<void> {
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
      const { after = newest } = request;
      // That position is of another store: what the reader holds is not the beginning of this one.
      const isOther = after > newest;
      if (isOther) response.write('event: reset\ndata: {}\n\n');
      const position = isOther ? 0 : after;
      // One that begins now and is cut off before anything happened must know where now was.
      if (request.after === undefined) response.write(positionEvent(position));
      await this.#feed(reader, request, position);
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
    this.#changes.stop();
  }

  async #feed(reader: Reader, request: StreamRequest, position: number): Promise<void> {
    const { response, ended: { signal } } = reader;
    const nowMs = this.#clock.now();
    const place: Place = { position, told: position, saidMs: nowMs, checkedMs: nowMs };
    let scope = await request.scope();
    let isChanged = true;
    let wake = (): void => undefined;
    const stopListening = this.#changes.onChange(() => {
      isChanged = true;
      wake();
    });
    try {
      while (!signal.aborted) {
        if (this.#clock.now() - place.checkedMs >= RECHECK_MS) {
          scope = await request.scope();
          place.checkedMs = this.#clock.now();
        }
        if (scope === undefined) {
          response.write('event: end\ndata: {}\n\n');
          return;
        }
        isChanged = false;
        const changes = await this.#changes.after(place.position);
        await this.#send(reader, changes, { place, scope, filter: request.filter });
        if (signal.aborted) return;
        if (changes.length > 0 || isChanged) continue;
        await this.#wait(reader, place, (run) => {
          wake = run;
        });
      }
    } finally {
      stopListening();
    }
  }

  async #send(
    { response, ended }: Reader,
    changes: readonly Change[],
    { place, scope, filter }: {
      readonly place: Place;
      readonly scope: Scope;
      readonly filter: StreamFilter;
    },
  ): Promise<void> {
    for (const change of changes) {
      place.position = change.position;
      const document = documentFor(change, scope, filter);
      if (document === undefined && place.position - place.told < SKIPPED_MAX) continue;
      // JSON has no raw line breaks, so one `data` line holds any document.
      const text = document === undefined
        ? positionEvent(place.position)
        : `id: ${change.position}\nevent: ${change.kind}\ndata: ${jsonText(document)}\n\n`;
      place.told = place.position;
      place.saidMs = this.#clock.now();
      if (!response.write(text)) await this.#drained(response, ended);
      if (ended.signal.aborted) return;
    }
  }

  /** Until something changes, it is time to say that one is still here, or to look who reads. */
  async #wait(
    { response, ended: { signal } }: Reader,
    place: Place,
    onWake: (run: () => void) => void,
  ): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', done);
        onWake(() => undefined);
        resolve();
      };
      onWake(done);
      signal.addEventListener('abort', done, { once: true });
      const cancel = this.#clock.after(RECHECK_MS, done);
    });
    const nowMs = this.#clock.now();
    if (signal.aborted || nowMs - place.saidMs < KEEPALIVE_MS) return;
    place.saidMs = nowMs;
    response.write(place.position > place.told
      ? positionEvent(place.position)
      : ': still here\n\n');
    place.told = place.position;
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

const positionEvent = (position: number): string =>
  `id: ${position}\nevent: position\ndata: {}\n\n`;
