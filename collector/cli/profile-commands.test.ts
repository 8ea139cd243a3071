import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ProfileDocument } from '../../baseline/profile/document.ts';
import { toReview } from '../profiles/review.ts';
import { reviewYaml } from '../profiles/review-yaml.ts';
import { anAlert } from '../testing/alerts.ts';
import { IMAGE, KEY, learned, zipped } from '../testing/profiles.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import { TestAgent } from '../testing/test-agent.ts';
import type { Io } from './io.ts';
import { runLannerctl } from './run.ts';

let collector: TestCollector;
let agent: TestAgent;
let folder: string;

const NEWER = { ...IMAGE, tag: '1.1', digest: 'sha256:2' };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-profile-cli-'));
  collector = await startTestCollector();
  agent = new TestAgent(collector.addresses.link);
  agent.hello();
  await bring(
    learned({ files: ['a'], pods: ['p1', 'p2'] }),
    learned({ image: NEWER, files: ['a', 'b'], pods: ['p3', 'p4'] }),
  );
});

afterEach(async () => {
  agent.cut();
  await collector.stop();
  rmSync(folder, { recursive: true });
});

async function bring(...documents: readonly ProfileDocument[]): Promise<void> {
  for (const document of documents) {
    const { key: profileKey } = document;
    agent.send({ kind: 'evidence', profileKey, revision: 1, document: zipped(document) });
  }
  agent.send({ kind: 'alerts', epoch: 'e1', sequence: 1, alerts: [anAlert()], gaps: [] });
  await agent.frame('ack');
}

