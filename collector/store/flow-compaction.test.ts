import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { SOURCE_PORTS_MAX } from '../../proto/lanner/v1/bounds.ts';
import { systemClock } from '../clock.ts';
import type { FlowRow } from '../flows/flow-store.ts';
import { MINUTE, aBatchOf, aChunk, aFlow, anActor } from '../testing/flows.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import type { Store } from './faces.ts';
import { joinFlows } from './flow-compaction.ts';
import type { PackedFlow } from './flow-packing.ts';
import { openStore } from './open-store.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** 10:00 of the day of `MINUTE`. */
const HOUR = MINUTE - 15 * MINUTE_MS;
const kept = { ageMs: 30 * DAY_MS, minutesMs: DAY_MS, rowsMax: 1_000_000 };

describe.each(storeKinds)('minutes that become hours on %s', (kind) => {
  let place: StorePlace;
  let store: Store;
  let sequence = 0;
  const clock = { now: () => MINUTE + 90_000, after: systemClock.after.bind(systemClock) };
  const tomorrow = MINUTE + DAY_MS + HOUR_MS;

  beforeAll(async () => {
    place = await storePlace(kind);
  }, 60_000);

  afterAll(() => place.remove());

  beforeEach(async () => {
    await place.empty();
    store = await openStore({ path: place.path, clock });
    sequence = 0;
  }, 60_000);

  afterEach(async () => {
    await store.close();
  });

  const send = (minute: number, ...flows: readonly Parameters<typeof aFlow>[0][]) =>
    store.commitBatches([aBatchOf(aChunk({
      minute,
      actors: [anActor(), anActor({ pod: 'web-2', podUid: 'uid-2' })],
      flows: flows.map((flow) => aFlow({ first: minute + 1, last: minute + 9, ...flow })),
    }), { sequence: (sequence += 1) })]);

  const listed = async (): Promise<readonly FlowRow[]> =>
    (await store.listFlows({ scope: 'all' }, { limit: 500 })).rows;

  test('flows of one process to one end become one, with all that is known of them', async () => {
    await send(HOUR, { count: 3, sourcePorts: [1, 2], portsBeyond: 1 });
    await send(HOUR + 30 * MINUTE_MS, { count: 4, sourcePorts: [2, 3] }, { outcome: 'refused' },
      { actor: 1 }, { port: 80 }, { folded: true });
    await send(HOUR + HOUR_MS, { count: 7 });
    const done = await store.retainFlows(kept, HOUR + DAY_MS + HOUR_MS);
    expect(done).toMatchObject({ joined: 6, joinedInto: 5, deletedByAge: 0, deletedByBound: 0 });
    const rows = await listed();
    expect(rows.map(({ precision }) => precision)).toEqual(['minute', ...Array(5).fill('hour')]);
    expect(rows).toContainEqual(expect.objectContaining({ precision: 'hour', count: 7,
      firstMs: HOUR + 1, lastMs: HOUR + 30 * MINUTE_MS + 9, sourcePorts: [1, 2, 3],
      portsBeyond: 1, outcome: 'ok', port: 443, folded: false }));
    expect(rows.filter(({ outcome }) => outcome === 'refused')).toHaveLength(1);
    expect(await store.flowLevels())
      .toEqual({ minuteFlows: 1, hourFlows: 5, oldestMs: HOUR });
    expect(await store.retainFlows(kept, HOUR + DAY_MS + HOUR_MS))
      .toMatchObject({ joined: 0, joinedInto: 0 });
    expect(await listed()).toEqual(rows);
  });

  test('what comes late for an hour that was joined joins it', async () => {
    await send(HOUR, { count: 3 });
    await store.retainFlows(kept, tomorrow);
    await send(HOUR + MINUTE_MS, { count: 4 });
    expect((await listed()).map(({ precision, count }) => `${precision} ${count}`).toSorted())
      .toEqual(['hour 3', 'minute 4']);
    await store.retainFlows(kept, tomorrow);
    expect(await listed()).toMatchObject([{ precision: 'hour', count: 7, firstMs: HOUR + 1,
      lastMs: HOUR + MINUTE_MS + 9 }]);
  });

  test('an answer finds an hour by any time within it, and no other', async () => {
    await send(HOUR + 5 * MINUTE_MS, {});
    await send(HOUR + 45 * MINUTE_MS, {});
    await store.retainFlows(kept, tomorrow);
    const at = async (ms: number) => (await store.flowsTo({ nodes: [{ cluster: 'c1',
      node: 'node-1' }], address: '203.0.113.9', port: 443, fromMs: ms, toMs: ms })).rows.length;
    expect(await at(HOUR + 20 * MINUTE_MS)).toBe(1);
    expect(await at(HOUR + 46 * MINUTE_MS)).toBe(0);
    expect(await at(HOUR + 4 * MINUTE_MS)).toBe(0);
    expect(await at(HOUR + HOUR_MS)).toBe(0);
  });

  test('a busy hour is joined in portions, and is read in parts', async () => {
    for (let batch = 0; batch < 24; batch += 1) {
      await send(HOUR + batch * MINUTE_MS, ...Array.from({ length: 500 }, (_, at) =>
        ({ port: (batch % 20) * 500 + at, count: 1 })));
    }
    const done = await store.retainFlows(kept, tomorrow);
    expect(done).toMatchObject({ joined: 12_000, joinedInto: 10_000 });
    expect(await store.flowLevels()).toMatchObject({ minuteFlows: 0, hourFlows: 10_000 });
    let before: number | undefined;
    let count = 0;
    const ids = new Set<number>();
    do {
      const page = await store.listFlows({ scope: 'all' },
        { limit: 1_500, ...(before === undefined ? {} : { before }) });
      for (const row of page.rows) {
        count += row.count;
        ids.add(row.number);
      }
      before = page.next;
    } while (before !== undefined);
    expect(count).toBe(12_000);
    expect(ids.size).toBe(10_000);
  });

  const hasReplicas = kind === 'PostgreSQL';
  test.runIf(hasReplicas)('two replicas that join one hour count everything once', async () => {
    const other = await openStore({ path: place.path, clock });
    for (let at = 0; at < 20; at += 1) await send(HOUR + at * MINUTE_MS, { count: 1 });
    await Promise.all([store.retainFlows(kept, tomorrow), other.retainFlows(kept, tomorrow)]);
    await other.close();
    await store.retainFlows(kept, tomorrow);
    const rows = await listed();
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(20);
    expect(await store.flowLevels()).toMatchObject({ minuteFlows: 0, hourFlows: rows.length });
  });

  test('however sending, joining and restarts follow each other, every connection is there once',
    async () => {
      const step = fc.oneof(
        { weight: 4, arbitrary: fc.record({ minute: fc.nat(180), actor: fc.nat(1),
          port: fc.constantFrom(80, 443), count: fc.integer({ min: 1, max: 9 }),
          isAgain: fc.boolean() }) },
        { weight: 1, arbitrary: fc.constantFrom('join' as const, 'restart' as const) },
      );
      await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await store.close();
        await place.empty();
        store = await openStore({ path: place.path, clock });
        sequence = 0;
        let sent = 0;
        let nowMs = MINUTE;
        for (const one of steps) {
          if (one === 'join') {
            await store.retainFlows(kept, (nowMs += HOUR_MS) + DAY_MS);
          } else if (one === 'restart') {
            await store.close();
            store = await openStore({ path: place.path, clock });
          } else {
            const { minute, isAgain, ...flow } = one;
            sent += flow.count;
            await send(HOUR + minute * MINUTE_MS, flow);
            if (isAgain) {
              sequence -= 1;
              await send(HOUR + minute * MINUTE_MS, flow);
            }
          }
        }
        const rows = await listed();
        expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(sent);
        const { minuteFlows, hourFlows } = await store.flowLevels();
        expect(minuteFlows + hourFlows).toBe(rows.length);
      }), { numRuns: kind === 'SQLite' ? 30 : 4 });
    }, 120_000);
});

