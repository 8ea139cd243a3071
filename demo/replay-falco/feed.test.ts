import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Clock } from '../../agent/source/clock.ts';
import { systemClock } from '../../agent/source/clock.ts';
import { JsonEvents } from '../../agent/source/falco-fields.ts';
import { ResponseReader } from '../../proto/falco/response-reader.ts';
import { eventLines, eventLinesPath } from '../../test/fixtures/falco/frames.ts';
import { EventQueue } from './event-queue.ts';
import type { FeedOptions } from './feed.ts';
import { feedLines } from './feed.ts';
import { grpcResponse, lineTimeNs, shiftedLine } from './recorded-event.ts';

let dir: string;
let path: string;
const lineAt = (second: number): string => {
  const digits = `${1_795_433_700 + second}495234847`;
  const times = `"evt.rawtime":${digits},"evt.time":${digits}`;
  const fields = `{${times},"proc.cmdline":"sh -c \\"evt.time\\":1"}`;
  const time = `2026-11-23T11:35:0${second}.495234847Z`;
  return `{"output_fields":${fields},"priority":"Debug","rule":"r","time":"${time}"}`;
};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'lanner-feed-'));
  path = join(dir, 'events-00.jsonl');
  writeFileSync(path, `${[0, 0, 4, 2].map(lineAt).join('\n')}\n`);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const feed = async (options: Partial<FeedOptions>): Promise<readonly (readonly string[])[]> => {
  const batches: (readonly string[])[] = [];
  const { signal } = new AbortController();
  const common = { paths: [path], speed: Infinity, startNs: null, clock: systemClock, signal };
  for await (const batch of feedLines({ ...common, ...options })) batches.push(batch);
  return batches;
};

test('lines come in the rhythm of their time, divided by the speed', async () => {
  let nowMs = 0;
  const waits: number[] = [];
  const clock: Clock = {
    ...systemClock,
    nowMs: () => nowMs,
    after: (delayMs, run) => {
      waits.push(delayMs);
      nowMs += delayMs;
      return systemClock.after(0, run);
    },
  };
  const batches = await feed({ speed: 4, clock });
  expect(waits).toEqual([1_000]);
  expect(batches.map((batch) => batch.length)).toEqual([2, 2]);
});

test('re-stamped, the first event is now and all times move by the same', async () => {
  const nowNs = 1_900_000_000_123_000_000n;
  const [batch] = await feed({ startNs: nowNs });
  const lines = batch ?? [];
  expect(lines.map(lineTimeNs)).toEqual([0n, 0n, 4n, 2n].map((s) => nowNs + s * 1_000_000_000n));
  expect(lines[2]).toContain(`"evt.rawtime":${nowNs + 4_000_000_000n},`);
  expect(lines[2]).toContain(`"evt.time":${nowNs + 4_000_000_000n},`);
  // What only looks like a time, inside an attacker's text, stays.
  expect(lines[2]).toContain('"sh -c \\"evt.time\\":1"');
});

test('moving a recorded line back and forth changes nothing', () => {
  for (const line of eventLines().slice(0, 500)) {
    expect(shiftedLine(shiftedLine(line, 123_456_789_123n), -123_456_789_123n)).toBe(line);
  }
});

test('an abort ends the feed in the middle of a wait', async () => {
  const abort = new AbortController();
  const options = { paths: [path], speed: 0.001, startNs: null, clock: systemClock };
  const seen: number[] = [];
  for await (const batch of feedLines({ ...options, signal: abort.signal })) {
    seen.push(batch.length);
    abort.abort();
  }
  expect(seen).toEqual([2]);
});

test('over gRPC the absent is <NA>, numbers are text, and the order is another each time', () => {
  const shape = { jsonOutput: false, hostileShare: 0, random: Math.random };
  const json = new JsonEvents();
  const reader = new ResponseReader();
  const orders = new Set<string>();
  const line = eventLines().find((text) => text.includes('"lanner exec"')) ?? '';
  for (let round = 0; round < 5; round += 1) {
    const response = reader.read(grpcResponse(line, shape));
    if (typeof response === 'string') throw new Error(response);
    orders.add([...response.fields.keys()].join());
    const decoded = json.decode(line);
    response.fields.delete('evt.rawtime');
    expect(decoded.ok && decoded.event.fields).toEqual(response.fields);
  }
  expect(orders.size).toBeGreaterThan(1);
  const absent = eventLines().find((text) => text.includes(':null')) ?? '';
  expect(grpcResponse(absent, shape).includes('<NA>')).toBe(true);
});

test('with json_output the whole line is in the output again', () => {
  const line = eventLines()[0] ?? '';
  const shape = { hostileShare: 0, random: () => 0.5 };
  const once = grpcResponse(line, { ...shape, jsonOutput: false });
  const twice = grpcResponse(line, { ...shape, jsonOutput: true });
  expect(twice.includes(line)).toBe(true);
  expect(once.includes(line)).toBe(false);
});

test('the queue is first in, first out, over any number of events', () => {
  const queue = new EventQueue();
  const popped: number[] = [];
  for (let round = 0; round < 1_000; round += 1) {
    queue.push(Buffer.from(String(round)));
    if (round % 3 === 2) popped.push(Number(queue.pop()));
  }
  while (queue.length > 0) popped.push(Number(queue.pop()));
  expect(popped).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
  expect(queue.pop()).toBeUndefined();
});

test('a whole recording is fed', async () => {
  const lines = (await feed({ paths: [eventLinesPath] })).flat();
  expect(lines).toEqual(eventLines());
});
