import { setTimeout as pause } from 'node:timers/promises';

import type { Logger } from 'pino';

import type { Clock } from './clock.ts';
import { StoreFailure } from './store/faces.ts';
import type { Store } from './store/faces.ts';

/**
 * A collector may start before its database, or while that is being replaced. Ending then would be
 * answered by ever longer pauses between the attempts of whoever starts it again, so it waits. A
 * database that answers and refuses (a wrong password, a newer schema) is not waited for.
 */
const PAUSE_MS_MIN = 500;
const PAUSE_MS_MAX = 10_000;

/** The system's and PostgreSQL's words for "not there", "not there yet" and "going away". */
const AWAY: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  '57P01',
  '57P02',
  '57P03',
]);
/** The driver gives these two no code. */
const AWAY_WORDS = /Connection terminated|timeout expired/;

export type AwaitStoreOptions = {
  readonly open: () => Promise<Store>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly waitMs: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
};

export async function awaitStore({ open, clock, log, waitMs, signal }: AwaitStoreOptions): Promise<Store> {
  const untilMs = clock.now() + waitMs;
  for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(PAUSE_MS_MAX, 2 * pauseMs)) {
    try {
      return await open();
    } catch (error) {
      if (!isAway(error) || signal.aborted || clock.now() >= untilMs) throw error;
      log.warn({ err: error, againInMs: pauseMs }, 'the store is away, waiting for it');
      // Not the clock's timer: nothing else keeps the process alive yet.
      await pause(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw error;
    }
  }
}

function isAway(error: unknown): boolean {
  if (!(error instanceof StoreFailure)) return false;
  // A host name with several addresses fails once for each of them.
  const causes = error.cause instanceof AggregateError ? error.cause.errors : [error.cause];
  return causes.every((cause: unknown) =>
    cause instanceof Error &&
    (AWAY_WORDS.test(cause.message) || ('code' in cause && AWAY.has(cause.code))));
}
