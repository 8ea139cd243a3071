import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Alert } from '../../baseline/alert.ts';
import { profileId } from '../profiles/profile-id.ts';
import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { callApi, itemsOf } from '../testing/api-client.ts';
import type { Json } from '../testing/api-client.ts';
import { asSomebody } from '../testing/principals.ts';
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

const ask = (method: string, path: string, body?: unknown, token = collector.token) =>
  callApi({ addresses: collector.addresses, token }, method, `/api/v1${path}`, body);

async function tokenOf(
  name: string,
  role: Parameters<typeof asSomebody>[2],
  namespaces?: readonly string[],
): Promise<string> {
  const { authorization = '' } = await asSomebody(collector, name, role, namespaces ?? 'all');
  return authorization.slice('Bearer '.length);
}

async function raise(...alerts: readonly Alert[]): Promise<void> {
  sequence += 1;
  const acks = agent.frames.filter(({ kind }) => kind === 'ack').length;
  agent.send({ kind: 'alerts', epoch: 'e1', sequence, alerts, gaps: [] });
  await agent.frame('ack', acks);
}

const now = (): string => new Date().toISOString();
const inHours = (hours: number): string =>
  new Date(Date.now() + hours * 3_600_000).toISOString();
const happened = (over: Partial<Alert> = {}): Alert =>
  anAlert({ firstTime: now(), lastTime: now(), ...over });

const match = { behaviours: [{ kind: 'exact', value: aBehaviour().value }] };
const rule = { match, owner: 'web', reason: 'a health check' };

