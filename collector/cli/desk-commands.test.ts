import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Alert } from '../../baseline/alert.ts';
import { aBehaviour, anAlert } from '../testing/alerts.ts';
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

async function run(args: readonly string[], over: Partial<Io> = {}) {
  let out = '';
  let err = '';
  const exit = await runLannerctl(args, {
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      err += text;
    },
    env: { LANNER_URL: collector.addresses.api, LANNER_TOKEN: collector.token },
    isTerminal: false,
    columns: undefined,
    signal: new AbortController().signal,
    ...over,
  });
  return { exit, out, err };
}

/** A busy machine may take its time. */
const until = (condition: () => boolean | Promise<boolean>): Promise<unknown> =>
  vi.waitUntil(condition, { timeout: 20_000 });

const alertOf = (id: string, over: Partial<Alert> = {}): Alert =>
  anAlert({ id, podUid: id, pod: `${id}-0`, workload: id, severity: 'low',
    behaviours: [aBehaviour({ value: `exec /bin/${id} ← gunicorn` })], ...over });

async function incidentId(): Promise<string> {
  await until(async () => (await run(['incidents', '--json'])).out !== '');
  return String((JSON.parse((await run(['incidents', '--json'])).out) as { id: string }).id);
}

describe('incidents', () => {
  test('are taken through their whole life from the command line', async () => {
    await raise(alertOf('a'));
    const id = await incidentId();
    expect((await run(['incidents', '--new'])).out).toContain('[open, new, score');
    expect(await run(['incident', 'ack', id])).toMatchObject({ exit: 0, out: 'acknowledge: done\n' });
    expect((await run(['incident', 'ack', id])).exit).toBe(6);
    expect((await run(['incident', 'assign', id, 'li.wei@bank.example'])).exit).toBe(0);
    expect((await run(['incidents', '--assignee', 'li.wei@bank.example'])).out)
      .toContain('[open, with li.wei@bank.example, score');
    await run(['incident', 'comment', id, 'asked', 'the\u001b[2J', 'team']);
    const closed = ['--verdict', 'benign', '--why', 'drill'];
    expect((await run(['incident', 'close', id, '--why', 'drill'])).exit).toBe(2);
    expect((await run(['incident', 'close', id, ...closed])).exit).toBe(0);
    const page = (await run(['incident', 'show', id])).out;
    expect(page).toContain('asked the\\x1b[2J team');
    expect(page).toContain('closed by token:bootstrap');
    expect(page).not.toContain('\u001b');
    const line = (await run(['incident', 'show', id, '--timeline'])).out;
    expect(line).toMatch(/finding low shop\/a-0 exec: exec \/bin\/a ← gunicorn/);
    expect(line).toMatch(/decision token:bootstrap: close benign: drill/);
    expect((await run(['incident', 'reopen', id, '--why', 'again'])).exit).toBe(0);
    expect((await run(['incident', 'show', 'none'])).exit).toBe(5);
    expect((await run(['incident', 'comment', id, 'x'.repeat(4_001)])).exit).toBe(6);
  });
});

describe('finding', () => {
  test('pods and search escape what attackers named', async () => {
    await raise(alertOf('a', { pod: 'web-\u202e\u001b]0;x\u0007' }));
    const pods = await run(['pods']);
    expect(pods).toMatchObject({ exit: 0 });
    expect(pods.out).toContain('web-\\u{202e}\\x1b]0;x\\x07');
    const found = await run(['search', 'web-']);
    expect(found.out).toContain('pod       shop/web-\\u{202e}');
    expect(JSON.parse((await run(['search', '--json', 'web-'])).out)).toHaveProperty('alerts');
    expect((await run(['search', 'x'])).exit).toBe(6);
  });

  test('alerts are listed over as many pages as it takes', async () => {
    const many = Array.from({ length: 700 }, (_, n) => alertOf(`n${n}`, { podUid: 'one' }));
    for (let start = 0; start < many.length; start += 50) {
      await raise(...many.slice(start, start + 50));
    }
    const lines = (await run(['alerts', '--limit', '650', '--handling', 'all'])).out
      .split('\n').length - 1;
    expect(lines).toBe(650);
    expect((await run(['alerts', '--search', 'bin/n699'])).out.split('\n').length).toBe(2);
    expect((await run(['alerts', '--limit', '0'])).exit).toBe(2);
    expect((await run(['alerts', '--since', 'yesterday'])).exit).toBe(6);
  }, 20_000);

  test('a follower sees each alert once, and those of its namespace alone', async () => {
    await raise(alertOf('old'));
    const stopping = new AbortController();
    let out = '';
    const following = runLannerctl(['alerts', '--follow', '--namespace', 'shop', '--json'], {
      write: (text) => {
        out += text;
      },
      writeError: () => undefined,
      env: { LANNER_URL: collector.addresses.api, LANNER_TOKEN: collector.token },
      isTerminal: false,
      columns: undefined,
      signal: stopping.signal,
    });
    await until(() => out !== '');
    await raise(alertOf('other', { namespace: 'pay' }));
    // The same again is quietened: it comes a second time, and is shown once.
    await raise(alertOf('same', { behaviours: [aBehaviour()] }));
    await raise(alertOf('again', { behaviours: [aBehaviour()] }));
    await raise(alertOf('last'));
    const ids = (): readonly unknown[] => out.trim().split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    await until(() => ids().includes('last'));
    stopping.abort();
    expect(await following).toBe(0);
    expect(ids()).toEqual(['old', 'same', 'again', 'last']);
  });
});
