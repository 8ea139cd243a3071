import { credentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { FalcoClient } from '../../proto/falco/service.ts';
import { FalcoRig, numberedLines, numbersOf, until, upTo } from './testing/falco-rig.ts';

const rig = new FalcoRig();

test('every event arrives exactly once and in order', async () => {
  const falco = await rig.startedFalco();
  const { agent, sink } = rig.source();
  falco.push(numberedLines(1_000));
  await until(() => sink.events.length === 1_000);
  falco.push(numberedLines(1_000, 1_000));
  await until(() => sink.events.length === 2_000);
  expect(numbersOf(sink)).toEqual(upTo(2_000));
  expect(sink.phases).toBe('connecting streaming');
  expect(sink.states[1]?.detail).toBe('Falco 0.40.0');
  expect(agent.intake).toMatchObject({ received: 2_000, delivered: 2_000, gaps: 0 });
  expect(Math.max(...sink.batches)).toBeLessThanOrEqual(256);
});

test('a backlog from before the first connection comes first and whole', async () => {
  const falco = rig.falco();
  falco.push(numberedLines(5_000));
  await falco.start();
  const { sink } = rig.source();
  await until(() => sink.events.length === 5_000);
  falco.push(numberedLines(1, 5_000));
  await until(() => sink.events.length === 5_001);
  expect(numbersOf(sink)).toEqual(upTo(5_001));
});

test('an idle source keeps asking, and events after silence still come', async () => {
  const falco = await rig.startedFalco();
  const { agent, sink } = rig.source();
  await until(() => falco.counters.requests >= 15);
  falco.push(numberedLines(1));
  await until(() => sink.events.length === 1);
  expect(agent.counters.requests).toBeGreaterThanOrEqual(15);
});

test('a restart in mid-stream is a reconnect with a gap; the queue is not lost', async () => {
  const falco = await rig.startedFalco();
  const { agent, sink } = rig.source();
  falco.push(numberedLines(100));
  await until(() => sink.events.length === 100);
  await falco.restart(() => {
    falco.push(numberedLines(100, 100));
    return Promise.resolve();
  });
  await until(() => sink.events.length === 200);
  expect(numbersOf(sink)).toEqual(upTo(200));
  expect(sink.phases).toMatch(/^connecting streaming disconnected connecting .*streaming$/);
  expect(sink.gaps).toHaveLength(1);
  expect(sink.gaps[0]).toMatchObject({ cause: 'falco-restart', eventsEstimate: -1 });
  expect(sink.gaps[0]?.fromNs).toBeLessThanOrEqual(sink.gaps[0]?.toNs ?? 0n);
  expect(agent.counters.connects).toBe(2);
});

test('a Falco that was killed and comes back is found again', async () => {
  const falco = await rig.startedFalco();
  const { agent, sink } = rig.source();
  falco.push(numberedLines(10));
  await until(() => sink.events.length === 10);
  falco.kill();
  await until(() => agent.counters.disconnects >= 3);
  falco.push(numberedLines(10, 10));
  await falco.start();
  await until(() => sink.events.length === 20);
  expect(numbersOf(sink)).toEqual(upTo(20));
  expect(sink.gaps.map(({ cause }) => cause)).toEqual(['falco-restart']);
});

test('a source that starts before Falco waits for it, and that is no gap', async () => {
  const { agent, sink } = rig.source();
  await until(() => agent.counters.disconnects >= 4);
  expect(sink.states.findLast(({ state }) => state === 'disconnected')?.detail).toMatch(
    /UNAVAILABLE.*http source/,
  );
  const falco = await rig.startedFalco();
  falco.push(numberedLines(3));
  await until(() => sink.events.length === 3);
  expect(sink.gaps).toEqual([]);
});

test('of two clients each event reaches exactly one', async () => {
  const falco = await rig.startedFalco();
  const first = rig.source();
  const second = rig.source();
  await until(() => falco.counters.streams === 2);
  for (let round = 0; round < 40; round += 1) {
    falco.push(numberedLines(50, round * 50));
    await until(() => falco.backlog < 50);
  }
  const both = (): number[] => [...numbersOf(first.sink), ...numbersOf(second.sink)];
  await until(() => both().length >= 2_000);
  expect(both().sort((a, b) => a - b)).toEqual(upTo(2_000));
  expect(first.sink.events.length).toBeGreaterThan(0);
  expect(second.sink.events.length).toBeGreaterThan(0);
});

test('a source that stops cancels: Falco sees no half-close and keeps no stream', async () => {
  const falco = await rig.startedFalco();
  const { agent, sink } = rig.source();
  falco.push(numberedLines(1));
  await until(() => sink.events.length === 1);
  await agent.stop();
  await until(() => falco.clients === 0);
  expect(falco.hanging).toBe(0);
  expect(sink.phases).toBe('connecting streaming ended');
  falco.push(numberedLines(1, 1));
  expect(falco.backlog).toBe(1);
});

test('a client that half-closes hangs, as with the real Falco', async () => {
  const falco = await rig.startedFalco();
  const client = new FalcoClient(rig.address, credentials.createInsecure());
  const call = client.sub();
  const seen: string[] = [];
  call.on('error', () => seen.push('error'));
  call.on('status', () => seen.push('status'));
  call.resume();
  call.end();
  await until(() => falco.hanging === 1);
  const { sink } = rig.source();
  falco.push(numberedLines(1));
  await until(() => sink.events.length === 1);
  expect(seen).toEqual([]);
  call.cancel();
  client.close();
});

test('a server without Falco\u2019s services is told as Falco 0.44, with the way out', async () => {
  await rig.startedFalco({ version: '0.44.0' });
  const { sink } = rig.source();
  await until(() => sink.states.some(({ state }) => state === 'disconnected'));
  expect(sink.states[1]?.detail).toMatch(/Falco 0\.44 removed it.*http source with http_output/);
});

test('stopping twice, before the start and while waiting leaves nothing behind', async () => {
  const { agent: never } = rig.idle();
  await never.stop();
  never.start();
  const { agent, sink } = rig.source();
  await until(() => agent.counters.disconnects >= 1);
  await agent.stop();
  await agent.stop();
  const { length } = sink.states;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(sink.states).toHaveLength(length);
});