describe('suppression rules', () => {
  test('are tried, made, hit, listed and ended, in the name of who asks', async () => {
    await raise(happened({ id: 'before' }));
    expect((await ask('POST', '/suppressions/preview', { match })).body)
      .toMatchObject({ alerts: 1, days: 7, looked: 1, examples: [{ id: 'before' }] });
    const ann = await tokenOf('ann', 'analyst');
    const made = await ask('POST', '/suppressions', rule, ann);
    expect(made).toMatchObject({
      status: 201,
      body: { state: 'in-force', hits: 0, lastHitTime: null, createdBy: 'token:ann' },
    });
    const id = String(made.body['id']);
    await raise(happened({ id: 'after', podUid: 'uid-2' }));
    await vi.waitUntil(async () =>
      (await ask('GET', `/suppressions/${id}`)).body['hits'] === 1);
    expect((await ask('GET', '/alerts/after')).body).toMatchObject({
      incidentId: '',
      handling: { kind: 'suppressed', ruleId: id, owner: 'web', reason: 'a health check' },
    });
    const listed = async (query: string): Promise<readonly unknown[]> =>
      itemsOf(await ask('GET', `/alerts?${query}`)).map((one: Json) => one['id']);
    expect(await listed('')).toEqual(['before']);
    expect(await listed('handling=suppressed')).toEqual(['after']);
    const ended = await ask('POST', `/suppressions/${id}/expire`, { why: 'accepted' }, ann);
    expect(ended.body).toMatchObject({
      state: 'ended',
      ended: { because: 'ended', by: 'token:ann', why: 'accepted' },
    });
    expect((await ask('POST', `/suppressions/${id}/expire`, { why: 'x' })).status).toBe(409);
    expect(itemsOf(await ask('GET', '/suppressions'))).toEqual([]);
    expect(itemsOf(await ask('GET', '/suppressions?all=true'))).toMatchObject([{ id, hits: 1 }]);
    const audit = itemsOf(await ask('GET', '/audit'));
    expect(audit.map(({ action, actor }) => [action, actor])).toEqual(expect.arrayContaining([
      ['suppression.end', 'token:ann'],
      ['suppression.create', 'token:ann'],
    ]));
  });

  test('that are too broad, too long or say nothing are refused', async () => {
    const make = async (over: object): Promise<readonly unknown[]> => {
      const { status, body } = await ask('POST', '/suppressions', { ...rule, ...over });
      return [status, (body['error'] as Json)['code']];
    };
    expect(await make({ match: {} })).toEqual([422, 'too-broad']);
    expect(await make({ match: { kinds: ['anomaly'] } })).toEqual([422, 'too-broad']);
    expect(await make({ expiresTime: inHours(-1) })).toEqual([422, 'no-such-time']);
    expect(await make({ expiresTime: inHours(366 * 24) })).toEqual([422, 'too-long']);
    expect(await make({ reason: '  ' })).toEqual([400, 'invalid-request']);
    expect(await make({ match: { ...match, podd: 'x' } })).toEqual([400, 'invalid-request']);
  });

  test('of what is on the never-learn list take an approver', async () => {
    const destructive = { ...rule, includesDestructive: true };
    const ann = await tokenOf('ann', 'responder');
    expect((await ask('POST', '/suppressions', destructive, ann)).status).toBe(403);
    const bert = await tokenOf('bert', 'approver');
    expect((await ask('POST', '/suppressions', destructive, bert)).status).toBe(201);
    const cleo = await tokenOf('cleo', 'viewer');
    expect((await ask('POST', '/suppressions', rule, cleo)).status).toBe(403);
  });

  test('hold where their maker may act, and are seen where they reach', async () => {
    const ann = await tokenOf('ann', 'analyst', ['shop']);
    const make = async (namespace: string | undefined, token: string): Promise<number> =>
      (await ask('POST', '/suppressions', {
        ...rule,
        match: { ...match, ...(namespace === undefined ? {} : { namespace }) },
      }, token)).status;
    expect(await make(undefined, ann)).toBe(403);
    expect(await make('sho*', ann)).toBe(403);
    expect(await make('bank', ann)).toBe(403);
    expect(await make('shop', ann)).toBe(201);
    expect(await make('bank', collector.token)).toBe(201);
    expect(await make('*op', collector.token)).toBe(201);
    const seen = itemsOf(await ask('GET', '/suppressions', undefined, ann));
    expect(seen.map(({ match: of }) => (of as Json)['namespace'])).toEqual(['*op', 'shop']);
    const [, bank] = itemsOf(await ask('GET', '/suppressions'));
    const hidden = `/suppressions/${String(bank?.['id'])}`;
    expect((await ask('GET', hidden, undefined, ann)).status).toBe(404);
    expect((await ask('POST', `${hidden}/expire`, { why: 'x' }, ann)).status).toBe(404);
    await raise(happened({ id: 'bank', namespace: 'bank' }));
    expect((await ask('POST', '/suppressions/preview', { match }, ann)).body)
      .toMatchObject({ alerts: 0, examples: [] });
  });
});

