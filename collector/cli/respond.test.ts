import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { anAlert } from '../testing/alerts.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { runLannerctl } from './run.ts';

/** lannerctl's side of responses, policy and audit, on a collector without a cluster. */
let folder: string;
let collector: TestCollector;

const anchors = (): string => join(folder, 'anchors.jsonl');

async function begin(): Promise<void> {
  collector = await startTestCollector({
    folder,
    inMemory: false,
    yaml: `{ policy: { file: ${join(folder, 'policy.yaml')} },
      audit: { anchorFile: ${anchors()}, anchorSeconds: 1 } }`,
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-ctl-'));
  writeFileSync(join(folder, 'policy.yaml'), 'fourEyes: [kill]');
  await begin();
});

afterEach(async () => {
  await collector.stop();
  rmSync(folder, { recursive: true });
});

const run = (...args: readonly string[]) => runAs(collector.token, ...args);

async function runAs(token: string, ...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const exit = await runLannerctl(args, {
    write: (text) => out.push(text),
    writeError: (text) => err.push(text),
    env: { LANNER_URL: collector.addresses.api, LANNER_TOKEN: token },
    isTerminal: false,
    columns: undefined,
    signal: new AbortController().signal,
  });
  return { exit, out: out.join(''), err: err.join('') };
}

async function raise(over = {}): Promise<void> {
  const agent = new TestAgent(collector.addresses.link);
  agent.hello();
  agent.send({ kind: 'alerts', epoch: 'e1', sequence: 1, gaps: [], alerts: [anAlert(over)] });
  await agent.frame('ack');
  agent.cut();
}

describe('respond', () => {
  test('goes from a proposal by one to an approval by another, and shows it all', async () => {
    await raise({ severity: 'low' });
    const proposed = await run('respond', 'kill', '--alert', 'alert-1', '--why', 'reverse shell');
    expect(proposed).toMatchObject({ exit: 0 });
    expect(proposed.out).toContain('connected to no cluster: this will be recorded, not executed');
    const id = /^(response-\S+): kill/.exec(proposed.out)?.[1] ?? '';
    const own = await run('respond', 'approve', id);
    expect(own).toMatchObject({ exit: 6 });
    expect(own.err).toContain('four eyes: somebody else has to approve');
    const bob = (await run('token', 'create', '--name', 'bob', '--role', 'approver')).out.trim();
    expect(await runAs(bob, 'respond', 'approve', id)).toMatchObject({ exit: 0 });
    await vi.waitFor(async () => {
      expect((await run('respond', 'show', id)).out).toContain('not-executed no-cluster');
    });
    const { out } = await run('respond', 'show', id);
    expect(out).toMatch(/^why +reverse shell$/m);
    expect(out).toMatch(/^proposed .* by token:bootstrap$/m);
    expect(out).toMatch(/^approved +token:bob$/m);
    expect(out).toMatch(/^plan +1\. two different people approve$/m);
    expect(out).toMatch(/^process +4711 bash, seen /m);
    expect((await run('respond', 'undo', id, '--why', 'x')).err).toContain('not in effect');
    expect((await run('respond', 'evidence', id)).out).toContain('NAME');
    expect(await run('respond', 'evidence', id, 'x.txt')).toMatchObject({ exit: 2 });
    const output = join(folder, 'x.txt');
    expect(await run('respond', 'evidence', id, 'x.txt', '--output', output))
      .toMatchObject({ exit: 5 });
  });

  test('asks for a reason and a pod, and every action has its help', async () => {
    expect((await run('respond', 'kill', '--alert', 'a')).err).toContain('--why');
    expect((await run('respond', 'freeze', '--why', 'x')).err).toContain('name the pod');
    const help = await run('respond', '--help');
    expect(help.exit).toBe(0);
    for (const word of ['freeze', 'isolate', 'kill-process', 'cordon', 'scale-to-zero', 'thaw',
      'release', 'undo', 'Examples:']) expect(help.out).toContain(word);
  });
});

test('the stop button holds across a restart', async () => {
  await raise({ severity: 'low' });
  const { out } = await run('respond', 'label', '--alert', 'alert-1', '--why', 'x');
  const id = /^(response-\S+):/.exec(out)?.[1] ?? '';
  expect((await run('response', 'pause', '--why', 'wrong rule')).out)
    .toMatch(/^responses are paused since \S+ by token:bootstrap: wrong rule$/m);
  await collector.stop();
  await begin();
  expect((await run('response', 'status')).out).toContain('are paused');
  expect(await run('respond', 'approve', id)).toMatchObject({ exit: 6 });
  expect((await run('response', 'resume', '--why', 'mended')).out).toContain('may begin');
  expect(await run('respond', 'approve', id)).toMatchObject({ exit: 0 });
});

describe('policy', () => {
  test('check says that it is valid, or everything that is wrong', async () => {
    const file = join(folder, 'other.yaml');
    writeFileSync(file, 'rules: [{ name: a, action: kill, mode: act }]');
    expect(await run('policy', 'check', file)).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/is valid, version [0-9a-f]{12}\na: act kill\n/) as string,
    });
    writeFileSync(file, 'rules: [{ name: a, action: explode, mod: act }]\nx: 1');
    const wrong = await run('policy', 'check', file);
    expect(wrong.exit).toBe(6);
    expect(wrong.err).toContain('did you mean "mode"?');
    expect(wrong.err).toContain('x: unknown key');
    expect(await run('policy', 'check', join(folder, 'none'))).toMatchObject({ exit: 2 });
  });

  test('a trial says what it would have done with stored and with recorded alerts', async () => {
    await raise({ severity: 'critical' });
    const file = join(folder, 'other.yaml');
    writeFileSync(file, `rules:
  - { name: act, match: { severityMin: critical }, mode: act, action: kill }
  - { name: never, match: { scoreMin: 100 }, action: label }`);
    const stored = await run('policy', 'test', file, '--since', '1h');
    expect(stored.out).toMatch(/shop\/web-\S+ +critical 80 +act +act kill/);
    expect(stored.out).toContain('of 1 alerts 1 would have a response, 1 of them without a person');
    expect(stored.out).toContain('rules that never matched: never');
    expect((await run('policy', 'test')).out).toContain('propose kill');
    const recording = join(folder, 'alerts.jsonl');
    writeFileSync(recording, (await run('--json', 'alerts')).out);
    expect((await run('policy', 'test', file, '--recording', recording)).out).toContain('act kill');
    writeFileSync(recording, '{"id": 1}');
    expect((await run('policy', 'test', file, '--recording', recording)).err)
      .toContain('alerts.jsonl:1 is not an alert');
    expect(await run('policy', 'test', '--since', 'ever')).toMatchObject({ exit: 2 });
    expect((await run('policy', 'show')).out).toContain('"fourEyes":["kill"]');
  });
});

