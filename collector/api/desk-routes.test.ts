import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Alert } from '../../baseline/alert.ts';
import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { callApi, itemsOf } from '../testing/api-client.ts';
import type { Json, Reply } from '../testing/api-client.ts';
import { IMAGE, KEY, learned, zipped } from '../testing/profiles.ts';
import { SseReader } from '../testing/sse.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import { TestAgent } from '../testing/test-agent.ts';

/** The desk through the door that everybody uses; each answer is held against its schema. */
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

type As = { readonly token: string };

const call = (method: string, path: string, body?: unknown, as?: As): Promise<Reply> =>
  callApi(as === undefined ? collector : { ...collector, ...as }, method, `/api/v1${path}`, body);
const get = (path: string, as?: As): Promise<Reply> => call('GET', path, undefined, as);
const ids = (reply: Reply): readonly unknown[] => itemsOf(reply).map(({ id }) => id);

async function someone(role: string, namespaces: readonly string[] | 'all'): Promise<As> {
  const name = `${role}-${namespaces === 'all' ? 'all' : namespaces.join('-')}`;
  const made = await call('POST', '/tokens', { name, grants: [{ role, namespaces }] });
  expect(made.status).toBe(201);
  return { token: String(made.body['text']) };
}

/** A busy machine may take its time. */
const until = (condition: () => boolean | Promise<boolean>): Promise<unknown> =>
  vi.waitUntil(condition, { timeout: 20_000 });

/** An alert like no other, so that none of them is the same again. */
const alertOf = (id: string, over: Partial<Alert> = {}): Alert =>
  anAlert({
    id,
    podUid: `uid-${id}`,
    workload: id,
    pod: `${id}-0`,
    behaviours: [aBehaviour({ value: `exec /bin/${id} ← gunicorn` })],
    ...over,
  });

async function incidentOf(alertId: string): Promise<string> {
  await until(async () => (await get(`/alerts/${alertId}`)).body['incidentId'] !== '');
  return String((await get(`/alerts/${alertId}`)).body['incidentId']);
}

const workOf = (reply: Reply): Json => reply.body['work'] as Json;

describe('who sees what', () => {
  test('lists, counts, search, pods and single records end at the edge of the namespaces',
    async () => {
      await raise(alertOf('shopping'), alertOf('paying', { namespace: 'pay' }));
      const shop = await someone('viewer', ['shop']);
      const incident = await incidentOf('paying');
      expect(ids(await get('/alerts', shop))).toEqual(['shopping']);
      expect(ids(await get('/alerts?namespace=pay', shop))).toEqual([]);
      expect((await get('/alerts/paying', shop)).status).toBe(404);
      expect((await get('/alerts/paying/context', shop)).status).toBe(404);
      expect(itemsOf(await get('/incidents', shop)).map(({ namespace }) => namespace))
        .toEqual(['shop']);
      expect((await get(`/incidents/${incident}`, shop)).status).toBe(404);
      expect((await get(`/incidents/${incident}/timeline`, shop)).status).toBe(404);
      expect((await get('/alert-counts', shop)).body['total']).toBe(1);
      expect(itemsOf(await get('/pods', shop)).map(({ pod }) => pod)).toEqual(['shopping-0']);
      const found = await get('/search?q=paying', shop);
      expect(JSON.stringify(found.body)).not.toContain('paying');
      expect(JSON.stringify((await get('/search?q=paying')).body)).toContain('paying');
    });

  test('a viewer changes nothing, and an analyst only what is theirs', async () => {
    await raise(alertOf('paying', { namespace: 'pay' }));
    const incident = await incidentOf('paying');
    const viewer = await someone('viewer', 'all');
    const shop = await someone('analyst', ['shop']);
    const body = { text: 'x' };
    expect((await call('POST', `/incidents/${incident}/comments`, body, viewer)).status).toBe(403);
    expect((await call('POST', `/incidents/${incident}/comments`, body, shop)).status).toBe(404);
    const pay = await someone('analyst', ['pay']);
    expect((await call('POST', `/incidents/${incident}/comments`, body, pay)).status).toBe(200);
  });
});

