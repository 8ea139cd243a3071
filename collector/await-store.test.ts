import { pino } from 'pino';
import { expect, test } from 'vitest';

import { startPostgres } from '../test/postgres/server.ts';
import { awaitStore } from './await-store.ts';
import { systemClock } from './clock.ts';
import { openStore } from './store/open-store.ts';

const log = pino({ level: 'silent' });

test('a database that comes back is found; one that refuses is not waited for', async () => {
  const server = await startPostgres();
  const never = new AbortController().signal;
  const openAt = (database: string) => () => openStore({ path: server.url(database) });
  try {
    await server.kill();
    let failures = 0;
    const opened = awaitStore({
      open: () =>
        openAt('postgres')().catch((error: unknown) => {
          failures += 1;
          // Only after it was seen to be away.
          if (failures === 2) void server.start();
          throw error;
        }),
      clock: systemClock,
      log,
      waitMs: 60_000,
      signal: never,
    });
    const store = await opened;
    await store.ping();
    await store.close();
    expect(failures).toBeGreaterThanOrEqual(2);

    const refused = { open: openAt('no_such_database'), clock: systemClock, log, waitMs: 60_000,
      signal: never };
    await expect(awaitStore(refused)).rejects.toThrow('no_such_database');
  } finally {
    await server.stop();
  }
});

test('a stop ends the waiting', async () => {
  const stopping = new AbortController();
  const waiting = awaitStore({
    open: () => openStore({ path: 'postgres://127.0.0.1:1/none' }),
    clock: systemClock,
    log,
    waitMs: 60_000,
    signal: stopping.signal,
  });
  setImmediate(() => stopping.abort());
  await expect(waiting).rejects.toThrow('cannot be opened');
});
