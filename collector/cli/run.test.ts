import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Alert } from '../../baseline/alert.ts';
import { anAlert } from '../testing/alerts.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { runLannerctl } from './run.ts';
import type { Io } from './io.ts';

let collector: TestCollector;
let agent: TestAgent;
let sequence = 0;

beforeEach(async () => {
  collector = await startTestCollector();
  agent = new TestAgent(collector.addresses.link);
  agent.hello();
  await agent.frame('welcome');
});

afterEach(async () => {
  agent.cut();
  await collector.stop();
});

async function raise(...alerts: readonly Alert[]): Promise<void> {
  sequence += 1;
  const acks = agent.frames.filter(({ kind }) => kind === 'ack').length;
  agent.send({ kind: 'alerts', epoch: 'e1', sequence, alerts, gaps: [] });
  await agent.frame('ack', acks);
}

function start(line: string, over: Partial<Io> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const exit = runLannerctl(line.split(' '), {
    write: (text) => out.push(text),
    writeError: (text) => err.push(text),
    env: { LANNER_URL: collector.addresses.api, LANNER_TOKEN: collector.token },
    isTerminal: false,
    columns: undefined,
    signal: new AbortController().signal,
    ...over,
  });
  return { exit, out: () => out.join(''), err: () => err.join('') };
}

async function run(line: string, over: Partial<Io> = {}) {
  const running = start(line, over);
  return { exit: await running.exit, out: running.out(), err: running.err() };
}

describe('lannerctl', () => {
  test('lists alerts oldest first, filtered, in lines or JSON', async () => {
    await raise(anAlert({ id: 'a', severity: 'low' }), anAlert({ id: 'b' }));
    const all = await run('alerts');
    expect(all.exit).toBe(0);
    expect(all.out.split('\n')[0]).toMatch(/^10:00:00 LOW +shop\/web-\S+ +\/bin\/bash started/);
    const json = await run('--json alerts --severity high');
    expect(json.out.trim().split('\n').map((line) => (JSON.parse(line) as Alert).id))
      .toEqual(['b']);
  });

  test('follows alerts as they arrive: each once, those it is asked for', async () => {
    await raise(anAlert({ id: 'before' }));
    const stopping = new AbortController();
    const following = start('alerts --follow --json --severity high', {
      signal: stopping.signal,
    });
    await vi.waitUntil(() => following.out().includes('"before"'));
    await raise(anAlert({ id: 'low', severity: 'low' }));
    await raise(anAlert({ id: 'now' }));
    await vi.waitUntil(() => following.out().includes('"now"'));
    stopping.abort();
    expect(await following.exit).toBe(0);
    const ids = following.out().trim().split('\n').map((line) => (JSON.parse(line) as Alert).id);
    expect(ids).toEqual(['before', 'now']);
  });

  test('shows incidents, and one with its alerts', async () => {
    await raise(anAlert({ severity: 'critical' }));
    await vi.waitUntil(async () => (await run('incidents')).out !== '');
    const list = await run('incidents --state open');
    expect(list.out).toContain('incident-alert-1');
    const shown = await run('incident show incident-alert-1');
    expect(shown.out).toContain('pod shop/web-7k4r7fk9xj-xn5cd (uid-1) on node-1');
    expect(shown.out).toContain(': kill web-7k4r7fk9xj-xn5cd, proposed');
    expect((await run('--lang zh incidents')).out).toContain('启动了');
  });

  test('proposes, approves and lists responses', async () => {
    await raise(anAlert({ severity: 'low' }));
    const proposed = await run('respond kill --alert alert-1 --why test');
    expect(proposed).toMatchObject({ exit: 0 });
    const id = /^(response-\S+): kill shop\/\S+, proposed$/m.exec(proposed.out)?.[1] ?? '';
    expect((await run(`respond approve ${id}`)).out).toContain('approved');
    await vi.waitUntil(async () => (await run('responses')).out.includes('not-executed'));
    expect((await run('responses --state not-executed')).out).toContain('no-cluster');
    expect(await run(`respond approve ${id}`)).toMatchObject({ exit: 6 });
    expect(await run('respond isolate --alert alert-1 --why test --dry-run')).toMatchObject({ exit: 6 });
    expect(await run('respond kill --namespace kube-system --pod p --uid u --why test'))
      .toMatchObject({ exit: 6, err: expect.stringContaining('protected') as string });
  });

  test('lists nodes and images', async () => {
    await vi.waitUntil(async () => (await run('nodes')).out.includes('node-1'));
    expect((await run('nodes')).out).toMatch(/NODE +CLUSTER +LINK[^]*node-1 +c1 +connected/);
    expect((await run('images')).out).toContain('IMAGE');
  });

  test('shows what is known since the hello, and names a profile that has no image', async () => {
    const learned = { coverage: 0.5, observations: 9, pods: 1, completeInSeconds: -1 };
    agent.send({
      kind: 'heartbeat',
      time: '2026-01-01T00:00:00Z',
      eventsReceived: 1,
      eventsJudged: 1,
      eventsDropped: 0,
      outboxPending: 0,
      lagSeconds: 0,
      falcoVersion: '0.41.7',
      sensorState: 'disconnected',
      sensorDetail: 'gone',
      images: [{
        ...learned,
        profileKey: 'host:default',
        image: { repository: '', tag: '', digest: '' },
        state: 'learning',
      }],
    });
    await vi.waitUntil(async () => (await run('images')).out.includes('host:default'));
    expect((await run('nodes')).out).toMatch(/ 0\.41\.7 +disconnected /);
  });

  test('ends with the documented exit codes', async () => {
    expect((await run('--help')).exit).toBe(0);
    expect(await run('--version')).toMatchObject({ exit: 0, out: '0.1.0\n' });
    expect((await run('nonsense')).exit).toBe(2);
    expect((await run('alerts --severity loud')).exit).toBe(2);
    expect((await run('respond kill')).exit).toBe(2);
    expect((await run('alerts', { env: { LANNER_URL: 'http://127.0.0.1:1' } })).exit).toBe(3);
    expect((await run('alerts --follow', { env: { LANNER_URL: 'http://127.0.0.1:1' } })).exit)
      .toBe(3);
    const env = { LANNER_URL: collector.addresses.api, LANNER_COLLECTOR_DATA_DIR: '/' };
    const noToken = { env };
    expect(await run('respond kill --alert x --why test', noToken)).toMatchObject({
      exit: 4,
      err: expect.stringContaining('LANNER_TOKEN') as string,
    });
    expect((await run('incident show none')).exit).toBe(5);
    const byFile = { LANNER_URL: collector.addresses.api, LANNER_TOKEN_FILE: collector.tokenFile };
    expect((await run('respond approve none', { env: byFile })).exit).toBe(5);
  });

  test('escapes what alerts say, also in JSON and errors', async () => {
    const text = '\u001b[2J\u202e\u0007';
    await raise(anAlert({ pod: text, reason: { en: text, zh: text } }));
    for (const line of ['alerts', '--json alerts', 'responses']) {
      const { out } = await run(line, { isTerminal: true, columns: 80, env: {
        LANNER_URL: collector.addresses.api,
        LANNER_TOKEN: collector.token,
        NO_COLOR: '1',
      } });
      expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });
});
