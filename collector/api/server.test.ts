import { request as httpRequest } from 'node:http';
import { readFileSync, statSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Alert } from '../../baseline/alert.ts';
import { authorized } from '../testing/principals.ts';
import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { answerCheck } from '../testing/answer-check.ts';
import { SseReader } from '../testing/sse.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import { TestAgent } from '../testing/test-agent.ts';

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

type Json = Record<string, unknown>;
type Reply = { readonly status: number; readonly body: Json; readonly headers: Headers };

async function call(method: string, path: string, body?: unknown, over: Json = {}): Promise<Reply> {
  const response = await fetch(collector.addresses.api + path, {
    method,
    headers: {
      authorization: `Bearer ${collector.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...over as Record<string, string>,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { status, headers } = response;
  const parsed = await response.json() as Json;
  const check = await answerCheck(collector.addresses.api, collector.token);
  check?.check(method, path, status, parsed);
  return { status, headers, body: parsed };
}

const get = (path: string): Promise<Reply> => call('GET', path);
const items = (reply: Reply): readonly Json[] => reply.body['items'] as readonly Json[];
const ids = (reply: Reply): readonly unknown[] => items(reply).map(({ id }) => id);

describe('lists', () => {
  test('alerts are paged by cursor to the end', async () => {
    for (let n = 1; n <= 7; n += 1) await raise(anAlert({ id: `a${n}` }));
    const seen: unknown[] = [];
    let path: string | undefined = '/api/v1/alerts?limit=3';
    while (path !== undefined) {
      const reply = await get(path);
      expect(reply.status).toBe(200);
      seen.push(...ids(reply));
      const cursor = reply.body['nextCursor'] as string | null;
      path = cursor === null ? undefined : `/api/v1/alerts?limit=3&cursor=${cursor}`;
    }
    expect(seen).toEqual(['a7', 'a6', 'a5', 'a4', 'a3', 'a2', 'a1']);
  });

  test('are filtered by what the address says, and refuse what they do not know', async () => {
    await raise(
      anAlert({ id: 'a', severity: 'low' }),
      anAlert({ id: 'b', namespace: 'bank' }),
    );
    expect(ids(await get('/api/v1/alerts?severity=high'))).toEqual(['b']);
    expect(ids(await get('/api/v1/alerts?namespace=shop&image=docker.io%2Fshop%2Fweb')))
      .toEqual(['a']);
    expect(ids(await get('/api/v1/alerts?technique=T1059'))).toEqual(['b', 'a']);
    for (const query of ['severity=bad', 'limit=0', 'limit=501', 'cursor=x', 'unknown=1',
      'technique=%27OR']) {
      const reply = await get(`/api/v1/alerts?${query}`);
      expect([query, reply.status]).toEqual([query, 400]);
      expect(reply.body).toMatchObject({ error: { code: 'invalid-request' } });
    }
  });

  test('an incident comes with its alerts and responses', async () => {
    await raise(anAlert({ id: 'a', severity: 'critical' }), anAlert({ id: 'b' }));
    await vi.waitUntil(async () => items(await get('/api/v1/responses')).length === 1);
    await vi.waitUntil(async () => items(await get('/api/v1/incidents')).length === 1);
    const [incident] = items(await get('/api/v1/incidents?state=open'));
    const shown = await get(`/api/v1/incidents/${String(incident?.['id'])}`);
    expect(shown.body).toMatchObject({
      incident: { alertCount: 2, severity: 'critical' },
      alerts: { items: [{ id: 'b' }, { id: 'a' }], nextCursor: null },
      responses: [{ action: 'kill', state: 'proposed' }],
    });
    expect((await get('/api/v1/incidents/none')).status).toBe(404);
    expect((await get('/api/v1/alerts/a')).body).toMatchObject({ id: 'a' });
    expect((await get('/api/v1/alerts/none')).status).toBe(404);
    expect((await get('/api/v1/nowhere')).body).toMatchObject({ error: { code: 'not-found' } });
  });

  test('nodes, images and gaps tell what the agents said', async () => {
    agent.send({
      kind: 'heartbeat',
      time: '2026-01-01T00:00:00Z',
      eventsReceived: 10,
      eventsJudged: 9,
      eventsDropped: 1,
      falcoVersion: '0.40.0',
      sensorState: 'streaming',
      sensorDetail: 'Falco 0.40.0',
      outboxPending: 0,
      lagSeconds: 0.25,
      images: [{
        profileKey: 'k',
        image: { repository: 'shop/web', tag: '1', digest: '' },
        state: 'learning',
        coverage: 0.5,
        observations: 100,
        pods: 2,
        completeInSeconds: 60,
      }],
    });
    const gaps = [{ from: 'x', to: 'y', cause: 'falco-drop', eventsEstimate: 3 }] as const;
    agent.send({ kind: 'alerts', epoch: 'e1', sequence: 1, alerts: [], gaps });
    await vi.waitUntil(async () => items(await get('/api/v1/gaps')).length === 1);
    await vi.waitUntil(async () => items(await get('/api/v1/images')).length === 1);
    expect(items(await get('/api/v1/nodes'))).toMatchObject([
      {
        node: 'node-1',
        isConnected: true,
        falcoVersion: '0.40.0',
        sensorState: 'streaming',
        eventsDropped: 1,
        lagSeconds: 0.25,
        images: 1,
      },
    ]);
    expect(items(await get('/api/v1/images'))).toMatchObject([
      { profileKey: 'k', state: 'learning', coverage: 0.5, nodes: 1 },
    ]);
    expect(items(await get('/api/v1/gaps?node=node-1'))).toMatchObject([{ eventsEstimate: 3 }]);
    agent.cut();
    await vi.waitUntil(async () => items(await get('/api/v1/nodes'))[0]?.['isConnected'] === false);
  });

  test('every answer says that it is JSON and nothing else', async () => {
    await raise(anAlert({ reason: { en: '<script>alert(1)</script>\u001b[2J', zh: '' } }));
    const { headers, body } = await get('/api/v1/alerts/alert-1');
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain(`default-src 'none'`);
    expect(body['reason']).toEqual({ en: '<script>alert(1)</script>\u001b[2J', zh: '' });
  });

  test('nothing in an answer or in the stream acts on a terminal that shows it raw', async () => {
    await raise(anAlert({ reason: { en: '\u007f\u009b31m\u202e', zh: '' } }));
    const raw = await (await fetch(`${collector.addresses.api}/api/v1/alerts`, {
      headers: authorized(collector),
    })).text();
    expect(raw).toContain('\\u007f\\u009b31m\\u202e');
    const stream = await fetch(`${collector.addresses.api}/api/v1/stream?after=0&kinds=alert`, {
      headers: authorized(collector),
    });
    let text = '';
    for await (const chunk of stream.body ?? []) {
      text += new TextDecoder().decode(chunk);
      if (text.includes('data: ')) break;
    }
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('responses', () => {
  const body = { action: 'kill', alertId: 'alert-1' };

  test('are proposed for an alert, approved once, and end as not executed without cluster',
    async () => {
      await raise(anAlert({ severity: 'low' }));
      const proposed = await call('POST', '/api/v1/responses', body);
      expect(proposed).toMatchObject({
        status: 201,
        body: { state: 'proposed', target: { podUid: 'uid-1', namespace: 'shop' } },
      });
      expect((await call('POST', '/api/v1/responses', body)).body)
        .toMatchObject({ error: { code: 'exists' } });
      const path = `/api/v1/responses/${String(proposed.body['id'])}`;
      expect((await call('POST', `${path}/approve`, {})).status).toBe(200);
      expect(await call('POST', `${path}/approve`, {})).toMatchObject({
        status: 409,
        body: { error: { code: 'wrong-state' } },
      });
      await vi.waitUntil(async () => (await get(path)).body['state'] === 'not-executed');
      expect((await get(path)).body).toMatchObject({ reason: 'no-cluster' });
      const audit = items(await get('/api/v1/audit'));
      // Refused and skipped at the same time: their order is chance.
      expect(audit.map(({ action }) => action).map(String)
        .toSorted((a, b) => a.localeCompare(b))).toEqual([
        'policy.loaded',
        'response.approve',
        'response.propose',
        'response.refused',
        'response.skip',
        'token.create',
      ]);
    });

  test('refuse protected namespaces, bodies that name no pod, and unknown fields', async () => {
    await raise(anAlert({ id: 'host', podUid: '', pod: '', namespace: '' }));
    const code = async (wrong: unknown): Promise<unknown> =>
      ((await call('POST', '/api/v1/responses', wrong)).body['error'] as Json)['code'];
    const target = { namespace: 'kube-system', pod: 'dns', podUid: 'u' };
    expect(await code({ action: 'kill', target })).toBe('protected-namespace');
    expect(await code({ action: 'kill', target, alertId: 'x' })).toBe('invalid-request');
    expect(await code({ action: 'kill' })).toBe('invalid-request');
    expect(await code({ action: 'nuke', alertId: 'x' })).toBe('invalid-request');
    expect(await code({ ...body, extra: 1 })).toBe('invalid-request');
    expect(await code({ ...body, alertId: 'none' })).toBe('not-found');
    expect(await code({ ...body, alertId: 'host' })).toBe('no-pod');
    expect(await code({ ...body, alertId: 'host', dryRun: true })).toBe('no-pod');
    expect((await call('POST', '/api/v1/responses/none/approve', {})).status).toBe(404);
    const own = { namespace: 'shop', pod: 'web', podUid: 'u' };
    expect(await code({ action: 'kill', target: own, dryRun: true })).toBe('no-cluster');
    const reply = await call('POST', '/api/v1/responses', { ...body, padding: 'x'.repeat(70_000) });
    expect(reply.status).toBe(413);
  });

  test('a page of another site cannot kill a pod through loopback', async () => {
    await raise(anAlert({ severity: 'low' }));
    const refused = async (headers: Json): Promise<number> =>
      (await call('POST', '/api/v1/responses', body, headers)).status;
    expect(await refused({ origin: 'https://evil.example' })).toBe(403);
    expect(await refused({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await refused({ 'content-type': 'text/plain' })).toBe(415);
    expect(await refused({ authorization: '' })).toBe(401);
    expect(await refused({ authorization: 'Bearer wrong' })).toBe(401);
    const rebound = await rawStatus({ host: 'evil.example' });
    expect(rebound).toBe(421);
    expect(items(await get('/api/v1/responses'))).toEqual([]);
    const metrics = await (await fetch(`${collector.addresses.api}/metrics`, {
      headers: authorized(collector),
    })).text();
    expect(metrics).toContain('lanner_collector_api_refused_total{reason="cross-site"} 2');
  });

  /** `fetch` sets Host by itself. */
  function rawStatus(headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      httpRequest(`${collector.addresses.api}/api/v1/alerts`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      }).on('error', reject).end();
    });
  }
});

describe('the live stream', () => {
  const url = (): string => `${collector.addresses.api}/api/v1/stream`;
  const alertIds = (reader: SseReader): readonly string[] =>
    reader.events.map(({ data }) => (data as { id: string }).id);

  test('cut again and again gives every alert once, in order', async () => {
    const count = 60;
    const expected = Array.from({ length: count }, (_, n) => `a${n}`);
    const raising = (async () => {
      // Each does something else: of one that does the same again a second form follows.
      for (const id of expected) {
        const behaviours = [aBehaviour({ value: `exec /bin/${id} ← gunicorn` })];
        await raise(anAlert({ id, podUid: id, severity: 'low', behaviours }));
      }
    })();
    const seen: string[] = [];
    let last = '0';
    for (let round = 0; seen.length < count; round += 1) {
      const reader = new SseReader(`${url()}?kinds=alert`, {
        ...authorized(collector),
        'last-event-id': last,
      });
      const wanted = 1 + (round * 7) % 11;
      await reader.until(() =>
        reader.events.length >= Math.min(wanted, count - seen.length));
      reader.cut();
      seen.push(...alertIds(reader));
      last = reader.events.at(-1)?.id ?? last;
    }
    await raising;
    expect(seen).toEqual(expected);
  });

  test('begins now without an id, and shows incidents and responses as they change', async () => {
    await raise(anAlert({ id: 'before', severity: 'low' }));
    await vi.waitUntil(async () => items(await get('/api/v1/incidents')).length === 1);
    const reader = new SseReader(url(), authorized(collector));
    await reader.until(() => reader.status === 200);
    await raise(anAlert({ id: 'now', podUid: 'u2', severity: 'critical' }));
    const told = (): readonly string[] => [...new Set(reader.events.map(({ event }) => event))];
    await reader.until(() => told().length >= 4);
    reader.cut();
    // Where now was, for one that is cut off before anything happens.
    expect(reader.events[0]).toMatchObject({ event: 'position' });
    expect(told().toSorted()).toEqual(['alert', 'incident', 'position', 'response']);
    expect(alertIds(reader)).toContain('now');
    expect(alertIds(reader)).not.toContain('before');
  });

  test('tells a reader of another store to begin anew', async () => {
    await raise(anAlert({ id: 'a' }));
    const reader = new SseReader(url(), {
      ...authorized(collector),
      'last-event-id': '999999',
    });
    await reader.until(() => reader.events.length >= 2);
    reader.cut();
    expect(reader.events[0]).toMatchObject({ event: 'reset' });
    expect((await get('/api/v1/stream?kinds=nothing')).status).toBe(400);
  });

  test('readers that leave are forgotten', async () => {
    const reader = new SseReader(url(), authorized(collector));
    await reader.until(() => reader.status === 200);
    const gauge = async (): Promise<string | undefined> =>
      /stream_clients (\d+)/.exec(
        await (await fetch(`${collector.addresses.api}/metrics`, {
      headers: authorized(collector),
    })).text(),
      )?.[1];
    expect(await gauge()).toBe('1');
    reader.cut();
    await vi.waitUntil(async () => await gauge() === '0');
  });
});

describe('the start', () => {
  test('makes a token that its owner alone can read, and keeps it', () => {
    expect(statSync(collector.tokenFile).mode & 0o077).toBe(0);
    expect(readFileSync(collector.tokenFile, 'utf8').trim()).toBe(collector.token);
    expect(collector.token).toMatch(/^ltk_[0-9a-f]{16}_[0-9a-f]{64}$/);
  });

  test('health, readiness and metrics answer, with the version', async () => {
    expect((await get('/healthz')).body).toEqual({ status: 'ok' });
    expect((await get('/readyz')).body).toEqual({ status: 'ready' });
    await raise(anAlert());
    const text = await (await fetch(`${collector.addresses.api}/metrics`, {
      headers: authorized(collector),
    })).text();
    expect(text).toContain('lanner_collector_build_info{version="0.1.0-test"} 1');
    expect(text).toContain('lanner_collector_alerts_total{severity="high",kind="anomaly"} 1');
    expect(text).toContain('lanner_collector_batches_total{outcome="committed"} 1');
    expect(text).toContain('lanner_collector_links 1');
  });

  test('refuses a plaintext API on another address', async () => {
    await expect(startTestCollector({ yaml: 'api: { address: "0.0.0.0:0" }' }))
      .rejects.toThrow(/api\.tls/);
  });
});
