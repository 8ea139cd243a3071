import { execFileSync } from 'node:child_process';
import {
  copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { readStages } from './dockerfile.ts';
import type { Stage } from './dockerfile.ts';
import { assembleRoot, filesIn, librariesOf, runIn } from './root.ts';
import type { Running } from './root.ts';

/** What the two images hold, run as they would be: as their users, read-only, without a shell. */

const ROOT = join(import.meta.dirname, '..', '..');
const stages = readStages(join(ROOT, 'deploy', 'image', 'Dockerfile'));
const folder = mkdtempSync(join(tmpdir(), 'lanner-image-'));
const agentRoot = join(folder, 'agent-root');
const collectorRoot = join(folder, 'collector-root');
const TOKEN = 'image-test-token-0123456789abcdefghijkl';

const stage = (name: string): Stage => {
  const found = stages.get(name);
  if (found === undefined) throw new Error(`the Dockerfile has no stage ${name}`);
  return found;
};

const running: Running[] = [];
const run = (...given: Parameters<typeof runIn>): Running => {
  const started = runIn(...given);
  running.push(started);
  return started;
};

beforeAll(() => {
  // The Dockerfile's own build steps, here without the engine.
  const image = join(folder, 'build', 'image');
  const step = (...command: readonly string[]): void => {
    execFileSync(process.execPath, command, { cwd: ROOT, stdio: 'inherit' });
  };
  step('console/build.ts');
  step('deploy/image/bundle.ts', image);
  const libraries = join(folder, 'build', 'lib');
  mkdirSync(libraries);
  const atomic = librariesOf(process.execPath).find((path) => path.includes('libatomic'));
  if (atomic !== undefined) {
    copyFileSync(realpathSync(atomic), join(libraries, 'libatomic.so.1'));
  }
  const built = new Map([
    ['/usr/local/bin/node', process.execPath],
    ['/src/build/lib/', libraries],
    ['/src/build/image/agent/', join(image, 'agent')],
    ['/src/build/image/collector/', join(image, 'collector')],
  ]);
  assembleRoot(stage('agent'), built, agentRoot);
  assembleRoot(stage('collector'), built, collectorRoot);
});

afterEach(async () => {
  for (const program of running.splice(0)) await program.stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A program that has ended will not come to anything. */
async function until<T>(ask: () => Promise<T | undefined>, program: Running): Promise<T> {
  let hasEnded = false;
  void program.ended.then(() => {
    hasEnded = true;
  });
  for (let tries = 0; tries < 300 && !hasEnded; tries += 1) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`it did not come to that:\n${program.output()}`);
}

const settings = (root: string, name: string, text: string): void => {
  mkdirSync(join(root, 'etc', 'lanner'), { recursive: true });
  writeFileSync(join(root, 'etc', 'lanner', name), text);
};

type Collector = { readonly api: string; readonly link: string; readonly program: Running };

async function startCollector(): Promise<Collector> {
  const [api, link] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  settings(collectorRoot, 'token', `${TOKEN}\n`);
  settings(collectorRoot, 'collector.yaml', `
dataDir: /var/lib/lanner
api: { address: "${api}", tokenFile: /etc/lanner/token }
link: { address: "${link}" }
`);
  const program = run({
    root: collectorRoot,
    stage: stage('collector'),
    arguments: ['--config', '/etc/lanner/collector.yaml'],
    uid: 65_532,
  });
  await until(async () => (await fetch(`http://${api}/readyz`)).ok || undefined,
  program);
  return { api, link, program };
}

const ask = async (api: string, path: string): Promise<unknown> =>
  (await fetch(`http://${api}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })).json();

type Alerts = { readonly items: readonly { readonly behaviours: readonly unknown[] }[] };

const [attack = ''] = readFileSync(join(import.meta.dirname, 'attack.jsonl'), 'utf8').split('\n');

async function startAgent(collector: Collector, over: Partial<Parameters<typeof runIn>[0]>) {
  const [falco, metrics] = [await freePort(), await freePort()];
  settings(agentRoot, 'agent.yaml', `
source: { kind: http, listen: "127.0.0.1:${falco}" }
link: { address: "${collector.link}" }
http: { listen: "127.0.0.1:${metrics}" }
contain: { enabled: ${over.uid === undefined} }
`);
  const program = run({
    root: agentRoot,
    stage: stage('agent'),
    arguments: ['--config', '/etc/lanner/agent.yaml'],
    uid: 0,
    capabilities: ['kill', 'sys_ptrace', 'dac_read_search'],
    ...over,
  });
  const post = async (body: string): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    await until(async () =>
      (await fetch(`http://127.0.0.1:${falco}/`, { method: 'POST', headers, body })).ok || undefined,
    program);
  };
  return { program, post };
}

describe('the images', () => {
  test('hold no shell, no package manager and no folder of Node modules', () => {
    for (const root of [agentRoot, collectorRoot]) {
      expect(filesIn(root).filter((name) => /^(sh|bash|dash|busybox|npm|apt|apk)$/.test(name)))
        .toEqual([]);
      expect(filesIn(root).filter((name) => name === 'package.json')).toEqual([]);
    }
  });

  test('bring their bill of materials and the licences of what is bundled', () => {
    for (const root of [agentRoot, collectorRoot]) {
      const bill = JSON.parse(readFileSync(join(root, 'app', 'sbom.cdx.json'), 'utf8')) as {
        readonly bomFormat: string;
        readonly components: readonly { readonly name: string }[];
      };
      expect(bill.bomFormat).toBe('CycloneDX');
      expect(bill.components.length).toBeGreaterThan(50);
      expect(readFileSync(join(root, 'app', 'LICENSES.txt'), 'utf8')).toContain('@grpc/grpc-js');
    }
    expect(stage('agent').labels).toMatchObject({ 'org.opencontainers.image.title': 'Lanner agent' });
    expect(stage('collector').user).toBe('65532:65532');
  });

  test('the collector runs as nobody on a read-only root, shows the console and stops', async () => {
    const { api, program } = await startCollector();
    const page = await fetch(`http://${api}/`);
    expect(await page.text()).toContain('<script type="module"');
    expect(await ask(api, '/api/v1/alerts')).toEqual({ items: [], nextCursor: null });
    const ctl = run({
      root: collectorRoot,
      stage: { ...stage('collector'), entrypoint: ['/usr/local/bin/node'] },
      arguments: ['/app/programs/lannerctl/main.mjs', '--url', `http://${api}`,
        '--token-file', '/etc/lanner/token', 'nodes'],
      uid: 65_532,
    });
    expect({ status: await ctl.ended, said: ctl.output() }).toMatchObject({ status: 0 });
    expect(await program.stop()).toBe(0);
  });

  test('the agent with three capabilities takes an event of Falco and raises it', async () => {
    const collector = await startCollector();
    const agent = await startAgent(collector, {});
    await agent.post(attack);
    const alerts = await until(async () => {
      const answer = await ask(collector.api, '/api/v1/alerts') as Alerts;
      return answer.items.length > 0 ? answer : undefined;
    }, agent.program);
    expect(JSON.stringify(alerts.items[0])).toContain('memfd');
    expect(await agent.program.stop()).toBe(0);
  });

  test('the agent without root and without any capability does so, too', async () => {
    const collector = await startCollector();
    const agent = await startAgent(collector, { uid: 65_532, capabilities: [] });
    await agent.post(attack);
    await until(async () => {
      const answer = await ask(collector.api, '/api/v1/alerts') as Alerts;
      return answer.items.length > 0 ? answer : undefined;
    }, agent.program);
    expect(await agent.program.stop()).toBe(0);
  });
});
