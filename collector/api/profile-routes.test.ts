import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Decision } from '../../baseline/profile/decisions.ts';
import type { ProfileDocument } from '../../baseline/profile/document.ts';
import { itemsIn } from '../profiles/image-profiles.ts';
import { profileId } from '../profiles/profile-id.ts';
import { authorized } from '../testing/principals.ts';
import { anAlert, aBehaviour } from '../testing/alerts.ts';
import { callApi, itemsOf } from '../testing/api-client.ts';
import type { Reply } from '../testing/api-client.ts';
import { IMAGE, KEY, learned, unzipped, zipped } from '../testing/profiles.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import { TestAgent } from '../testing/test-agent.ts';

let collector: TestCollector;
let agents: TestAgent[];

beforeEach(async () => {
  collector = await startTestCollector();
  agents = [];
});

afterEach(async () => {
  for (const agent of agents) agent.cut();
  await collector.stop();
});

const ID = profileId(KEY);
const NEWER = { ...IMAGE, tag: '1.1', digest: 'sha256:2' };
const NEWER_KEY = 'docker.io/shop/web@sha256:2';
const SAID = { why: 'because' };

const call = (method: string, path: string, body?: unknown): Promise<Reply> =>
  callApi(collector, method, `/api/v1${path}`, body);
const get = (path: string): Promise<Reply> => call('GET', path);
const post = (path: string, body: unknown): Promise<Reply> => call('POST', path, body);

async function linked(node = 'node-1'): Promise<TestAgent> {
  const agent = new TestAgent(collector.addresses.link);
  agents.push(agent);
  agent.hello({ node });
  await agent.frame('welcome');
  return agent;
}

/** Sends it and waits until it was looked at: the frames of a link are taken in order. */
async function bring(agent: TestAgent, ...documents: readonly ProfileDocument[]): Promise<void> {
  for (const document of documents) {
    agent.send({
      kind: 'evidence',
      profileKey: document.key,
      revision: 1,
      document: zipped(document),
    });
  }
  await raise(agent);
}

const sequences = new WeakMap<TestAgent, number>();

async function raise(agent: TestAgent, ...alerts: readonly ReturnType<typeof anAlert>[]) {
  const sequence = (sequences.get(agent) ?? 0) + 1;
  sequences.set(agent, sequence);
  agent.send({ kind: 'alerts', epoch: 'e1', sequence, alerts, gaps: [] });
  await agent.frame('ack', sequence - 1);
}

function heartbeat(agent: TestAgent, ...keys: readonly string[]): void {
  agent.send({
    kind: 'heartbeat',
    time: '2026-01-01T00:00:00Z',
    eventsReceived: 0,
    eventsJudged: 0,
    eventsDropped: 0,
    falcoVersion: '',
    sensorState: 'streaming',
    sensorDetail: '',
    outboxPending: 0,
    lagSeconds: 0,
    images: keys.map((profileKey) => ({
      profileKey,
      image: IMAGE,
      state: 'learning',
      coverage: 0.5,
      observations: 7,
      pods: 2,
      completeInSeconds: 60,
    })),
  });
}

const decisionsAt = async (agent: TestAgent, index: number): Promise<readonly Decision[]> =>
  unzipped((await agent.frame('decisions', index)).document) as readonly Decision[];

/** What the audit says about profiles; links and responses are in it, too. */
const audited = async () => itemsOf(await get('/audit'))
  .filter(({ action }) => String(action).startsWith('profile.'));

