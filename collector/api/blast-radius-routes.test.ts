import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { runLannerctl } from '../cli/run.ts';
import { digestOf } from '../images/layer-proof.ts';
import { openStore } from '../store/open-store.ts';
import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { answerCheck } from '../testing/answer-check.ts';
import { DIGEST, aRun, layer } from '../testing/image-runs.ts';
import { asSomebody, authorized } from '../testing/principals.ts';
import { learned, zipped } from '../testing/profiles.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import type { BlastRadiusView } from './contract/blast-radius.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'lanner-blast-'));
const at = (ms: number) => ({ firstMs: ms - 60_000, lastMs: ms, saidMs: ms });
const time = (ms: number): string => new Date(ms).toISOString();

const web = { repository: 'docker.io/shop/web', tag: '1.4.2', digest: DIGEST(1) };
const webNext = { ...web, tag: '1.5.0', digest: DIGEST(2) };
const copy = { repository: 'mirror/web', tag: '1.4.2', digest: DIGEST(3) };
const pay = { repository: 'docker.io/pay/api', tag: '7', digest: DIGEST(4) };
const debian = { repository: 'debian', tag: '12', digest: DIGEST(5) };

let collector: TestCollector;

beforeAll(async () => {
  const store = await openStore({ path: join(folder, 'collector.db') });
  await store.saveImageRuns([
    aRun({ image: web, ...at(NOW - 10 * DAY_MS), isEnded: true }),
    aRun({ image: webNext, podUid: 'uid-2', ...at(NOW) }),
    aRun({ image: webNext, podUid: 'uid-3', node: 'node-2', ...at(NOW) }),
    // Three minutes, twenty days ago.
    aRun({ image: copy, namespace: 'lab', workload: '', podUid: 'uid-4', pod: 'one\u001b[2J',
      ...at(NOW - 20 * DAY_MS), isEnded: true }),
    aRun({ image: pay, namespace: 'pay', workload: 'api', podUid: 'uid-5', node: 'node-2',
      ...at(NOW) }),
  ]);
  const base = [layer(1), layer(2)];
  const claim = (digest: string, layers: readonly string[]) =>
    ({ digest, layers, source: 'node' as const });
  await store.saveLayers([claim(DIGEST(1), [...base, layer(3)]), claim(DIGEST(2), [...base, layer(4)]),
    claim(DIGEST(3), [...base, layer(3)]), claim(DIGEST(4), [layer(9), layer(2)])]);
  await store.saveLayers([{ digest: DIGEST(5), layers: base, source: 'import' }], [debian]);
  const alert = (over: Parameters<typeof anAlert>[0]) => anAlert({ firstTime: time(NOW - 60_000),
    lastTime: time(NOW - 60_000), ...over });
  const write = (name: string) => aBehaviour({ channel: 'file-write',
    value: `write /tmp/report.${name}/top.csv by bash(report.sh)` });
  await store.commitBatches([{ cluster: 'c1', node: 'node-1', epoch: 'e', sequence: 1, gaps: [],
    alerts: [
      alert({ id: 'a-web', image: webNext }),
      alert({ id: 'a-pay', image: pay, namespace: 'pay', workload: 'api',
        behaviours: [write('EysXcw')] }),
      alert({ id: 'a-other', image: pay, namespace: 'pay',
        behaviours: [aBehaviour({ value: 'exec /bin/bash ← gunicorn2' })] }),
    ] }]);
  const document = learned({ image: web, commands: ['nginx -g daemon'], files: ['access-17.log'] });
  await store.writeProfile({ key: document.key, revision: 1, document: zipped(document),
    updatedAtMs: NOW });
  await store.saveAgents(['node-1', 'node-2', 'node-3'].map((node, index) => ({
    cluster: 'c1', node, epoch: 'e', protocol: 1, agentVersion: '', falcoVersion: '',
    capabilities: index === 0 ? ['image-runs', 'image-layers'] : ['image-runs'], connectedAtMs: 1,
    lastSeenMs: index === 2 ? NOW - DAY_MS : NOW, heartbeat: null,
  })));
  await store.close();
  collector = await startTestCollector({ folder, inMemory: false });
}, 60_000);

