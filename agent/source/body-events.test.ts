import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BodyEvents } from './body-events.ts';
import type { FalcoEvent } from './event.ts';
import { RepeatedEvent } from './repeated-event.ts';

const recording = new URL('../../demo/recording/events-00.jsonl.gz', import.meta.url);
const recorded = gunzipSync(readFileSync(recording)).toString('utf8').trimEnd().split('\n')
  .slice(0, 20_000);

const read = (events: BodyEvents, body: Buffer): FalcoEvent | string => {
  const decoded = events.decode(body);
  return decoded.ok ? decoded.event : decoded.reason;
};

const contentOf = (event: FalcoEvent | string): object => {
  if (typeof event === 'string') return { event };
  const { timeNs, rule, priority, source, hostname, tags, fields } = event;
  return { timeNs, rule, priority, source, hostname, tags, fields };
};

test('most recorded events are recognised, and say what they say in full', () => {
  const fast = new BodyEvents();
  const slow = new BodyEvents({ recognises: false });
  let repeated = 0;
  for (const line of recorded) {
    const event = read(fast, Buffer.from(line));
    const whole = read(slow, Buffer.from(line));
    if (!(event instanceof RepeatedEvent)) {
      expect(event).toEqual(whole);
      continue;
    }
    repeated += 1;
    if (typeof whole === 'string') throw new Error(whole);
    const { timeNs, timeMs, pid } = event;
    expect(timeNs).toBe(whole.timeNs);
    expect(timeMs).toBe(Number(timeNs / 1_000_000n));
    expect(pid).toBe(Number(whole.fields.get('proc.pid') ?? -1));
    if (repeated % 16 === 0) expect(contentOf(event)).toEqual(contentOf(whole));
  }
  expect(repeated / recorded.length).toBeGreaterThan(0.5);
});

/** What the rooms behind compare two events by; the rest may differ from event to event. */
const judgedBy = [
  'container.id', 'evt.type', 'fd.name', 'evt.arg.flags', 'proc.name', 'proc.exepath', 'user.uid',
];
const values = [
  '"a"', '"\\u0061"', '"a\\u0000"', '"ab"', '7', '"7"', '"7.0"', 'null', '"<NA>"', '""', 'true',
  '"true"', '"\\ud83d\\ude00"', '"\ud83d\ude00"', '"\\\\"', '"\\""',
];
type Hostile = {
  readonly name: string;
  readonly value: string;
  readonly twice: string | null;
  readonly escaped: boolean;
  readonly before: boolean;
  readonly invalid: number;
};
const hostile: fc.Arbitrary<Hostile> = fc.record({
  name: fc.constantFrom('fd.name', 'proc.name', 'evt.arg.flags', 'user.uid', 'proc.exepath'),
  value: fc.constantFrom(...values),
  twice: fc.option(fc.constantFrom(...values)),
  escaped: fc.boolean(),
  before: fc.boolean(),
  invalid: fc.nat(255),
});

function bodyOf({ name, value, twice, escaped, before, invalid }: Hostile): Buffer {
  const fields = new Map([
    ['container.id', '"c0ffee000001"'], ['evt.arg.flags', '"O_RDONLY"'], ['evt.type', '"openat"'],
    ['fd.name', '"/etc/hosts"'], ['proc.exepath', '"/bin/app"'], ['proc.name', '"app"'],
    ['proc.pid', '7'], ['user.uid', '0'],
  ]);
  fields.set(name, value);
  const entries = [...fields].map(([key, text]) => `"${key}":${text}`);
  const key = escaped ? name.replace('.', '\\u002e') : name;
  if (twice !== null) entries.splice(before ? 0 : entries.length, 0, `"${key}":${twice}`);
  const line = `{"hostname":"n","output_fields":{${entries.join(',')}},"priority":"Debug",` +
    '"rule":"r","source":"syscall","tags":["lanner"],"time":"2026-11-23T11:37:34.221743049Z"}';
  const body = Buffer.from(line);
  const at = body.indexOf('/etc/hosts');
  if (at >= 0 && invalid > 127) body[at + 5] = invalid;
  return body;
}

test('no container can make two different events one', () => {
  const events = new BodyEvents();
  const slow = new BodyEvents({ recognises: false });
  const contents = new Map<object, unknown>();
  let repeated = 0;
  fc.assert(
    fc.property(hostile, (one) => {
      const body = bodyOf(one);
      for (const time of [1, 2, 3]) {
        const event = read(events, body);
        const whole = read(slow, body);
        if (!(event instanceof RepeatedEvent)) {
          expect({ time, event }).toEqual({ time, event: whole });
          continue;
        }
        if (typeof whole === 'string') throw new Error(whole);
        repeated += 1;
        const content = judgedBy.map((name) => whole.fields.get(name));
        expect(contents.get(event.repeat) ?? content).toEqual(content);
        contents.set(event.repeat, content);
      }
    }),
    { numRuns: 3_000 },
  );
  expect(repeated).toBeGreaterThan(1_000);
  expect(contents.size).toBeGreaterThan(30);
});