describe('maintenance windows', () => {
  const window = () => ({
    label: 'db-upgrade',
    scope: { namespace: 'shop' },
    fromTime: now(),
    toTime: inHours(3),
    owner: 'dba',
    reason: 'postgres 17',
  });

  test('are made, quieten, are reported and ended', async () => {
    const made = await ask('POST', '/maintenance-windows', window());
    expect(made).toMatchObject({ status: 201, body: { state: 'active', weekly: null } });
    const id = String(made.body['id']);
    const shell = [aBehaviour({ value: 'dropped-exec: exec /tmp/x as root ← sh' })];
    await raise(happened({ id: 'quiet' }), happened({ id: 'loud', podUid: 'u2', behaviours: shell }));
    await vi.waitUntil(async () =>
      (await ask('GET', `/maintenance-windows/${id}/report`)).body['looked'] === 2);
    expect((await ask('GET', '/alerts/quiet')).body).toMatchObject({
      severity: 'informational',
      handling: { kind: 'maintenance', windowId: id },
    });
    expect((await ask('GET', '/alerts/loud')).body)
      .toMatchObject({ severity: 'high', handling: { kind: 'none' } });
    expect((await ask('GET', `/maintenance-windows/${id}/report`)).body).toMatchObject({
      window: { id },
      quietened: 1,
      raised: 1,
      bySeverity: { high: 2 },
    });
    expect(itemsOf(await ask('GET', '/alerts?severity=low'))).toHaveLength(1);
    const metrics = await (await fetch(`${collector.addresses.api}/metrics`, {
      headers: { authorization: `Bearer ${collector.token}` },
    })).text();
    expect(metrics).toContain('lanner_collector_alerts_handled_total{handling="maintenance"} 1');
    expect(metrics).toContain('lanner_collector_maintenance_windows_active 1');
    const ended = await ask('POST', `/maintenance-windows/${id}/end`, { why: 'done' });
    expect(ended.body).toMatchObject({ state: 'ended', activeUntilTime: null });
    expect(itemsOf(await ask('GET', '/maintenance-windows'))).toEqual([]);
    expect(itemsOf(await ask('GET', '/maintenance-windows?all=true'))).toHaveLength(1);
  });

  test('may come every week, in a zone that there is', async () => {
    const weekly = { timeZone: 'Asia/Shanghai', weekday: 'sun', start: '02:00', minutes: 180 };
    const made = await ask('POST', '/maintenance-windows', {
      ...window(),
      toTime: inHours(300 * 24),
      weekly,
    });
    expect(made).toMatchObject({ status: 201, body: { weekly } });
    const mars = { ...weekly, timeZone: 'Mars/Olympus' };
    expect((await ask('POST', '/maintenance-windows', { ...window(), weekly: mars })).status).toBe(422);
    expect((await ask('POST', '/maintenance-windows', {
      ...window(),
      toTime: inHours(300 * 24),
    })).body).toMatchObject({ error: { code: 'too-long' } });
  });

  test('take a responder, who names a namespace of theirs', async () => {
    const ann = await tokenOf('ann', 'analyst');
    expect((await ask('POST', '/maintenance-windows', window(), ann)).status).toBe(403);
    const bert = await tokenOf('bert', 'responder', ['shop']);
    expect((await ask('POST', '/maintenance-windows', window(), bert)).status).toBe(201);
    const wide = { ...window(), scope: { node: 'node-1' } };
    expect((await ask('POST', '/maintenance-windows', wide, bert)).status).toBe(403);
    const cleo = await tokenOf('cleo', 'viewer', ['bank']);
    expect(itemsOf(await ask('GET', '/maintenance-windows', undefined, cleo))).toEqual([]);
  });
});

test('the alert budget and the history of a profile', async () => {
  const image = { repository: 'docker.io/shop/web', tag: '1', digest: '' };
  const progress = { coverage: 0.5, observations: 9, pods: 2, completeInSeconds: -1 };
  const profileKey = 'docker.io/shop/web:1';
  agent.send({
    kind: 'heartbeat',
    time: now(),
    eventsReceived: 1,
    eventsJudged: 1,
    eventsDropped: 0,
    outboxPending: 0,
    lagSeconds: 0,
    falcoVersion: '0.43.1',
    sensorState: 'disconnected',
    sensorDetail: '',
    images: [{ ...progress, profileKey, image, state: 'learning' }],
  });
  await raise(happened({ id: 'a' }), happened({ id: 'b', podUid: 'uid-2', kind: 'session' }));
  const budget = async (): Promise<Json | undefined> =>
    itemsOf(await ask('GET', '/alert-budget'))[0];
  await vi.waitUntil(async () => {
    const [span] = (await budget())?.['spans'] as Json[] | undefined ?? [];
    return span?.['raised'] === 1 && (await budget())?.['nodes'] === 1;
  });
  expect(await budget()).toMatchObject({
    image: 'docker.io/shop/web',
    nodes: 1,
    allowedPerDay: 1,
    cooled: 0,
  });
  expect((await ask('GET', `/profiles/${profileId(profileKey)}/history`)).body)
    .toEqual({ points: [] });
  expect((await ask('GET', '/profiles/no.id/history')).status).toBe(404);
});
