import { request } from 'node:http';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { roles } from '../access/principal.ts';
import type { RouteNeed } from '../access/route-needs.ts';
import { asSomebody } from '../testing/principals.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';

/**
 * Every route that the API has, asked by every role: over all namespaces, over one, and by nobody.
 * The table is the contract of who may do what; a route that is added or changed shows here.
 */
const TEST_MS = 60_000;

let collector: TestCollector;

beforeAll(async () => {
  collector = await startTestCollector();
});

afterAll(() => collector.stop());

const isPage = ({ path }: RouteNeed): boolean =>
  !path.startsWith('/api/') && !path.startsWith('/auth/') &&
  !['/metrics', '/healthz', '/readyz'].includes(path);

/** Refused by the guard: later refusals depend on the record. */
async function isLetIn(
  { method, path }: RouteNeed,
  headers: Readonly<Record<string, string>>,
): Promise<boolean> {
  const address = collector.addresses.api + path.replaceAll(/:\w+/g, '0'.repeat(16));
  const status = await new Promise<number>((resolve, reject) => {
    const asked = request(address, {
      method,
      headers: {
        ...headers,
        ...(method === 'GET' ? {} : { 'content-type': 'application/json', 'content-length': 2 }),
      },
    }, (response) => {
      resolve(response.statusCode ?? 0);
      // The live stream has no end.
      response.destroy();
    });
    asked.on('error', reject);
    asked.end(method === 'GET' ? undefined : '{}');
  });
  return status !== 401 && status !== 403;
}

test('who may call what', async () => {
  const callers: { name: string; headers: Readonly<Record<string, string>> }[] = [
    { name: 'nobody', headers: {} },
  ];
  for (const role of roles) {
    callers.push(
      {
        name: `${role}@shop`,
        headers: await asSomebody(collector, `${role}-shop`, role, ['shop']),
      },
      { name: role, headers: await asSomebody(collector, role, role) },
    );
  }
  const routes = collector.routes
    .filter((route) => route.method !== 'HEAD' && !isPage(route))
    .toSorted((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : a.method < b.method ? -1 : 1);
  const lines: string[] = [];
  for (const route of routes) {
    const allowed: string[] = [];
    for (const { name, headers } of callers) {
      if (await isLetIn(route, headers)) allowed.push(name);
    }
    const first = (suffix: string): string =>
      roles.find((role) => allowed.includes(`${role}${suffix}`)) ?? '-';
    // Whoever has more may do no less.
    for (const suffix of ['', '@shop']) {
      const from = roles.findIndex((role) => allowed.includes(`${role}${suffix}`));
      const held = from < 0 ? [] : roles.slice(from).map((role) => `${role}${suffix}`);
      expect(allowed.filter((name) => held.includes(name))).toEqual(held);
    }
    const who = allowed.includes('nobody')
      ? 'anyone'
      : `${first('').padEnd(10)} in one namespace: ${first('@shop')}`;
    lines.push(`${route.method.padEnd(7)}${route.path.padEnd(48)}${who}`);
  }
  await expect(`${lines.join('\n')}\n`)
    .toMatchFileSnapshot(join(import.meta.dirname, 'role-matrix.golden'));
}, TEST_MS);

test('nothing under the API is open but the door itself', () => {
  const open = collector.routes.filter(({ needs, path }) =>
    needs === 'anyone' && path.startsWith('/api/'));
  expect(new Set(open.map(({ path }) => path))).toEqual(new Set(['/api/v1/session']));
});
