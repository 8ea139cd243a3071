import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { runLannerctl } from '../cli/run.ts';
import { anAlert } from '../testing/alerts.ts';
import { callApi, itemsOf } from '../testing/api-client.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import { TestAgent } from '../testing/test-agent.ts';

/** A whole collector, an agent, and a receiver that refuses one pod. */
let receiver: Server;
let collector: TestCollector;
let agent: TestAgent;
let isOpen = false;
const bodies: string[] = [];
const PATH = '/api/v1/outputs';

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const isRefused = !isOpen && body.includes('"bad-pod"');
      if (!isRefused) bodies.push(body);
      response.writeHead(isRefused ? 400 : 200).end(isRefused ? 'no such pod' : '');
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  collector = await startTestCollector({ yaml: JSON.stringify({
    outputs: [
      { name: 'siem', kind: 'ecs', url: `http://127.0.0.1:${port}/hec/s3cret-path`, kinds: ['alert'] },
      { name: 'off', kind: 'ecs', url: 'http://127.0.0.1:1/', kinds: ['gap'] },
    ],
  }) });
  agent = new TestAgent(collector.addresses.link);
  agent.hello();
  await agent.frame('welcome');
  agent.send({ kind: 'alerts', epoch: 'e1', sequence: 1, alerts: [
    anAlert({ id: 'good' }),
    anAlert({ id: 'bad', pod: 'bad-pod', podUid: 'bad' }),
  ], gaps: [] });
});

afterAll(async () => {
  agent.cut();
  await collector.stop();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

const siem = async () =>
  itemsOf(await callApi(collector, 'GET', PATH)).find(({ name }) => name === 'siem');

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  while (!await condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function lannerctl(...args: readonly string[]): Promise<{ code: number; out: string }> {
  let out = '';
  const write = (text: string): void => {
    out += text;
  };
  const code = await runLannerctl(args, {
    write,
    writeError: write,
    env: { LANNER_URL: collector.addresses.api, LANNER_TOKEN: collector.token },
    isTerminal: false,
    columns: undefined,
    signal: new AbortController().signal,
  });
  return { code, out };
}

test('the list says how far an output is, and where it sends without the path', async () => {
  await eventually(async () => (await siem())?.['deadLetters'] === 1 && (await siem())?.['lag'] === 0);
  expect(await siem()).toMatchObject({
    kind: 'ecs', state: 'waiting', sent: 1, lag: 0, passedOver: 0,
    target: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    lastError: 'HTTP 400: no such pod',
  });
  expect(bodies.join()).toContain('"good:1"');
  const { text } = await callApi(collector, 'GET', PATH);
  expect(text).not.toContain('s3cret-path');
});

test('a dead letter is shown, sent again, and audited with who asked', async () => {
  const letters = itemsOf(await callApi(collector, 'GET', `${PATH}/siem/dead-letters`));
  expect(letters).toMatchObject([{ uuid: 'bad:1', reason: 'http-4xx', isQueued: false }]);
  expect((await lannerctl('outputs', 'dead-letters', 'siem')).out).toContain('HTTP 400: no such pod');
  isOpen = true;
  const number = String(letters[0]?.['number']);
  expect(await lannerctl('outputs', 'replay', 'siem', '--number', number))
    .toEqual({ code: 0, out: '1 will be sent again\n' });
  await eventually(async () => (await siem())?.['deadLetters'] === 0);
  expect(bodies.join()).toContain('"bad:1"');
  const audit = itemsOf(await callApi(collector, 'GET', '/api/v1/audit'));
  expect(audit).toContainEqual(expect.objectContaining({ action: 'output.replay', subject: 'siem' }));
});

test('a test message goes out at once; to who is not there it says so and ends with 1', async () => {
  const good = await lannerctl('outputs', 'test', 'siem');
  expect(good).toMatchObject({ code: 0, out: expect.stringMatching(/^siem took it in /) });
  expect(bodies.at(-1)).toContain('"lanner.test"');
  const bad = await lannerctl('outputs', 'test', 'off');
  expect(bad).toMatchObject({ code: 1, out: expect.stringContaining('ECONNREFUSED') });
});

test('an output that nobody configured is not found', async () => {
  expect((await callApi(collector, 'POST', `${PATH}/nobody/replay`, {})).status).toBe(404);
  expect((await lannerctl('outputs', 'drop', 'nobody')).code).toBe(5);
});

test('metrics count what was sent and what failed', async () => {
  const { text } = await callApi(collector, 'GET', '/metrics');
  expect(text).toContain('lanner_collector_output_sent_total{output="siem",kind="alert"} 2');
  expect(text).toMatch(/lanner_collector_output_failures_total\{output="siem",class="http-4xx"\} [1-9]/);
  expect(text).toContain('lanner_collector_output_backing_off{output="siem"} 0');
});