async function run(args: string | readonly string[], over: Partial<Io> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const exit = await runLannerctl(typeof args === 'string' ? args.split(' ') : args, {
    write: (text) => out.push(text),
    writeError: (text) => err.push(text),
    env: {
      LANNER_URL: collector.addresses.api,
      LANNER_TOKEN: collector.token,
    },
    isTerminal: false,
    columns: undefined,
    signal: new AbortController().signal,
    ...over,
  });
  return { exit, out: out.join(''), err: err.join('') };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('lannerctl profile', () => {
  test('lists, and shows one by its tag, its key or a beginning that says enough', async () => {
    const list = await run('profile list');
    expect(list.out).toMatch(/PROFILE +STATE[^]*docker\.io\/shop\/web:1\.0 +learning/);
    expect((await run('profile list --limit 1')).out.match(/docker/g)?.length).toBe(2);
    expect((await run('profile list --limit x')).exit).toBe(2);
    expect((await run('profile list --json')).out.trim().split('\n').length).toBe(2);
    for (const name of ['docker.io/shop/web:1.0', KEY, 'docker.io/shop/web@sha256:1']) {
      const shown = await run(['profile', 'show', name]);
      expect(shown).toMatchObject({ exit: 0 });
      expect(shown.out).toContain('write /var/log/a by web');
      expect(shown.out).toContain(`key ${KEY}`);
    }
    const several = await run('profile show docker.io/shop/web');
    expect(several.exit).toBe(2);
    expect(several.err).toContain('2 profiles');
    expect((await run('profile show docker.io/nobody')).exit).toBe(5);
    const json = await run(['profile', 'show', KEY, '--json', '--channel', 'exec']);
    expect(JSON.parse(json.out)).toMatchObject({ channels: [{ channel: 'exec' }] });
  });

  test('exports the same bytes each time, approves what a file has more, and compares', async () => {
    const exported = await run(['profile', 'export', KEY]);
    expect(exported.out).toMatch(/^format: lanner-review\/1\n/);
    const path = file('web.yaml', exported.out.replace('/var/log/a', '/var/log/z'));
    const dry = await run(['profile', 'import', path, '--dry-run', '--why', 'look']);
    expect(dry.out).toBe(`${KEY}: 1 behaviour would be approved\n` +
      '+ file-write   write /var/log/z by web\n');
    expect((await run(['profile', 'import', path, '--why', 'from test'])).out)
      .toContain(': 1 behaviour approved\n');
    expect((await run('decisions')).out).toContain('accept "write /var/log/z by web"');
    expect((await run(['profile', 'export', KEY])).out).toBe(exported.out);
    expect((await run('profile diff docker.io/shop/web:1.0 docker.io/shop/web:1.1')).out)
      .toContain('+ file-write   write /var/log/b by web\n');
  });

  test('compares two exported files without a collector', async () => {
    const before = file('a.yaml', reviewYaml(toReview(learned({ files: ['a'] }))));
    const after = file('b.yaml', reviewYaml(toReview(learned({ files: ['b'] }))));
    const alone = { env: { LANNER_URL: 'http://127.0.0.1:1' } };
    const diff = await run(['profile', 'diff', before, after], alone);
    expect(diff).toMatchObject({ exit: 0 });
    expect(diff.out).toBe('- file-write   write /var/log/a by web\n' +
      '+ file-write   write /var/log/b by web\n');
    expect((await run(['profile', 'diff', before, before], alone)).out).toBe('no difference\n');
    expect((await run(['profile', 'diff', before, KEY])).exit).toBe(5);
    const bad = file('bad.yaml', reviewYaml(toReview(learned())).replace(/^format: .*/, 'format: x'));
    expect(await run(['profile', 'diff', before, bad], alone)).toMatchObject({
      exit: 2,
      err: expect.stringMatching(/bad\.yaml: line 1, format/) as string,
    });
    const none = join(folder, 'none.yaml');
    expect((await run(['profile', 'import', none, '--why', 'x'])).exit).toBe(2);
  });

  test('approves, rejects, locks, unlocks and forgets, with who and why', async () => {
    const approved = await run(['profile', 'approve', 'docker.io/shop/web:1.1', '--against',
      'docker.io/shop/web:1.0', '--why', 'read the diff']);
    expect(approved).toMatchObject({ exit: 0 });
    expect(approved.out).toMatch(
      /^decision-\S+: accept "write \/var\/log\/b by web" for docker\.io\/shop\/web@sha256:2\n$/);
    const rejected = await run(['profile', 'reject', KEY, '--scope', 'everywhere',
      '--behaviour', 'exec=exec /bin/nc as root ← sh', '--why', 'never']);
    expect(rejected.out).toMatch(/reject "exec \/bin\/nc as root ← sh" everywhere\n$/);
    expect((await run(['profile', 'lock', KEY, '--why', 'audit'])).out).toMatch(/: lock for docker/);
    expect((await run('profile list')).out).toMatch(/shop\/web:1\.0 +learning, locked/);
    expect((await run(['profile', 'lock', KEY, '--why', 'audit'])).exit).toBe(6);
    expect((await run(['profile', 'unlock', KEY, '--why', 'done'])).out)
      .toMatch(/^decision-\S+: undone, lock for/);
    expect((await run(['profile', 'reset', KEY, '--why', 'bad start'])).out)
      .toContain(`forgotten: ${KEY}\n`);
    const decisions = await run('decisions');
    expect(decisions.out).toMatch(/DECISION[^]*reset for[^]*reject "exec[^]*accept "write/);
    expect(decisions.out).toContain(' token:bootstrap ');
    expect((await run(['profile', 'lock', KEY])).exit).toBe(2);
    expect((await run(['profile', 'approve', KEY, '--why', 'x'])).exit).toBe(6);
    expect((await run(['profile', 'approve', KEY, '--behaviour', 'x', '--why', 'y'])).exit).toBe(2);
  });

  test('learn teaches from an alert, decisions undo takes it back', async () => {
    const learnt = await run(['learn', 'alert-1', '--why', 'backup', '--scope', 'lineage']);
    expect(learnt).toMatchObject({ exit: 0 });
    const id = /^(decision-\S+): accept "exec \/bin\/bash ← gunicorn" for docker\.io\/shop\/web\n$/
      .exec(learnt.out)?.[1] ?? '';
    expect(id).not.toBe('');
    expect((await run(['learn', 'alert-1', '--why', 'backup'])).exit).toBe(6);
    expect((await run(['learn', 'none', '--why', 'backup'])).exit).toBe(5);
    expect((await run('learn alert-1')).exit).toBe(2);
    expect((await run(['decisions', 'undo', id, '--why', 'no'])).out).toContain('undone, accept');
    expect((await run(['decisions', 'undo', id, '--why', 'no'])).exit).toBe(6);
    expect((await run(['decisions', 'undo', 'none', '--why', 'no'])).exit).toBe(5);
    expect((await run('decisions --all --json')).out).toContain('"undoneBy":"token:bootstrap"');
  });

  test('what events and people said is escaped at the terminal', async () => {
    await run(['profile', 'lock', KEY, '--why', '\u001b[2J\u202e']);
    for (const line of [['decisions'], ['profile', 'show', KEY], ['decisions', '--json'],
      ['profile', 'export', KEY]]) {
      const { out, exit } = await run(line, { isTerminal: true, columns: 200 });
      expect(exit).toBe(0);
      expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  test('every command has a help with an example', async () => {
    for (const name of ['list', 'show', 'export', 'import', 'diff', 'approve', 'reject', 'lock',
      'unlock', 'reset']) {
      const help = await run(`profile ${name} --help`);
      expect([name, help.exit, help.out.includes(`lannerctl profile ${name}`)])
        .toEqual([name, 0, true]);
    }
    for (const name of ['learn', 'decisions']) {
      expect((await run(`${name} --help`)).out).toContain('Examples:');
    }
  });
});
