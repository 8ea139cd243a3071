import pg from 'pg';

import type { Clock } from '../clock.ts';
import { clientOptions } from './postgres.ts';

/**
 * Hears what other replicas committed: LISTEN on a connection of its own. Notifications are only a
 * hint to look, never the news itself, so that none is lost when the connection is: while it is
 * down (and, less often, while it seems up: a proxy may swallow notifications) the database is
 * asked every so often whether anything changed. It is made again for as long as the store is open,
 * after `RETRY_MIN_MS` to `RETRY_MAX_MS`.
 */
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5_000;
const POLL_MS = 500;
const POLL_LISTENING_MS = 5_000;

export type ListenerOptions = {
  readonly url: string;
  /** Who this is; its own notifications are not news. */
  readonly replica: string;
  readonly clock: Clock;
  /** Channel → what to do when something may be new there. */
  readonly channels: ReadonlyMap<string, () => void>;
  /** Asks the database, and wakes whoever must be. */
  readonly poll: () => Promise<void>;
  readonly onTrouble: (message: string, error: unknown) => void;
};

export class Listener {
  readonly #options: ListenerOptions;
  #client: pg.Client | undefined;
  #connecting: Promise<void> = Promise.resolve();
  #polling: Promise<void> = Promise.resolve();
  #isListening = false;
  #isStopped = false;
  #retryMs = RETRY_MIN_MS;
  #cancelRetry: () => void = () => undefined;
  #cancelPoll: () => void = () => undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  get isListening(): boolean {
    return this.#isListening;
  }

  async start(): Promise<void> {
    this.#connect();
    await this.#connecting;
    this.#pollLater();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRetry();
    this.#cancelPoll();
    await this.#connecting;
    await this.#polling;
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }

  #connect(): void {
    this.#connecting = this.#tryConnect();
  }

  async #tryConnect(): Promise<void> {
    const { url, replica, channels, onTrouble } = this.#options;
    const client = new pg.Client(clientOptions(url));
    client.on('notification', ({ channel, payload }) => {
      if (payload !== replica) channels.get(channel)?.();
    });
    client.on('error', (error) => this.#lost(client, error));
    client.on('end', () => this.#lost(client, undefined));
    this.#client = client;
    try {
      await client.connect();
      for (const channel of channels.keys()) {
        await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
      }
    } catch (error) {
      onTrouble('the store cannot be listened to, asking it instead', error);
      this.#lost(client, undefined);
      return;
    }
    if (this.#client !== client || this.#isStopped) return;
    this.#isListening = true;
    this.#retryMs = RETRY_MIN_MS;
    // What was committed while nobody listened.
    this.#wakeAll();
  }

  #lost(client: pg.Client, error: Error | undefined): void {
    if (this.#client !== client || this.#isStopped) return;
    this.#client = undefined;
    if (this.#isListening || error !== undefined) {
      this.#options.onTrouble('the store is no longer listened to, asking it instead', error);
    }
    this.#isListening = false;
    // Also one that failed in the middle of connecting holds a socket.
    client.end().catch(() => undefined);
    this.#cancelRetry = this.#options.clock.after(this.#retryMs, () => this.#connect());
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
    this.#pollLater();
  }

  #wakeAll(): void {
    for (const wake of this.#options.channels.values()) wake();
  }

  #pollLater(): void {
    this.#cancelPoll();
    if (this.#isStopped) return;
    const everyMs = this.#isListening ? POLL_LISTENING_MS : POLL_MS;
    this.#cancelPoll = this.#options.clock.after(everyMs, () => {
      this.#polling = this.#poll().finally(() => this.#pollLater());
    });
  }

  async #poll(): Promise<void> {
    try {
      await this.#options.poll();
    } catch (error) {
      this.#options.onTrouble('the store could not be asked for changes', error);
    }
  }
}
