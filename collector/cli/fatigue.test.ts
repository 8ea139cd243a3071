import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { runLannerctl } from './run.ts';

let collector: TestCollector;
let agent: TestAgent;
const HOSTILE = '\u001b[2J\u202e';

beforeAll(async () => {
  collector = await startTestCollector();
  agent = new TestAgent(collector.addresses.link);
  agent.hello();
  await agent.frame('welcome');
  const now = new Date().toISOString();
  const over = { firstTime: now, lastTime: now };
  const odd = [aBehaviour({ value: `exec ${HOSTILE} ← sh` })];
  const alerts = [anAlert({ id: 'a', ...over }),
    anAlert({ id: 'b', ...over, pod: HOSTILE, podUid: 'u2', behaviours: odd, reason: { en: HOSTILE, zh: '' } })];
  agent.send({ kind: 'alerts', epoch: 'e1', sequence: 1, alerts, gaps: [] });
  await agent.frame('ack');
});

afterAll(async () => {
  agent.cut();
  await collector.stop();
});

async function run(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const exit = await runLannerctl(args, {
    write: (text) => out.push(text),
    writeError: (text) => err.push(text),
    env: { LANNER_URL: collector.addresses.api, LANNER_TOKEN: collector.token },
    isTerminal: false,
    columns: undefined,
    signal: new AbortController().signal,
  });
  return { exit, out: out.join(''), err: err.join('') };
}

const idIn = (text: string, kind: string): string =>
  new RegExp(`${kind}-[0-9a-f-]{36}`).exec(text)?.[0] ?? '';

test('suppress: a rule is tried, made of an alert, listed, shown and ended', async () => {
  const preview = await run('suppress', 'preview', '--namespace', 'sho*', '--channel', 'exec');
  expect(preview.out).toMatch(/^2 alerts of 2 in 7 days \(2 high\)\n/);
  expect(preview.out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  const made = await run('suppress', 'create', '--alert', 'a', '--days', '14', '--owner', 'web',
    '--why', 'nightly report');
  expect(made).toMatchObject({ exit: 0 });
  expect(made.out).toContain('namespace=shop workload=web image=docker.io/shop/web');
  expect(made.out).toContain('"exec /bin/bash ← gunicorn"');
  const id = idIn(made.out, 'suppression');
  expect((await run('suppress', 'list')).out).toMatch(new RegExp(`${id} +in-force +never +-`));
  const shown = await run('suppress', 'show', id);
  expect(shown.out).toContain('owner       web');
  expect(shown.out).toMatch(/made +\S+ by token:bootstrap/);
  const json = await run('--json', 'suppress', 'list');
  expect(JSON.parse(json.out)).toMatchObject({ id, hits: 0, reason: 'nightly report' });
  expect((await run('suppress', 'expire', id, '--why', 'accepted')).out).toContain('ended');
  expect(await run('suppress', 'expire', id, '--why', 'accepted')).toMatchObject({ exit: 6 });
  expect((await run('suppress', 'list', '--all')).out).toContain(id);
});

test('suppress: what is too broad or no rule at all is refused', async () => {
  const create = (...args: readonly string[]) =>
    run('suppress', 'create', '--owner', 'web', '--why', 'x', ...args);
  expect(await create()).toMatchObject({ exit: 6 });
  expect((await create('--kind', 'anomaly')).err).toContain('names a namespace');
  expect(await create('--channel', 'smell')).toMatchObject({ exit: 2 });
  expect(await create('--namespace', 'shop', '--days', 'x')).toMatchObject({ exit: 2 });
  expect(await create('--alert', 'nothing')).toMatchObject({ exit: 5 });
  expect(await run('suppress', 'show', 'nothing')).toMatchObject({ exit: 5 });
});

test('maintenance: a window is made, listed, reported and ended', async () => {
  const made = await run('maintenance', 'create', '--label', 'db-upgrade', '--namespace', 'shop',
    '--hours', '3', '--owner', 'dba', '--why', 'postgres 17');
  expect(made).toMatchObject({ exit: 0 });
  const id = idIn(made.out, 'window');
  expect(made.out).toMatch(/db-upgrade +active/);
  const now = new Date().toISOString();
  const alert = anAlert({ id: 'm', podUid: 'u3', firstTime: now, lastTime: now, pod: HOSTILE });
  agent.send({ kind: 'alerts', epoch: 'e1', sequence: 2, alerts: [alert], gaps: [] });
  await vi.waitUntil(async () =>
    (await run('maintenance', 'report', id)).out.includes('1 quietened'));
  const report = await run('maintenance', 'report', id);
  expect(report.out).toContain('as judged: 1 high');
  expect(report.out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect((await run('maintenance', 'end', id, '--why', 'done')).out).toMatch(/ended/);
  const weekly = await run('maintenance', 'create', '--label', 'patch', '--node', 'pool-a-*',
    '--weekly', 'sun', '--at', '02:00', '--minutes', '180', '--zone', 'Asia/Shanghai',
    '--owner', 'platform', '--why', 'kernel updates');
  expect(weekly.out).toContain('sun 02:00 Asia/Shanghai, 180 min');
  expect((await run('maintenance', 'list')).out).not.toContain(id);
  expect(await run('maintenance', 'create', '--label', 'x', '--node', 'n', '--owner', 'o', '--why',
    'w')).toMatchObject({ exit: 2 });
});

test('budget: lists the images, and those that are over', async () => {
  const all = await run('budget');
  expect(all.out).toMatch(/ALLOWED\/D +1 D +7 D +30 D/);
  expect(all.out).toMatch(/0\.00 +2 +2 +2 +\d+ +\d+ +\d+ +0 +docker\.io\/shop\/web/);
  // Nobody says to run it: it has no budget, and is not over it.
  expect((await run('budget', '--over')).out).not.toContain('shop/web');
});
