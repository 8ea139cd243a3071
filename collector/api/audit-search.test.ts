import { afterEach, beforeEach, expect, test } from 'vitest';

import { callApi, itemsOf } from '../testing/api-client.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';

let collector: TestCollector;

beforeEach(async () => {
  collector = await startTestCollector();
});

afterEach(() => collector.stop());

const audit = (query: string) => callApi(collector, 'GET', `/api/v1/audit?${query}`);

test('the audit is searched by family, actor, subject and time, and paged within the search',
  async () => {
    for (const name of ['ci', 'deploy', 'backup']) {
      const grants = [{ role: 'viewer', namespaces: 'all' }];
      await callApi(collector, 'POST', '/api/v1/tokens', { name, grants });
    }
    const mine = 'action=token&actor=BOOTSTRAP';
    const all = itemsOf(await audit(mine));
    expect(all.map(({ action }) => action)).toEqual(Array(3).fill('token.create'));
    const first = await audit(`${mine}&limit=2`);
    const rest = await audit(`${mine}&limit=2&cursor=${String(first.body['nextCursor'])}`);
    expect([...itemsOf(first), ...itemsOf(rest)]).toEqual(all);
    expect(rest.body['nextCursor']).toBeNull();
    const [newest] = all;
    expect(itemsOf(await audit(`subject=${String(newest?.['subject'])}`))).toEqual([newest]);
    expect(itemsOf(await audit('action=policy'))).toMatchObject([{ action: 'policy.loaded' }]);
    expect(itemsOf(await audit('to=2000-01-01T00:00:00Z'))).toEqual([]);
  });

test('a filter that is none is refused with its place', async () => {
  for (const query of ['action=DROP%20TABLE', 'from=yesterday', 'actor=', 'color=red']) {
    expect((await audit(query)).status).toBe(400);
  }
});
