import { expect, test } from 'vitest';
import { RESPONSE_BYTES_MAX } from '../../proto/falco/response-reader.ts';
import { encodeResponse } from '../../proto/falco/response-writer.ts';
import { falcoFrames } from '../../test/fixtures/falco/frames.ts';
import { baseContent, baseEvent, FalcoRig, numberedLines, numbersOf, until } from './testing/falco-rig.ts';

const rig = new FalcoRig();

test('what a real Falco sent arrives, also with invalid UTF-8 and the output twice', async () => {
  const falco = await rig.startedFalco({ jsonOutput: true, hostileShare: 0.5 });
  const frames = [...falcoFrames('frames'), ...falcoFrames('frames-hostile')];
  for (const frame of frames) falco.pushBytes(frame);
  falco.push(numberedLines(500));
  const { sink } = rig.source();
  await until(() => sink.events.length === frames.length + 500);
  const commands = sink.events.map(({ fields }) => fields.get('proc.cmdline') ?? '');
  expect(commands.filter((command) => command.includes('\ufffd')).length).toBeGreaterThan(100);
  expect(sink.phases).toBe('connecting streaming');
  expect(sink.malformed).toEqual([]);
});

test('malformed messages are counted by reason and nothing else changes', async () => {
  const falco = await rig.startedFalco();
  const { agent, sink } = rig.source();
  falco.push(numberedLines(1));
  falco.pushBytes(Buffer.from([0x22, 0x05, 0x61]));
  falco.pushBytes(Buffer.alloc(0));
  falco.pushBytes(Buffer.alloc(50, 0xff));
  falco.push(numberedLines(1, 1));
  await until(() => sink.events.length === 2);
  expect(sink.malformed).toEqual(['truncated', 'bad-time', 'wire-format']);
  expect(agent.intake).toMatchObject({
    received: 5,
    delivered: 2,
    malformed: { truncated: 1, 'bad-time': 1, 'wire-format': 1 },
  });
  expect(sink.phases).toBe('connecting streaming');
});

test('64 MiB messages cost a counted reconnect each; what follows arrives', async () => {
  const falco = await rig.startedFalco();
  const { agent, sink } = rig.source();
  const huge = Buffer.alloc(64 * 1_024 * 1_024);
  for (const round of [0, 1]) {
    falco.push(numberedLines(1, round));
    await until(() => numbersOf(sink).includes(round));
    falco.pushBytes(huge);
    // What the dying stream still pops is lost, here as with the real one.
    await until(() => falco.counters.streams === round + 2 && falco.clients === 1);
  }
  falco.push(numberedLines(1, 2));
  await until(() => numbersOf(sink).includes(2));
  expect(sink.malformed).toEqual(['too-large', 'too-large']);
  expect(agent.counters.connects).toBe(3);
  expect(sink.gaps).toHaveLength(2);
  expect(RESPONSE_BYTES_MAX).toBeLessThan(huge.length);
});

test('jumping clocks, duplicates and events out of order pass through', async () => {
  const times = [0n, 253_402_300_799_999_999_999n, 5n, 5n, 1_795_435_969_793_231_317n, 4n];
  const falco = await rig.startedFalco();
  const { sink } = rig.source();
  for (const timeNs of times) falco.pushBytes(encodeResponse({ ...baseContent, timeNs }));
  await until(() => sink.events.length === times.length);
  expect(sink.events.map(({ timeNs }) => timeNs)).toEqual(times);
});

test('a report of lost system calls is a gap with its estimate', async () => {
  const falco = await rig.startedFalco();
  const { sink } = rig.source();
  const report = {
    ...baseEvent,
    rule: 'Falco internal: syscall event drop',
    source: 'internal',
    tags: undefined,
    output_fields: { n_drops: '1814', n_evts: '20000', ebpf_enabled: '1' },
  };
  falco.push([...numberedLines(1), JSON.stringify(report), ...numberedLines(1, 1)]);
  await until(() => sink.events.length === 3);
  expect(sink.gaps).toEqual([
    {
      fromNs: 1_795_433_700_495_234_847n,
      toNs: 1_795_433_701_495_234_847n,
      cause: 'falco-drop',
      eventsEstimate: 1_814,
    },
  ]);
});
