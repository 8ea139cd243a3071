import { Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { encodeResponse } from '../../proto/falco/response-writer.ts';
import type { FalcoOutputs, FalcoVersioning } from '../../proto/falco/service.ts';
import { falcoOutputs, falcoVersioning } from '../../proto/falco/service.ts';
import { encodeVersion } from '../../proto/falco/version.ts';
import { baseContent, FalcoRig, numberedLines, until } from './testing/falco-rig.ts';

const rig = new FalcoRig();

test('a quiet stream is probed, and what the probe brings is not lost', async () => {
  const falco = await rig.startedFalco();
  const { agent, sink } = rig.source({ probeAfterMs: 30 });
  await until(() => agent.counters.probes >= 3);
  falco.push(numberedLines(5));
  await until(() => sink.events.length === 5);
  expect(sink.phases).toBe('connecting streaming');
});

/** A Falco whose streams are served by nobody; `get` does what it is told to. */
const deafFalco = async (get: FalcoOutputs['get']): Promise<Server> => {
  const server = new Server();
  const numbers = { major: 0, minor: 40, patch: 0 };
  const answer = encodeVersion({ version: '0.40.0', ...numbers, engineVersion: '0.49.0' });
  const versioning: FalcoVersioning = { version: (_call, reply) => reply(null, answer) };
  const outputs: FalcoOutputs = { sub: (call) => void call.resume(), get };
  server.addService(falcoVersioning, versioning);
  server.addService(falcoOutputs, outputs);
  await new Promise((resolve) => {
    server.bindAsync(rig.address, ServerCredentials.createInsecure(), resolve);
  });
  return server;
};

test('a stream that Falco starves is found by the probe and opened again', async () => {
  const server = await deafFalco((call) => {
    call.write(encodeResponse(baseContent));
    call.end();
  });
  const { agent, sink } = rig.source({ probeAfterMs: 20 });
  await until(() => agent.counters.connects >= 2);
  expect(sink.states.find(({ state }) => state === 'disconnected')?.detail).toMatch(
    /gives no events although Falco has some/,
  );
  expect(sink.events.length).toBeGreaterThanOrEqual(2);
  await agent.stop();
  server.forceShutdown();
});

test('a Falco that hangs is found by the probe that gets no answer', async () => {
  const server = await deafFalco(() => {});
  const { agent, sink } = rig.source({ probeAfterMs: 20, answerDeadlineMs: 100 });
  await until(() => agent.counters.disconnects >= 1);
  expect(sink.states.find(({ state }) => state === 'disconnected')?.detail).toMatch(/DEADLINE/);
  await agent.stop();
  server.forceShutdown();
});
