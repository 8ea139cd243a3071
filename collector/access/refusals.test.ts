import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { AuditEntry } from '../respond/response-store.ts';
import { ManualClock } from '../testing/clock.ts';
import { ANONYMOUS_MAX, NAMED_MAX, Refusals, WINDOW_MS } from './refusals.ts';
import type { RefusedRequest } from './refusals.ts';

function rig(appendAudit?: (entry: AuditEntry) => Promise<void>) {
  const clock = new ManualClock();
  const entries: AuditEntry[] = [];
  const troubles: unknown[] = [];
  let counted = 0;
  const refusals = new Refusals({
    appendAudit: appendAudit ?? (async (entry) => {
      entries.push(entry);
    }),
    clock,
    onRefused: () => {
      counted += 1;
    },
    onTrouble: (error) => troubles.push(error),
  });
  return { clock, entries, troubles, refusals, counted: () => counted };
}

const aRequest = (over: Partial<RefusedRequest> = {}): RefusedRequest => ({
  actor: 'anonymous',
  address: '10.0.0.1',
  method: 'GET',
  path: '/api/v1/alerts',
  reason: 'no-token',
  ...over,
});

const countOf = (entries: readonly AuditEntry[]): number =>
  entries.reduce((sum, { detail }) => sum + Number(detail['count']), 0);

test('the first of a kind is written at once, the others as one number', async () => {
  const { clock, entries, refusals } = rig();
  for (let n = 0; n < 50; n += 1) refusals.note(aRequest());
  refusals.note(aRequest({ actor: 'li.wei', reason: 'role', method: 'POST' }));
  await new Promise((resolve) => setImmediate(resolve));
  expect(entries).toMatchObject([
    { actor: 'anonymous', action: 'access.refused', subject: 'GET /api/v1/alerts',
      detail: { reason: 'no-token', address: '10.0.0.1', count: 1 } },
    { actor: 'li.wei', subject: 'POST /api/v1/alerts', detail: { reason: 'role' } },
  ]);
  clock.advance(WINDOW_MS);
  await refusals.stop();
  expect(entries).toHaveLength(3);
  expect(entries[2]).toMatchObject({ actor: 'anonymous', detail: { count: 49 } });
  refusals.note(aRequest());
  await refusals.stop();
  expect(entries).toHaveLength(4);
});

test('strangers cannot crowd out what somebody with a name tried', async () => {
  const { entries, refusals } = rig();
  for (let n = 0; n < 5_000; n += 1) {
    refusals.note(aRequest({ address: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}` }));
  }
  refusals.note(aRequest({ actor: 'token:ci', reason: 'namespace' }));
  await refusals.stop();
  expect(entries.filter(({ actor }) => actor === 'token:ci')).toHaveLength(1);
  expect(entries).toHaveLength(ANONYMOUS_MAX + 2);
  expect(countOf(entries)).toBe(5_001);
});

test('whatever comes, all of it is counted and the records of a window are bounded', () =>
  fc.assert(fc.asyncProperty(
    fc.array(fc.record({
      actor: fc.oneof(fc.constant('anonymous'), fc.integer({ max: 400 }).map((n) => `token:${n}`)),
      address: fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()),
      reason: fc.constantFrom('no-token', 'role', 'host', 'csrf'),
      method: fc.constant('GET'),
      path: fc.string({ unit: 'binary' }),
    }), { maxLength: 600 }),
    async (requests) => {
      const { entries, refusals, counted } = rig();
      for (const request of requests) refusals.note(request as RefusedRequest);
      await refusals.stop();
      expect(counted()).toBe(requests.length);
      expect(countOf(entries)).toBe(requests.length);
      expect(entries.length).toBeLessThanOrEqual(2 * (NAMED_MAX + ANONYMOUS_MAX) + 1);
      for (const { subject } of entries) {
        expect(subject.isWellFormed()).toBe(true);
        expect(subject.length).toBeLessThanOrEqual(200);
      }
    },
  ), { numRuns: 50 }));

test('an audit that cannot be written is told, and does not stop the next record', async () => {
  let tries = 0;
  const { refusals, troubles } = rig(async () => {
    tries += 1;
    if (tries === 1) throw new Error('disk full');
  });
  refusals.note(aRequest());
  refusals.note(aRequest({ reason: 'host' }));
  await refusals.stop();
  expect([tries, troubles.length]).toEqual([2, 1]);
});
