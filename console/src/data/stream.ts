import { ApiError, addressOf, errorOf } from './api.ts';
import { EventLines } from './event-lines.ts';
import type { StreamMessage } from './event-lines.ts';

/**
 * The one connection over which everything new arrives. It says what is true of it: since when it
 * is cut, how far it is behind, that it ended because the session did. After a cut it goes on at
 * the last event it has seen; nothing is missed and nothing comes twice. Silence of
 * `SILENCE_MS` (the collector sends something every 15 s) counts as a cut, because a dead
 * connection through a proxy looks like a quiet night.
 */
const SILENCE_MS = 40_000;
const BACKOFF_MS = [500, 1_000, 2_000, 5_000, 10_000] as const;

export type StreamState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'catching-up' }
  | { readonly kind: 'cut'; readonly sinceMs: number }
  | { readonly kind: 'ended'; readonly why: 'signed-out' | 'refused' };

export type StreamListener = {
  readonly onMessages?: (messages: readonly StreamMessage[]) => void;
  /** The store is another one: what is held is void. */
  readonly onReset?: () => void;
  readonly onState?: (state: StreamState) => void;
};

export type StreamPorts = {
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => () => void;
};

export const browserPorts: StreamPorts = {
  fetch: (...given) => fetch(...given),
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export class Stream {
  readonly #ports: StreamPorts;
  readonly #listeners = new Set<StreamListener>();
  #state: StreamState = { kind: 'connecting' };
  #position = '';
  #failures = 0;
  #abort = new AbortController();
  #cancelWait = (): void => undefined;
  #isStopped = false;
  #cutSinceMs = 0;

  constructor(ports: StreamPorts = browserPorts) {
    this.#ports = ports;
  }

  get state(): StreamState {
    return this.#state;
  }

  listen(listener: StreamListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.#isStopped = false;
    void this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelWait();
    this.#abort.abort();
  }

  /** Try again now, e.g. because the browser says that the network is back. */
  retry(): void {
    if (this.#state.kind !== 'cut') return;
    this.#cancelWait();
    void this.#connect();
  }

  #say(state: StreamState): void {
    this.#state = state;
    for (const { onState } of this.#listeners) onState?.(state);
  }

  async #connect(): Promise<void> {
    this.#abort.abort();
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const response = await this.#ports.fetch(addressOf('/api/v1/stream'), {
        credentials: 'same-origin',
        headers: {
          accept: 'text/event-stream',
          ...(this.#position === '' ? {} : { 'last-event-id': this.#position }),
        },
        signal: abort.signal,
      });
      if (!response.ok) throw await errorOf(response);
      await this.#read(response, abort);
      this.#cut(abort);
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
        this.#say({ kind: 'ended', why: error.status === 401 ? 'signed-out' : 'refused' });
        return;
      }
      this.#cut(abort);
    }
  }

  async #read(response: Response, abort: AbortController): Promise<void> {
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (reader === undefined) return;
    const lines = new EventLines();
    const isBack = this.#cutSinceMs > 0;
    this.#say({ kind: isBack ? 'catching-up' : 'live' });
    let cancelSilence = this.#ports.after(SILENCE_MS, () => abort.abort());
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        cancelSilence();
        cancelSilence = this.#ports.after(SILENCE_MS, () => abort.abort());
        this.#failures = 0;
        this.#cutSinceMs = 0;
        this.#take(lines.push(value));
      }
    } finally {
      cancelSilence();
    }
  }

  #take(messages: readonly StreamMessage[]): void {
    let batch: StreamMessage[] = [];
    const flush = (): void => {
      if (batch.length > 0) for (const { onMessages } of this.#listeners) onMessages?.(batch);
      batch = [];
    };
    for (const message of messages) {
      if (message.id !== '') this.#position = message.id;
      if (message.event === 'reset') {
        flush();
        for (const { onReset } of this.#listeners) onReset?.();
      } else {
        batch.push(message);
      }
    }
    flush();
  }

  #cut(abort: AbortController): void {
    // Another connection has taken its place, or nobody wants one any more.
    if (this.#isStopped || abort !== this.#abort) return;
    if (this.#cutSinceMs === 0) this.#cutSinceMs = this.#ports.now();
    this.#say({ kind: 'cut', sinceMs: this.#cutSinceMs });
    const wait = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)] ?? 10_000;
    this.#failures += 1;
    this.#cancelWait = this.#ports.after(wait, () => void this.#connect());
  }
}
