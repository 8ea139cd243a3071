import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { expect, test, vi } from 'vitest';
import { rfc3339 } from '../../baseline/episode/time.ts';
import type { AlertsFrame } from '../../proto/lanner/v1/frames.ts';
import { Outbox } from '../outbox/outbox.ts';
import { systemClock } from '../source/clock.ts';
import { linkOf } from './sample-link.ts';
import { TestCollector } from './test-collector.ts';

const writer = new URL('link-writer.ts', import.meta.url).pathname;
const ROUNDS = 4;
const LINES_BEFORE_KILL = 40;

/** Killed while batches are on their way; gives back the numbers that it had said. */
async function deliverUntilKilled(
  path: string,
  start: number,
  port: number,
): Promise<readonly number[]> {
  const child = spawn(execPath, [writer, path, String(start), `127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(Number(line));
    if (said.length === LINES_BEFORE_KILL) child.kill('SIGKILL');
  }
  return said;
}

/** What a store holds that takes each batch once: one whose sequence it has passed is dropped. */
function stored(batches: readonly AlertsFrame[]) {
  const passed = new Map<string, number>();
  const fresh = batches.filter(({ epoch, sequence }) => {
    if (sequence <= (passed.get(epoch) ?? 0)) return false;
    passed.set(epoch, sequence);
    return true;
  });
  return {
    ids: fresh.flatMap(({ alerts }) => alerts.map(({ id }) => id)).toSorted(),
    gaps: fresh.flatMap(({ gaps }) => gaps.map(({ from }) => from)).toSorted(),
  };
}

test('an agent that is killed again and again delivers each alert and each gap once', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lanner-link-kill-'));
  const path = join(dir, 'outbox.sqlite');
  const server = new TestCollector();
  await server.listen();
  try {
    const said: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      // Every other round the acknowledgements stay away, and the kill leaves batches behind.
      server.isAcknowledging = round % 2 === 0;
      // The kill may come between the disk and the word: the number after the last is not used.
      const next = (said.at(-1) ?? -2) + 2;
      said.push(...await deliverUntilKilled(path, next, server.port));
      expect(said.length).toBeGreaterThanOrEqual((round + 1) * LINES_BEFORE_KILL);
    }
    server.isAcknowledging = true;
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
    expect(outbox.isEmpty()).toBe(false);
    const link = linkOf(outbox, `127.0.0.1:${server.port}`);
    link.start();
    await vi.waitFor(() => expect(outbox.isEmpty()).toBe(true), { timeout: 20_000 });
    link.stop();
    outbox.close();
    const { ids, gaps } = stored(server.batches);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(gaps).size).toBe(gaps.length);
    expect(said.filter((number) => !ids.includes(`a${number}`))).toEqual([]);
    expect(said.filter((number) => !gaps.includes(rfc3339(BigInt(number) * 1_000_000_000n))))
      .toEqual([]);
  } finally {
    server.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);