afterAll(async () => {
  await collector.stop();
  rmSync(folder, { recursive: true });
});

async function ask(query: Readonly<Record<string, string>>, headers = authorized(collector)) {
  const path = `/api/v1/blast-radius?${new URLSearchParams(query).toString()}`;
  const response = await fetch(collector.addresses.api + path, { headers });
  const body = await response.json() as BlastRadiusView;
  (await answerCheck(collector.addresses.api, collector.token))
    ?.check('GET', path, response.status, body as never);
  return { status: response.status, body };
}

const names = ({ images }: BlastRadiusView) =>
  images.map(({ repository, tag, reason }) => `${repository}:${tag} ${reason}`).toSorted();
const codes = ({ limits }: BlastRadiusView) => limits.map(({ code }) => code);

test('an image is found by its repository: what runs now, what ran, and its copies', async () => {
  const { status, body } = await ask({ image: 'docker.io/shop/web' });
  expect(status).toBe(200);
  expect(names(body)).toEqual(['docker.io/shop/web:1.4.2 same-repository',
    'docker.io/shop/web:1.5.0 same-repository', 'mirror/web:1.4.2 shared-layers']);
  expect(body.workloads).toMatchObject([
    { namespace: 'shop', workload: 'web', pods: 3, podsNow: 2, nodes: 2, runsNow: true,
      images: ['docker.io/shop/web:1.4.2', 'docker.io/shop/web:1.5.0'] },
    { namespace: 'lab', workload: '', pods: 1, podsNow: 0, runsNow: false },
  ]);
  expect(body.nodes.map(({ node, pods }) => [node, pods]))
    .toEqual(expect.arrayContaining([['node-1', 3], ['node-2', 1]]));
  expect(body.totals).toEqual({ images: 3, workloads: 2, nodes: 2, namespaces: 2, pods: 4,
    podsNow: 2 });
  expect(body.evidence.alerts).toEqual(['a-web']);
  expect(codes(body)).toEqual(['nodes-silent', 'record-begins']);
  expect(body.limits[0]?.about).toEqual(['node-3']);
});

test('a tag, a digest and fewer days are narrower', async () => {
  expect(names((await ask({ image: 'docker.io/shop/web:1.5.0' })).body))
    .toEqual(['docker.io/shop/web:1.5.0 same-repository']);
  const digest = (await ask({ image: `anything@${DIGEST(1)}`, days: '15' })).body;
  expect(names(digest)).toEqual(['docker.io/shop/web:1.4.2 same-digest',
    'mirror/web:1.4.2 shared-layers']);
  expect(digest.images.map(({ lastSeen }) => lastSeen === null)).toEqual([false, true]);
  expect(digest.totals).toMatchObject({ pods: 1, podsNow: 0 });
  const unknown = (await ask({ image: 'docker.io/nobody' })).body;
  expect(unknown.totals).toMatchObject({ images: 0, pods: 0 });
  expect(codes(unknown)).toContain('unknown-image');
});

test('a base that nobody runs is found in what is built on it', async () => {
  const { body } = await ask({ base: 'debian:12' });
  expect(names(body)).toEqual(['debian:12 same-repository', 'docker.io/shop/web:1.4.2 shared-layers',
    'docker.io/shop/web:1.5.0 shared-layers', 'mirror/web:1.4.2 shared-layers']);
  expect(body.images.find(({ tag }) => tag === '1.5.0'))
    .toMatchObject({ sharedLayers: 2, layers: 3, runsNow: true });
  expect(body.query.looked).toEqual([layer(1), layer(2)]);
  expect(codes(body)).toEqual(expect.arrayContaining(['nodes-without-layers']));
  const one = (await ask({ layer: layer(2) })).body;
  expect(one.totals.images).toBe(5);
  expect((await ask({ layer: layer(77) })).body.totals.images).toBe(0);
});

