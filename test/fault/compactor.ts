/**
 * Joins minutes of the flow ledger into hours, again and again, so that it can be killed while it
 * does. Says `joined` after each pass. When its input ends it makes a last pass over everything,
 * says `done` and ends. While the database is away it tries again, as a collector does.
 */
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';

import { systemClock } from '../../collector/clock.ts';
import type { Store } from '../../collector/store/faces.ts';
import { openStore } from '../../collector/store/open-store.ts';

const [path = ''] = process.argv.slice(2);
const PAUSE_MS = 500;
const LIMITS = { ageMs: 3_650 * 86_400_000, minutesMs: 0, rowsMax: 1_000_000_000 };

let isLast = false;
process.stdin.on('end', () => {
  isLast = true;
});
process.stdin.resume();

let store: Store | undefined;
for (;;) {
  const wasLast = isLast;
  try {
    store ??= await openStore({ path, onTrouble: () => undefined });
    await store.retainFlows(LIMITS, systemClock.now());
    process.stdout.write('joined\n');
    if (wasLast) break;
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
  }
  await wait(PAUSE_MS);
}
process.stdout.write('done\n');
process.exit();
