import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { KubeApi } from '../testing/kube-api.ts';
import { writeKubeconfig } from '../testing/kubeconfig.ts';
import { connectKube } from './client.ts';
import { BODY_BYTES_MAX } from './connection.ts';
import type { Kube } from './kube.ts';
import { ObjectBook } from './object-book.ts';
import { LIST_PAGE_ITEMS } from './object-lists.ts';
import { ObjectMetrics } from './object-metrics.ts';

let folder: string;
let api: KubeApi;
let kube: Kube;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-lists-'));
  api = new KubeApi();
  kube = await connectKube({ kubeconfig: writeKubeconfig(folder, await api.start()), now: () => 0,
    deadlineMs: 5_000 });
});

afterEach(async () => {
  await kube.close();
  await api.stop();
  rmSync(folder, { recursive: true });
});

const addPods = (count: number, spec: Record<string, unknown> = { containers: [] }): void => {
  for (let index = 0; index < count; index += 1) {
    api.addPod(`ns-${index % 3}`, `pod-${index}`, { spec });
  }
};
const pages = (): readonly string[] => api.requests.filter((line) => line.includes('/api/v1/pods?'));

describe('the objects of a cluster', () => {
  test('come in pages, from all namespaces', async () => {
    addPods(LIST_PAGE_ITEMS * 2 + 1);
    api.add({ kind: 'Namespace', metadata: { name: 'ns-0', labels: { a: 'b' } } });
    api.add({ kind: 'Node', metadata: { name: 'n1' }, status: { addresses: [{ address: '10.9.0.1' }] } });
    api.add({ kind: 'EndpointSlice', metadata: { name: 'e', namespace: 'ns-0',
      labels: { 'kubernetes.io/service-name': 'db' } }, endpoints: [{ addresses: ['10.1.1.1'] }],
    ports: [{ port: 5432 }] });
    const listed = await kube.listObjects();
    if (!listed.ok) throw new Error(listed.message);
    expect(new Set(listed.value.pods.map(({ name }) => name)).size).toBe(LIST_PAGE_ITEMS * 2 + 1);
    expect(listed.value).toMatchObject({ endpoints: [{ service: 'db', addresses: ['10.1.1.1'] }] });
    expect(listed.value.nodes.get('n1')).toEqual(['10.9.0.1']);
    expect(pages()).toHaveLength(3);
  });

  test('begin anew, once, when the rest of a list is no longer kept', async () => {
    addPods(LIST_PAGE_ITEMS + 1);
    api.refuse({ times: 1, status: 410, on: /pods\?.*continue=/ });
    const listed = await kube.listObjects();
    expect(listed.ok && listed.value.pods.length).toBe(LIST_PAGE_ITEMS + 1);
    api.refuse({ times: 2, status: 410, on: /pods\?.*continue=/ });
    expect(await kube.listObjects()).toMatchObject({ ok: false, reason: 'unavailable' });
  });

  test('come in smaller pages where a page is too large, and half a list is none', async () => {
    const containers = [{ name: 'main', image: 'x', args: ['y'.repeat(BODY_BYTES_MAX / 100)] }];
    addPods(220, { containers });
    const listed = await kube.listObjects();
    expect(listed.ok && listed.value.pods.length).toBe(220);
    expect(pages()[1]).toContain(`limit=${LIST_PAGE_ITEMS / 2}`);
    api.refuse({ times: 1, status: 500, on: /pods\?.*continue=/ });
    expect(await kube.listObjects()).toMatchObject({ ok: false, reason: 'unavailable' });
  });

  test.each([
    ['no JSON', 'hello'],
    ['another object', '{"kind":"Status"}'],
    ['a pod that is none', '{"metadata":{},"items":[{"metadata":{"name":7}}]}'],
  ])('are refused when the answer is %s', async (_, body) => {
    api.answerWith(body);
    expect(await kube.listObjects()).toMatchObject({ ok: false, reason: 'unavailable' });
  });

  test('are refused with the reason where the role may not list', async () => {
    api.refuse({ times: 9, status: 403 });
    expect(await kube.listObjects()).toMatchObject({ ok: false, reason: 'forbidden' });
  });
});

describe('the last list', () => {
  test('serves all who ask at once, and is made anew when it is too old', async () => {
    let now = 10_000;
    const registry = new Registry();
    const metrics = new ObjectMetrics(registry);
    const clock = { now: () => now, after: () => () => undefined };
    const book = new ObjectBook({ kube, clock, onListed: metrics.listed });
    addPods(3);
    const both = await Promise.all([book.read(1_000), book.read(1_000)]);
    expect(both).toMatchObject([{ ok: true, listedMs: 10_000 }, { ok: true, listedMs: 10_000 }]);
    expect(pages()).toHaveLength(1);
    now += 1_001;
    await book.read(1_000);
    expect(pages()).toHaveLength(2);
    api.refuse({ times: 9, status: 403 });
    now += 1_001;
    expect(await book.read(1_000)).toMatchObject({ ok: false, reason: 'forbidden' });
    expect(await book.read(5_000)).toMatchObject({ ok: true, listedMs: 11_001 });
    const text = await registry.metrics();
    expect(text).toContain('lanner_collector_kube_lists_total{outcome="ok"} 2');
    expect(text).toContain('lanner_collector_kube_lists_total{outcome="forbidden"} 1');
    expect(text).toContain('lanner_collector_kube_objects 3');
  });

  test('is none where listing is off', async () => {
    const clock = { now: () => 1, after: () => () => undefined };
    const book = new ObjectBook({ kube: undefined, clock, onListed: () => undefined });
    expect(await book.read(1)).toMatchObject({ ok: false, reason: 'not-enabled' });
  });
});