describe('the work on an incident', () => {
  test('is acknowledged, assigned, said something about, closed and opened again', async () => {
    await raise(alertOf('a'));
    const path = `/incidents/${await incidentOf('a')}`;
    const step = (name: string, body: unknown): Promise<Reply> =>
      call('POST', `${path}/${name}`, body);
    expect(workOf(await step('acknowledge', { revision: 0 })))
      .toMatchObject({ revision: 1, acknowledged: { by: 'token:bootstrap' } });
    expect((await step('acknowledge', { revision: 0 })).body)
      .toMatchObject({ error: { code: 'conflict' } });
    expect((await step('acknowledge', { revision: 1 })).body)
      .toMatchObject({ error: { code: 'already' } });
    expect(workOf(await step('assign', { revision: 1, assignee: 'li.wei@bank.example' })))
      .toMatchObject({ assignee: 'li.wei@bank.example' });
    expect(workOf(await step('assign', { revision: 2, assignee: null })))
      .toMatchObject({ assignee: null });
    const hostile = '<img src=x onerror=alert(1)>\u001b[2J =cmd|calc';
    expect(workOf(await step('comments', { text: hostile })))
      .toMatchObject({ comments: [{ text: hostile, by: 'token:bootstrap' }] });
    expect((await step('comments', { text: 'x'.repeat(4_001) })).status).toBe(400);
    expect((await step('comments', { text: ' \n' })).status).toBe(400);
    expect((await step('close', { revision: 3, why: 'drill', verdict: 'perhaps' })).status)
      .toBe(400);
    const close = { revision: 3, why: 'drill', verdict: 'benign' };
    expect((await step('close', { ...close, incidentRevision: 99 })).body)
      .toMatchObject({ error: { code: 'grown' } });
    expect(workOf(await step('close', close))).toMatchObject({ closed: { verdict: 'benign' } });
    expect((await get('/incidents?state=open')).body['items']).toEqual([]);
    expect(itemsOf(await get('/incidents?state=closed'))[0]).toMatchObject({ isOpen: false });
    expect(workOf(await step('reopen', { revision: 4, why: 'it came back' })))
      .toMatchObject({ closed: null });
    expect(itemsOf(await get('/incidents?acknowledged=true&q=a-0')).length).toBe(1);
    expect(itemsOf(await get('/incidents?acknowledged=false')).length).toBe(0);
    const audit = itemsOf(await get('/audit')).map(({ action }) => action);
    expect(audit.filter((action) => String(action).startsWith('incident.'))).toEqual([
      'incident.reopen', 'incident.close', 'incident.comment', 'incident.assign',
      'incident.assign', 'incident.acknowledge',
    ]);
    const { items } = (await get(`${path}/timeline`)).body as { items: readonly Json[] };
    expect(items.map(({ kind }) => kind).filter((kind) => kind !== 'response')).toEqual(
      ['finding', 'decision', 'decision', 'decision', 'comment', 'decision', 'decision']);
    const metrics = await (await fetch(`${collector.addresses.api}/metrics`, {
      headers: { authorization: `Bearer ${collector.token}` },
    })).text();
    expect(metrics).toContain('lanner_collector_incident_acknowledge_seconds_count 1');
  });

  test('shows at once to the second analyst, who is then not overwritten', async () => {
    await raise(alertOf('a'));
    const id = await incidentOf('a');
    const reader = new SseReader(`${collector.addresses.api}/api/v1/stream?kinds=incident`, {
      authorization: `Bearer ${collector.token}`,
    });
    await reader.until(() => reader.events.length >= 1);
    await call('POST', `/incidents/${id}/acknowledge`, { revision: 0 });
    await reader.until(() => reader.events.some(({ event }) => event === 'incident'));
    reader.cut();
    expect(reader.events.at(-1)?.data).toMatchObject({ id, work: { revision: 1 } });
    const both = await Promise.all(['li', 'mei'].map((assignee) =>
      call('POST', `/incidents/${id}/assign`, { revision: 1, assignee })));
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  });

  test('a new alert opens what was closed, and says so', async () => {
    await raise(alertOf('a', { podUid: 'pod-1' }));
    const id = await incidentOf('a');
    await call('POST', `/incidents/${id}/close`, { revision: 0, why: 'drill', verdict: 'benign' });
    await raise(alertOf('b', { podUid: 'pod-1' }));
    await until(async () => workOf(await get(`/incidents/${id}`))['closed'] === null);
    const { items } = (await get(`/incidents/${id}/timeline`)).body as { items: readonly Json[] };
    expect(items.at(-1)).toMatchObject({ kind: 'decision', step: 'reopen', by: 'lanner' });
  });
});

describe('what stands around an alert', () => {
  test('its processes as a tree, who else did it, and what the pod did just before', async () => {
    const shared = [aBehaviour({ value: 'exec /bin/nc ← bash' })];
    const pod = { podUid: 'pod-1', pod: 'web-1' };
    await raise(
      alertOf('before', { ...pod, firstTime: '2026-03-01T09:59:30.000000000Z' }),
      alertOf('long-before', { ...pod, firstTime: '2026-03-01T09:50:00.000000000Z' }),
      alertOf('this', { ...pod, behaviours: shared }),
      alertOf('other', { namespace: 'pay', behaviours: shared,
        image: { repository: 'bank/pay', tag: '1', digest: '' } }),
    );
    const { body } = await get('/alerts/this/context');
    expect(body['minuteBefore']).toMatchObject([{ id: 'before' }]);
    expect(body['sameBehaviour']).toMatchObject({
      pods: [{ pod: 'other-0', namespace: 'pay', lastAlertId: 'other' }],
      images: ['bank/pay'],
      alerts: 1,
      isPartial: false,
    });
    expect(body['process']).toMatchObject([{ name: 'gunicorn', children: [{ name: 'bash' }] }]);
    const shop = await someone('viewer', ['shop']);
    expect((await get('/alerts/this/context', shop)).body['sameBehaviour'])
      .toMatchObject({ pods: [], alerts: 0 });
    expect((await get('/alerts/this/context?days=31')).status).toBe(400);
  });

  test('what would have been normal, from the profile of its image', async () => {
    agent.send({
      kind: 'evidence',
      profileKey: KEY,
      revision: 1,
      document: zipped(learned({ commands: ['nginx -g daemon', 'ls /var/log'] })),
    });
    await until(async () => itemsOf(await get('/profiles')).length === 1);
    const known = itemsOf(await get('/profiles'))[0]?.['id'];
    const detail = await get(`/profiles/${String(known)}?channel=exec`);
    const { channels } = detail.body as { channels: readonly { items: readonly Json[] }[] };
    const example = String(channels[0]?.items.find(({ value }) =>
      String(value).startsWith('exec '))?.['value']);
    const actor = example.slice(example.lastIndexOf('← ') + 2);
    await raise(alertOf('odd', {
      image: IMAGE,
      behaviours: [aBehaviour({ value: `exec /bin/bash as root ← ${actor}` })],
    }));
    const { body } = await get('/alerts/odd/context');
    expect(body['profileId']).toBe(known);
    expect(body['normal']).toMatchObject([{ actor, known: [{ value: example, pods: 1 }] }]);
  });
});