describe('audit', () => {
  const verify = (...more: readonly string[]) => run('audit', 'verify', ...more);
  const key = (): string => join(folder, 'audit-anchor.key.pub');

  test('list shows records; verify finds an edit by whoever can write to the store', async () => {
    await run('response', 'pause', '--why', 'x');
    expect((await run('audit', 'list')).out).toMatch(/token:bootstrap +response\.pause/);
    expect((await verify()).out).toMatch(/^\d+ records hold$/m);
    await edit(`update audit set actor = 'eve' where action = 'response.pause'`);
    const broken = await verify();
    expect(broken.exit).toBe(1);
    expect(broken.err).toMatch(/the audit is broken at record \d+/);
  });

  test('an anchor shows that the end was cut off, which the chain alone cannot', async () => {
    for (const why of ['a', 'b', 'c']) await run('response', 'pause', '--why', why);
    await collector.stop();
    await begin();
    expect((await verify('--anchor', anchors(), '--key', key())).out)
      .toMatch(/records hold; \d+ anchors agree up to record \d+ of \S+, all signed/);
    // Kept elsewhere, as an anchor has to be: the collector will write new ones after the attack.
    const kept = join(folder, 'kept.jsonl');
    writeFileSync(kept, readFileSync(anchors()));
    await edit('delete from audit where number > 3', RESET);
    expect(await verify()).toMatchObject({ exit: 0 });
    const cut = await verify('--anchor', kept, '--key', key());
    expect(cut.exit).toBe(1);
    expect(cut.err).toMatch(/cut off|made anew/);
  });

  test('an anchor that somebody else signed, or wrote by hand, is none', async () => {
    await vi.waitFor(() => expect(readFileSync(anchors(), 'utf8')).toContain('signature'));
    const [line = ''] = readFileSync(anchors(), 'utf8').split('\n');
    const forged = join(folder, 'forged.jsonl');
    writeFileSync(forged, line.replace('"number":1', '"number":2'));
    expect((await verify('--anchor', forged, '--key', key())).err)
      .toContain('forged.jsonl:1: the signature is not of that key');
    writeFileSync(forged, 'number 1');
    expect((await verify('--anchor', forged)).err).toContain('forged.jsonl:1 is not an anchor');
    expect(await verify('--anchor', join(folder, 'none'))).toMatchObject({ exit: 2 });
    expect(await verify('--anchor', anchors(), '--key', anchors())).toMatchObject({ exit: 2 });
  });

  /** Whatever keeps the newest number beside the rows is set back too: a careful attacker. */
  const RESET = "update counters set value = 3 where name = 'audit'";

  async function edit(...statements: readonly string[]): Promise<void> {
    await collector.stop();
    const db = new DatabaseSync(join(folder, 'collector.db'));
    for (const statement of statements) db.exec(statement);
    db.close();
    await begin();
  }
});