test('a behaviour is found in alerts and in profiles, whatever the name of its file', async () => {
  const { body } = await ask({
    behaviour: 'file-write:write /tmp/report.racBSJ/top.csv by bash(report.sh)' });
  expect(names(body)).toEqual(['docker.io/pay/api:7 showed-behaviour']);
  expect(body.evidence.alerts).toEqual(['a-pay']);
  const log = (name: string) => ask({ behaviour: `file-write:write /var/log/${name} by web` });
  for (const name of ['access-17.log', 'access-99.log', 'access-<N>.log', '*']) {
    expect(names((await log(name)).body)).toEqual(['docker.io/shop/web:1.4.2 knows-behaviour']);
  }
  expect(names((await log('passwd')).body)).toEqual([]);
  const exec = (await ask({ behaviour: 'exec:exec /bin/bash ← gunicorn' })).body;
  expect(names(exec)).toEqual(['docker.io/shop/web:1.5.0 showed-behaviour']);
});

test('an alert stands for its behaviours and its image', async () => {
  const { body } = await ask({ alert: 'a-pay' });
  expect(names(body)).toEqual(['docker.io/pay/api:7 showed-behaviour']);
  expect(body.query.looked)
    .toEqual(['file-write:write /tmp/report.EysXcw/top.csv by bash(report.sh)']);
  expect((await ask({ alert: 'nobody' })).status).toBe(404);
});

test('who may see one namespace is told nothing of others', async () => {
  const shop = await asSomebody(collector, 'eve', 'viewer', ['shop']);
  const { body } = await ask({ layer: layer(2) }, shop);
  expect(names(body)).toEqual(['docker.io/shop/web:1.4.2 shared-layers',
    'docker.io/shop/web:1.5.0 shared-layers']);
  expect(body.namespaces.map(({ namespace }) => namespace)).toEqual(['shop']);
  expect(body.nodes.map(({ pods }) => pods)).toEqual(expect.arrayContaining([2, 1]));
  expect(JSON.stringify(body)).not.toMatch(/pay|lab|mirror/);
  const text = { behaviour: 'file-write:write /tmp/report.EysXcw/top.csv by bash(report.sh)' };
  expect((await ask(text, shop)).body).toMatchObject({ images: [], evidence: { alerts: [] } });
  expect((await ask({ alert: 'a-pay' }, shop)).status).toBe(404);
});

test('exactly one question, and one that means something', async () => {
  const wrong: Readonly<Record<string, string>>[] = [{}, { image: 'a', layer: layer(1) },
    { image: 'a b' }, { image: 'a@sha256:12' }, { base: '@' }, { layer: 'sha256:12' },
    { behaviour: 'exec' }, { behaviour: 'exec:' }, { behaviour: 'magic:exec a ← b' },
    { image: 'a', days: '0' }, { image: 'a', limit: '501' }, { image: 'a', more: '1' }];
  for (const query of wrong) expect([query, (await ask(query)).status]).toEqual([query, 400]);
});

test('lists are cut, totals are not', async () => {
  const { body } = await ask({ layer: layer(2), limit: '1' });
  expect([body.images.length, body.workloads.length, body.nodes.length]).toEqual([1, 1, 1]);
  expect(body).toMatchObject({ truncated: true, totals: { images: 5, workloads: 3 } });
});

const config = JSON.stringify({ rootfs: { type: 'layers', diff_ids: [layer(21), layer(22)] } });
const manifest = JSON.stringify({ config: { digest: digestOf(config) }, layers: [] });
const index = JSON.stringify({ manifests: [{ digest: DIGEST(1) }, { digest: digestOf(manifest) }] });

