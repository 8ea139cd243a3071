import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { Outbox } from './outbox.ts';
import { rfc3339 } from '../../baseline/episode/time.ts';
import type { GapRecord } from '../../proto/lanner/v1/frames.ts';
import { systemClock } from '../source/clock.ts';

const writer = new URL('outbox-writer.ts', import.meta.url).pathname;
const ROUNDS = 4;
const LINES_BEFORE_KILL = 25;

/** Kills the writer in the middle of its work; gives back the last alert that it had said. */
async function writeUntilKilled(path: string, start: number): Promise<number> {
  const child = spawn(execPath, [writer, path, String(start)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let lastSaid = start - 1;
  for await (const line of createInterface({ input: child.stdout })) {
    lastSaid = Number(line);
    if (lastSaid === start + LINES_BEFORE_KILL) child.kill('SIGKILL');
  }
  return lastSaid;
}

/** One of them may be united with a neighbour, when many wait. */
const covers = (number: number) => ({ from, to }: GapRecord): boolean => {
  const time = rfc3339(BigInt(number) * 1_000_000_000n);
  return from <= time && time <= to;
};

test('whatever put and addGap have returned is there after kill -9', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lanner-kill-'));
  const path = join(dir, 'outbox.sqlite');
  try {
    let next = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      next = (await writeUntilKilled(path, next)) + 1;
      const outbox = new Outbox({
        path,
        cluster: 'lab',
        node: 'node-a',
        newEpoch: () => 'epoch-of-the-reader',
        nowNs: () => systemClock.nowNs(),
        redact: { flags: new Set() },
        onReplaced: (failure) => {
          throw failure;
        },
      });
      expect(outbox.epoch).toBe('epoch-of-the-writer');
      while (outbox.seal() !== null);
      const batches = outbox.batchesAfter(0, 10_000);
      const ids = new Set(batches.flatMap(({ alerts }) => alerts.map(({ id }) => id)));
      const missing = Array.from({ length: next }, (_, number) => `a${number}`)
        .filter((id) => !ids.has(id));
      expect(missing).toEqual([]);
      const gaps = batches.flatMap((batch) => batch.gaps);
      const lost = Array.from({ length: next }, (_, number) => number)
        .filter((number) => !gaps.some(covers(number)));
      expect(lost).toEqual([]);
      expect(next).toBeGreaterThan(round * LINES_BEFORE_KILL);
      outbox.close();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