describe('lists and counts', () => {
  test('take the filters of the contract, and refuse what makes no sense', async () => {
    await raise(alertOf('a'), alertOf('b', { severity: 'low' }));
    expect(ids(await get('/alerts?q=BIN%2Fa'))).toEqual(['a']);
    expect(ids(await get('/alerts?workload=b'))).toEqual(['b']);
    expect(ids(await get('/alerts?pod=a-0'))).toEqual(['a']);
    expect(ids(await get('/alerts?handling=suppressed'))).toEqual([]);
    expect(ids(await get('/alerts?from=2020-01-01T00:00:00Z'))).toEqual(['b', 'a']);
    expect(ids(await get('/alerts?to=2020-01-01T00:00:00Z'))).toEqual([]);
    for (const wrong of ['from=yesterday', 'from=2026-02-31T99:00:00Z', 'q=x', 'handling=some',
      `q=${'x'.repeat(201)}`]) {
      expect([wrong, (await get(`/alerts?${wrong}`)).status]).toEqual([wrong, 400]);
    }
    const counts = await get('/alert-counts?by=severity&bucketSeconds=3600');
    expect(counts.body).toMatchObject({ total: 2, groups: [{ count: 1 }, { count: 1 }] });
    expect((await get('/alert-counts?from=2020-01-01T00:00:00Z&bucketSeconds=10')).status).toBe(400);
  });

  test('search finds nodes, alerts, incidents, pods and images by one text', async () => {
    await raise(alertOf('needle'));
    await incidentOf('needle');
    const { body } = await get('/search?q=NEEDLE');
    expect(body).toMatchObject({ alerts: [{ id: 'needle' }], pods: [{ pod: 'needle-0' }] });
    expect((body['incidents'] as readonly unknown[]).length).toBe(1);
    await until(async () => {
      const nodes = (await get('/search?q=node-1')).body['nodes'] as readonly Json[];
      return nodes.some(({ node }) => node === 'node-1');
    });
  });
});

describe('the live stream', () => {
  const url = (query: string): string => `${collector.addresses.api}/api/v1/stream?${query}`;
  const open = (query: string, as: As = collector, last?: string): SseReader =>
    new SseReader(url(query), {
      authorization: `Bearer ${as.token}`,
      ...(last === undefined ? {} : { 'last-event-id': last }),
    });

  test('gives each reader what is in their namespaces, and those who filter what they asked for',
    async () => {
      const shop = await someone('viewer', ['shop']);
      const narrow = open('kinds=alert', shop);
      const grave = open('kinds=alert&severity=high&namespace=pay');
      await Promise.all([narrow, grave].map((reader) => reader.until(() =>
        reader.events.length > 0)));
      await raise(
        alertOf('p1', { namespace: 'pay', severity: 'low' }),
        alertOf('s1'),
        alertOf('p2', { namespace: 'pay' }),
        alertOf('s2', { severity: 'low' }),
      );
      const alerts = ({ events }: SseReader): readonly unknown[] =>
        events.filter(({ event }) => event === 'alert').map(({ data }) => (data as Json)['id']);
      await narrow.until(() => alerts(narrow).length >= 2);
      await grave.until(() => alerts(grave).length >= 1);
      narrow.cut();
      grave.cut();
      expect(new Set(alerts(narrow))).toEqual(new Set(['s1', 's2']));
      expect(alerts(grave)).toEqual(['p2']);
      expect(JSON.stringify(narrow.events)).not.toContain('"pay"');
    });

  test('a revoked token ends its streams', async () => {
    const made = await call('POST', '/tokens', {
      name: 'short', grants: [{ role: 'viewer', namespaces: 'all' }],
    });
    const id = (made.body['token'] as Json)['id'];
    const reader = open('kinds=alert', { token: String(made.body['text']) });
    await reader.until(() => reader.events.length > 0);
    expect((await call('DELETE', `/tokens/${String(id)}`, {})).status).toBe(204);
    await reader.until(() => reader.events.some(({ event }) => event === 'end'));
    reader.cut();
  }, 20_000);
});
