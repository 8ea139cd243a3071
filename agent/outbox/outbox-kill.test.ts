import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { Outbox } from './outbox.ts';

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

test('whatever put has returned is there after kill -9', async () => {
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
      expect(next).toBeGreaterThan(round * LINES_BEFORE_KILL);
      outbox.close();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