describe('the sum of minutes', () => {
  const flow: fc.Arbitrary<PackedFlow> = fc.record({ peer: fc.nat(2), actor: fc.nat(2),
    outcome: fc.nat(1), folded: fc.boolean(), first: fc.nat(59_999),
    count: fc.integer({ min: 1, max: 9 }),
    sourcePorts: fc.uniqueArray(fc.nat(30), { maxLength: SOURCE_PORTS_MAX }), portsBeyond: fc.nat(3),
  }).map((one) => ({ ...one, last: one.first + 5 }));
  const chunk = fc.record({ number: fc.nat(1_000), slot: fc.nat(59),
    flows: fc.array(flow, { maxLength: 8 }) });

  test('counts every connection, keeps the outermost times, and does not hang on the order', () => {
    fc.assert(fc.property(
      fc.uniqueArray(chunk, { maxLength: 6, selector: ({ number }) => number }), (chunks) => {
        const read = chunks.map(({ flows, ...rest }) =>
          ({ flows, chunk: { ...rest, node: 1, minutes: 1, bytes: new Uint8Array() } }));
        const sum = joinFlows(read, 0);
        const total = (flows: readonly PackedFlow[]): number =>
          flows.reduce((all, { count }) => all + count, 0);
        expect(total(sum)).toBe(total(chunks.flatMap(({ flows }) => flows)));
        expect(joinFlows(read.toReversed(), 0)).toEqual(sum);
        const keys = sum.map(({ peer, actor, outcome, folded }) =>
          `${peer} ${actor} ${outcome} ${folded}`);
        expect(new Set(keys).size).toBe(keys.length);
        expect(sum.every(({ sourcePorts }) => sourcePorts.length <= SOURCE_PORTS_MAX)).toBe(true);
        const times = chunks.flatMap(({ slot, flows }) =>
          flows.map(({ first }) => slot * MINUTE_MS + first));
        if (times.length > 0) {
          expect(Math.min(...sum.map(({ first }) => first))).toBe(Math.min(...times));
        }
      }));
  });
});