async function post(body: unknown, headers = authorized(collector)) {
  const response = await fetch(`${collector.addresses.api}/api/v1/images/layers`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() as never };
}

test('a build proves what its image is made of', async () => {
  expect(await post({ manifest, config, index, repository: 'ci/app', tag: '1' })).toEqual({
    status: 201,
    body: { digests: [digestOf(manifest), digestOf(index)], imageId: digestOf(config),
      layers: [layer(21), layer(22)] },
  });
  const found = (await ask({ layer: layer(22) })).body;
  expect(names(found)).toEqual(['ci/app:1 shared-layers', 'ci/app:1 shared-layers']);
  const audit = await fetch(`${collector.addresses.api}/api/v1/audit?limit=1`,
    { headers: authorized(collector) });
  expect(await audit.json()).toMatchObject({ items: [{ action: 'image-layers-imported' }] });
});

test('texts whose digests do not fit are refused', async () => {
  const viewer = await asSomebody(collector, 'ann', 'viewer');
  expect((await post({ manifest, config }, viewer)).status).toBe(403);
  const refusals: readonly (readonly [unknown, string])[] = [
    [{ manifest, config: `${config} ` }, 'digest-mismatch'],
    [{ manifest, config, index: '{"manifests":[{"digest":1},null]}' }, 'digest-mismatch'],
    [{ manifest: '{{', config }, 'not-json'],
    [{ manifest: '[]', config: 'null' }, 'digest-mismatch'],
    [{ manifest: JSON.stringify({ config: { digest: digestOf('{}') } }), config: '{}' }, 'no-layers'],
    [{ manifest }, 'invalid-request'],
  ];
  for (const [body, code] of refusals) {
    expect(await post(body)).toMatchObject({ status: 400, body: { error: { code } } });
  }
});

async function run(args: readonly string[], isTerminal = false) {
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
    isTerminal,
    columns: 400,
    signal: new AbortController().signal,
  });
  return { exit, out, err };
}

test('lannerctl says where it runs, and what is not known', async () => {
  const said = await run(['blast-radius', '--image', 'docker.io/shop/web'], true);
  expect(said).toMatchObject({ exit: 0, err: '' });
  expect(said.out).toContain('2 pods run it now');
  expect(said.out).toMatch(/docker\.io\/shop\/web:1\.5\.0 +same repository +3 of 3 +2 +yes/);
  expect(said.out).toMatch(/shop\/web +c1 +3 +2 /);
  expect(said.out).toMatch(/! 1 nodes have not been heard of .* \(node-3\)/);
  const chinese = await run(['--lang', 'zh', 'blast-radius', '--base', 'debian:12']);
  expect(chinese.out).toContain('没有消息');
  const json = JSON.parse((await run(['--json', 'blast-radius', '--layer', layer(2)])).out) as object;
  expect(json).toMatchObject({ totals: { images: 5 } });
  expect((await run(['blast-radius', '--help'])).out).toContain('Exactly one of --image');
  for (const wrong of [[], ['--image', 'a', '--base', 'b'], ['--days', '0', '--image', 'a']]) {
    expect((await run(['blast-radius', ...wrong])).exit).not.toBe(0);
  }
});

test('lannerctl images import-layers sends the files as they are', async () => {
  const file = (name: string, content: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const args = ['images', 'import-layers', '--manifest', file('manifest.json', manifest),
    '--config', file('config.json', config)];
  expect(await run(args)).toMatchObject({ exit: 0, err: '',
    out: `2 layers of ${digestOf(manifest)}\n` });
  const broken = file('broken', Buffer.from([0x7b, 0xff, 0x7d]));
  const wrong = await run([...args.slice(0, -1), broken]);
  expect(wrong.exit).not.toBe(0);
  expect(wrong.err).toContain('is not text');
  expect((await run([...args, '--index', file('index.json', '{}')])).err)
    .toContain('does not name this manifest');
  expect((await run(['images'])).exit).toBe(0);
});
