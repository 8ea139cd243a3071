import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { eventLines, eventLinesPath } from '../../test/fixtures/falco/frames.ts';
import type { Cancel, Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import { LINE_BYTES_MAX } from './falco-fields.ts';
import { Pace, PAUSE_MS_MAX } from './pace.ts';
import { RecordingSink } from './testing/recording-sink.ts';
import { recordedLines, recordingFiles } from './recording.ts';
import { ReplaySource } from './replay.ts';

const log = pino({ level: 'silent' });
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lanner-recording-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, content: string | Buffer): string => {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
};
const lineAt = (seconds: number): string =>
  JSON.stringify({
    rule: 'r',
    priority: 'Debug',
    output_fields: { at: seconds },
    time: `2026-11-23T11:35:${String(seconds).padStart(2, '0')}.000000000Z`,
  });
const readAll = async (paths: readonly string[]) => {
  const lines: string[] = [];
  let tooLong = 0;
  for await (const part of recordedLines(paths, new AbortController().signal)) {
    lines.push(...part.lines);
    tooLong += part.tooLong;
  }
  return { lines, tooLong };
};
const ended = (sink: RecordingSink): Promise<void> =>
  vi.waitFor(() => expect(sink.states.at(-1)?.state).toBe('ended'), { timeout: 20_000 });
const replay = (paths: readonly string[], speed = Infinity, clock: Clock = systemClock) => {
  const sink = new RecordingSink();
  const source = new ReplaySource({ paths, speed, sink, clock, log });
  source.start();
  return { source, sink };
};

/** Time passes only where somebody waits for it. */
const leapingClock = (): Clock & { waits: number[] } => {
  let nowMs = 0;
  const waits: number[] = [];
  return {
    waits,
    nowMs: () => nowMs,
    nowNs: () => 0n,
    soon: (run) => systemClock.soon(run),
    after: (delayMs, run): Cancel => {
      nowMs += delayMs;
      if (delayMs > 0) waits.push(delayMs);
      return systemClock.after(0, run);
    },
  };
};

test('a directory gives its recording files in order and nothing else', async () => {
  file('events-01.jsonl', 'b\n');
  file('events-00.jsonl.gz', gzipSync('a\n'));
  file('events-02.jsonl', 'c');
  file('labels.jsonl', 'no\n');
  mkdirSync(join(dir, 'events-03.jsonl'));
  expect((await recordingFiles([dir])).map((path) => path.slice(dir.length + 1))).toEqual([
    'events-00.jsonl.gz',
    'events-01.jsonl',
    'events-02.jsonl',
  ]);
  expect((await readAll([dir])).lines).toEqual(['a', 'b', 'c']);
});

test('plain and gzip are told apart by their bytes; lines may end anywhere', async () => {
  const lines = eventLines();
  const plain = file('renamed.gz', lines.join('\n'));
  const packed = file('renamed.jsonl', gzipSync(`${lines.join('\r\n\n')}\n`));
  expect((await readAll([plain])).lines).toEqual(lines);
  expect((await readAll([packed])).lines.map((line) => line.trim())).toEqual(lines);
  expect((await readAll([eventLinesPath])).lines).toEqual(lines);
});

test('a line above the bound is skipped to its end and counted', async () => {
  const long = 'x'.repeat(LINE_BYTES_MAX + 1);
  const exact = 'y'.repeat(LINE_BYTES_MAX);
  const path = file('events-00.jsonl', `a\n${long}\n${exact}\n${long}`);
  expect(await readAll([path])).toEqual({ lines: ['a', exact], tooLong: 2 });
});

test.each([
  ['a missing file', () => join(dir, 'none.jsonl')],
  ['an empty directory', () => dir],
  ['a gzip cut in the middle', () => file('a.gz', gzipSync('a\n'.repeat(9_999)).subarray(0, 40))],
  ['a broken gzip', () => file('b.gz', Buffer.from([0x1f, 0x8b, 1, 2, 3]))],
])('%s ends the source with a message, not a crash', async (_, path) => {
  const { source, sink } = replay([path()]);
  await ended(sink);
  expect(sink.states.at(-1)?.detail).toMatch(/cannot read the recording|holds no events/);
  await source.stop();
});

test('as fast as possible, every event of a recording comes in order', async () => {
  const { source, sink } = replay([eventLinesPath]);
  await ended(sink);
  expect(sink.events).toHaveLength(eventLines().length);
  expect(sink.phases).toBe('streaming ended');
  expect(source.intake).toMatchObject({ received: eventLines().length });
});

test('bad lines are counted by reason between good ones', async () => {
  const long = 'x'.repeat(LINE_BYTES_MAX + 1);
  const path = file('a.jsonl', [lineAt(0), '{', long, '{"a":1}', lineAt(1)].join('\n'));
  const { source, sink } = replay([path]);
  await ended(sink);
  expect(sink.events).toHaveLength(2);
  expect(sink.malformed.toSorted()).toEqual(['not-falco', 'not-json', 'too-large']);
  expect(source.intake).toMatchObject({ received: 5, delivered: 2 });
});

test('paced, the waits are the recording\u2019s divided by the speed', async () => {
  const clock = leapingClock();
  const path = file('a.jsonl', [0, 0, 10, 30, 20, 31].map(lineAt).join('\n'));
  const { sink } = replay([path], 10, clock);
  await ended(sink);
  expect(clock.waits).toEqual([1_000, 2_000, 100]);
  expect(sink.events.map(({ fields }) => Number(fields.get('at')))).toEqual([0, 0, 10, 30, 20, 31]);
  expect(sink.batches).toEqual([2, 1, 2, 1]);
});

test('stopping in the middle of a wait ends at once and tells it', async () => {
  const path = file('a.jsonl', [0, 3, 6].map(lineAt).join('\n'));
  const { source, sink } = replay([path], 0.001);
  await vi.waitFor(() => expect(sink.events).toHaveLength(1), { timeout: 20_000 });
  await source.stop();
  expect(sink.events).toHaveLength(1);
  expect(sink.states.at(-1)).toEqual({ state: 'ended', detail: 'stopped' });
});

test('stopping in the middle of a file ends without the rest', async () => {
  const path = file('a.jsonl', Array.from({ length: 50_000 }, () => lineAt(0)).join('\n'));
  const { source, sink } = replay([path]);
  await vi.waitFor(() => expect(sink.events.length).toBeGreaterThan(0), { timeout: 20_000 });
  await source.stop();
  expect(sink.states.at(-1)).toEqual({ state: 'ended', detail: 'stopped' });
  expect(sink.events.length).toBeLessThan(50_000);
});

test('a jump ahead waits no longer than the bound and the rhythm goes on from there', () => {
  const second = 1_000_000_000n;
  const pace = new Pace(1);
  expect(pace.delayMs(0n, 0)).toBe(0);
  expect(pace.delayMs(3_600n * second, 0)).toBe(PAUSE_MS_MAX);
  expect(pace.delayMs(3_601n * second, PAUSE_MS_MAX)).toBe(1_000);
  expect(pace.delayMs(10n * second, PAUSE_MS_MAX)).toBe(0);
  expect(new Pace(Infinity).delayMs(1n << 80n, 0)).toBe(0);
});