describe('profiles', () => {
  test('are listed as agents report them and as they are stored, page by page', async () => {
    const agent = await linked();
    await bring(agent, learned(), learned({ image: NEWER }));
    heartbeat(agent, KEY, 'host:default');
    await vi.waitUntil(async () => itemsOf(await get('/profiles')).length === 3);
    const first = await get('/profiles?limit=2');
    expect(itemsOf(first)).toMatchObject([
      { id: ID, key: KEY, nodes: 1, coverage: 0.5, stored: { revision: 1, windows: 1 } },
      { key: NEWER_KEY, nodes: 0, image: NEWER, state: 'learning', isLocked: false },
    ]);
    const cursor = String(first.body['nextCursor']);
    const second = await get(`/profiles?limit=2&cursor=${cursor}`);
    expect(itemsOf(second)).toMatchObject([{ key: 'host:default', stored: null, nodes: 1 }]);
    expect(second.body['nextCursor']).toBeNull();
    expect(itemsOf(await get(`/profiles?prefix=${encodeURIComponent(NEWER_KEY)}`)))
      .toMatchObject([{ key: NEWER_KEY }]);
    expect(itemsOf(await get('/profiles?prefix=host')).length).toBe(1);
    expect(itemsOf(await get('/images')).map(({ profileKey }) => profileKey))
      .toEqual([KEY, NEWER_KEY, 'host:default']);
  });

  test('are shown with their behaviours, exported, and compared', async () => {
    const agent = await linked();
    await bring(agent,
      learned({ files: ['a', 'b'], pods: ['p1', 'p2'] }),
      learned({ image: NEWER, files: ['b', 'c'], pods: ['p3', 'p4'] }));
    const shown = await get(`/profiles/${ID}?channel=file-write&limit=1`);
    expect(shown.body).toMatchObject({
      profile: { key: KEY },
      channels: [{
        channel: 'file-write',
        total: 2,
        learning: { isComplete: false, isStrong: false, cleanWindows: 2, basis: 'windows' },
        items: [{ value: 'write /var/log/a by web', pods: 2, ruling: null }],
      }],
      decisions: [],
    });
    const yaml = await get(`/profiles/${ID}/export`);
    expect(yaml.text).toMatch(/^format: lanner-review\/1\nkey: "docker/);
    expect((await get(`/profiles/${ID}/export`)).text).toBe(yaml.text);
    const diff = await get(`/profiles/${ID}/diff?with=${profileId(NEWER_KEY)}`);
    expect(itemsOf(diff)).toMatchObject([
      { change: 'removed', channel: 'file-write', value: 'write /var/log/a by web' },
      { change: 'added', channel: 'file-write', value: 'write /var/log/c by web' },
    ]);
    for (const path of ['/profiles/eA', '/profiles/%2F', `/profiles/${ID}/diff?with=eA`,
      '/profiles/eA/export']) {
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    }
  });

  test('are imported after a dry run: what is new counts as approved, and can be undone',
  async () => {
    const agent = await linked();
    await bring(agent, learned({ files: ['a'] }));
    const value = 'write /var/log/z by web';
    const yaml = (await get(`/profiles/${ID}/export`)).text.replace('/var/log/a', '/var/log/z');
    const dry = await post('/profiles/import', { yaml, dryRun: true, ...SAID });
    expect(dry).toMatchObject({ status: 200, body: { key: KEY, dryRun: true } });
    expect(itemsOf(dry)).toEqual([{ channel: 'file-write', value }]);
    expect(itemsOf(await get('/decisions'))).toEqual([]);
    expect((await post('/profiles/import', { yaml, ...SAID })).status).toBe(201);
    expect(await decisionsAt(agent, 1)).toMatchObject([{ kind: 'accept', value, by: 'token:bootstrap' }]);
    expect(itemsOf(await post('/profiles/import', { yaml, ...SAID }))).toEqual([]);
    const [decision] = itemsOf(await get('/decisions'));
    await call('DELETE', `/decisions/${String(decision?.['id'])}`, SAID);
    await post(`/profiles/${ID}/reject`, { behaviours: [{ channel: 'file-write', value }], ...SAID });
    expect((await post('/profiles/import', { yaml, ...SAID })).body)
      .toMatchObject({ items: [], rejected: 1 });
    const behaviours = [{ channel: 'file-write', value: 'write /var/log/a by web' }];
    await post(`/profiles/${ID}/reject`, { behaviours, scope: 'everywhere', ...SAID });
    expect((await get(`/profiles/${ID}?channel=file-write`)).body)
      .toMatchObject({ channels: [{ items: [{ ruling: 'reject' }] }] });
    const wrong = await post('/profiles/import', { yaml: yaml.replace('verb', 'werb'), ...SAID });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toMatch(/line \d+, behaviours/);
    expect((await post('/profiles/import', { yaml, profile: {}, ...SAID })).status).toBe(400);
    expect((await post('/profiles/import', { profile: { a: 1 }, ...SAID })).status).toBe(422);
    expect((await post('/profiles/import', { yaml })).status).toBe(400);
    expect((await audited()).map(({ action }) => action))
      .toEqual(['profile.reject', 'profile.reject', 'profile.undo', 'profile.accept']);
  });
});

describe('decisions', () => {
  test('are sent with the welcome, and to every link when they change', async () => {
    const [one, two] = [await linked('n1'), await linked('n2')];
    await bring(one, learned());
    expect(await decisionsAt(one, 0)).toEqual([]);
    const behaviours = [{ channel: 'exec', value: 'exec /usr/sbin/web as user ← web' }];
    const slip = [{ channel: 'exec', value: 'exec /usr/sbin/wep as user ← web' }];
    expect((await post(`/profiles/${ID}/approve`, { behaviours: slip, ...SAID })).body)
      .toMatchObject({ error: { code: 'unknown-behaviour' } });
    const reply = await post(`/profiles/${ID}/approve`, { behaviours, ...SAID });
    expect(reply.status).toBe(201);
    const [decision] = itemsOf(reply);
    expect(decision).toMatchObject({
      kind: 'accept',
      scope: 'image',
      profileKey: KEY,
      repository: IMAGE.repository,
      by: 'token:bootstrap',
      why: 'because',
    });
    for (const agent of [one, two]) expect(await decisionsAt(agent, 1)).toEqual([decision]);
    const late = await linked('n3');
    expect(await decisionsAt(late, 0)).toEqual([decision]);
    const id = String(decision?.['id']);
    const undone = await call('DELETE', `/decisions/${id}`, { why: 'wrong' });
    expect(undone).toMatchObject({ status: 200, body: { id, undoneBy: 'token:bootstrap' } });
    expect(await decisionsAt(late, 1)).toEqual([]);
    expect((await call('DELETE', `/decisions/${id}`, { why: 'wrong' })).status).toBe(409);
    expect((await call('DELETE', '/decisions/none', { why: 'wrong' })).status).toBe(404);
    expect(itemsOf(await get('/decisions'))).toEqual([]);
    expect(itemsOf(await get('/decisions?all=true'))).toMatchObject([{ id, undoneBy: 'token:bootstrap' }]);
  });

  test('about a version are made from its difference to the one before', async () => {
    const agent = await linked();
    await bring(agent,
      learned({ files: ['a'], pods: ['p1', 'p2'] }),
      learned({ image: NEWER, files: ['a', 'b'], pods: ['p3', 'p4'] }));
    const path = `/profiles/${profileId(NEWER_KEY)}/reject`;
    const reply = await post(path, { against: ID, scope: 'lineage', ...SAID });
    expect(itemsOf(reply)).toMatchObject([
      { kind: 'reject', scope: 'lineage', channel: 'file-write', value: 'write /var/log/b by web' },
    ]);
    expect((await post(path, { against: ID, scope: 'lineage', ...SAID })).status).toBe(409);
    expect((await post(path, { against: profileId(NEWER_KEY), ...SAID })).body)
      .toMatchObject({ error: { code: 'no-difference' } });
    expect((await post(path, { ...SAID })).status).toBe(400);
    expect((await post(path, { against: ID })).status).toBe(400);
    expect((await post(path, { against: ID, why: ' ' })).status).toBe(400);
  });

  test('a locked profile learns nothing, and says so, until it is unlocked', async () => {
    const agent = await linked();
    await bring(agent, learned({ files: ['a'] }));
    expect((await post(`/profiles/${ID}/lock`, { scope: 'lineage', ...SAID })).status).toBe(201);
    expect(itemsOf(await get('/profiles'))).toMatchObject([{ isLocked: true }]);
    await bring(agent, learned({ files: ['b'] }));
    expect((await get(`/profiles/${ID}/export`)).text).not.toContain('/var/log/b');
    const metrics = await (await fetch(`${collector.addresses.api}/metrics`, {
      headers: authorized(collector),
    })).text();
    expect(metrics).toContain('lanner_collector_evidence_total{outcome="locked"} 1');
    expect((await post(`/profiles/${ID}/lock`, SAID)).status).toBe(409);
    const unlocked = await post(`/profiles/${ID}/unlock`, { scope: 'lineage', ...SAID });
    expect(unlocked).toMatchObject({ status: 201, body: { items: [], undone: [{ kind: 'lock' }] } });
    await bring(agent, learned({ files: ['b'] }));
    expect((await get(`/profiles/${ID}/export`)).text).toContain('/var/log/b');
  });

  test('a profile that nobody knows cannot be decided about', async () => {
    const path = `/profiles/${profileId('docker.io/nobody@sha256:1')}`;
    for (const verb of ['lock', 'unlock', 'reset']) {
      expect((await post(`${path}/${verb}`, SAID)).status).toBe(404);
    }
  });
});

describe('a reset', () => {
  test('forgets here, reaches the agents at once, and spares other images', async () => {
    const agent = await linked();
    await bring(agent, learned({ files: ['a'] }), learned({ image: NEWER, files: ['a'] }));
    const before = agent.frames.filter(({ kind }) => kind === 'profile').length;
    const reply = await post(`/profiles/${ID}/reset`, SAID);
    expect(reply).toMatchObject({ status: 201, body: { profiles: [{ key: KEY }] } });
    expect((await get(`/profiles/${ID}/export`)).text).toContain('behaviours: {}');
    expect((await get(`/profiles/${profileId(NEWER_KEY)}/export`)).text).toContain('/var/log/a');
    const pushed = unzipped((await agent.frame('profile', before)).document) as ProfileDocument;
    expect(itemsIn(pushed, 'file-write')).toEqual([]);
    expect(await decisionsAt(agent, 1)).toMatchObject([{ kind: 'reset', profileKey: KEY }]);
    const [decision] = itemsOf(await get('/decisions'));
    const undo = await call('DELETE', `/decisions/${String(decision?.['id'])}`, SAID);
    expect(undo.status).toBe(409);
  });

  test('of a lineage forgets all versions of that repository and no other', async () => {
    const agent = await linked();
    const api = { repository: 'docker.io/shop/web-api', tag: '1', digest: 'sha256:3' };
    await bring(agent, learned({ files: ['a'] }), learned({ image: NEWER, files: ['a'] }),
      learned({ image: api, files: ['a'] }));
    const reply = await post(`/profiles/${ID}/reset`, { scope: 'lineage', ...SAID });
    expect((reply.body['profiles'] as { key: string }[]).map(({ key }) => key))
      .toEqual([KEY, NEWER_KEY]);
    const other = profileId('docker.io/shop/web-api@sha256:3');
    expect((await get(`/profiles/${other}/export`)).text).toContain('/var/log/a');
  });
});

describe('learning from an alert', () => {
  const learn = (body: object): Promise<Reply> => post('/alerts/alert-1/learn', body);
  const digest = `sha256:${'a'.repeat(64)}`;

  test('accepts its behaviour for the profile that judged it, and tells the agent', async () => {
    const agent = await linked();
    await raise(agent, anAlert());
    const reply = await learn(SAID);
    expect(reply).toMatchObject({ status: 201, body: {
      kind: 'accept',
      scope: 'image',
      profileKey: `docker.io/shop/web@${digest}`,
      repository: 'docker.io/shop/web',
      channel: 'exec',
      value: 'exec /bin/bash ← gunicorn',
      by: 'token:bootstrap',
    } });
    expect(await decisionsAt(agent, 1)).toEqual([reply.body]);
    expect((await learn(SAID)).status).toBe(409);
    expect(await audited())
      .toMatchObject([{ actor: 'token:bootstrap', action: 'profile.accept', subject: reply.body['id'] }]);
  });

  test('names the profile of the workload where the node has split the image', async () => {
    const agent = await linked();
    const key = `docker.io/shop/web@${digest}#shop/web`;
    heartbeat(agent, key);
    await raise(agent, anAlert());
    await vi.waitUntil(async () => itemsOf(await get('/images')).length === 1);
    expect((await learn({ scope: 'lineage', ...SAID })).body)
      .toMatchObject({ profileKey: key, scope: 'lineage' });
  });

  test('of several behaviours asks which one, and of none that could be learned refuses',
    async () => {
      const agent = await linked();
      const behaviours = [aBehaviour(), aBehaviour({ channel: 'net', value: 'connect x by y' })];
      await raise(agent, anAlert({ behaviours }), anAlert({ id: 'session', kind: 'session' }),
        anAlert({ id: 'sensor', kind: 'sensor', behaviours: [] }));
      expect((await learn(SAID)).status).toBe(400);
      expect((await learn({ behaviour: 0, value: 'x', ...SAID })).status).toBe(400);
      expect((await learn({ behaviour: 7, ...SAID })).status).toBe(404);
      expect((await learn({ value: 'exec', ...SAID })).status).toBe(404);
      expect((await learn({ behaviour: 0 })).status).toBe(400);
      expect((await learn({ behaviour: 1, ...SAID })).body).toMatchObject({ channel: 'net' });
      for (const id of ['session', 'sensor']) {
        expect((await post(`/alerts/${id}/learn`, SAID)).body)
          .toMatchObject({ error: { code: 'not-learnable' } });
      }
      expect((await post('/alerts/none/learn', SAID)).status).toBe(404);
    });
});

test('what changes something needs the token and a body of JSON', async () => {
  const url = `${collector.addresses.api}/api/v1/decisions/x`;
  const headers = { authorization: `Bearer ${collector.token}` };
  expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(415);
  const json = { 'content-type': 'application/json' };
  expect((await fetch(url, { method: 'DELETE', headers: json, body: '{}' })).status).toBe(401);
  const evil = { ...headers, ...json, origin: 'https://evil.example' };
  expect((await fetch(url, { method: 'DELETE', headers: evil, body: '{}' })).status).toBe(403);
});
