import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { systemClock } from '../clock.ts';
import { MINUTE, aBatchOf, aChunk, aFlow, anActor } from '../testing/flows.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import type { Store } from './faces.ts';
import { NOTE_MS } from './flow-reach.ts';
import { openStore } from './open-store.ts';

const DAY_MS = 86_400_000;
const node = { cluster: 'c1', node: 'node-1' };
const question = { nodes: [node], address: '203.0.113.9', port: 443, fromMs: MINUTE,
  toMs: MINUTE + 60_000 };

describe.each(storeKinds)('the flow ledger on %s', (kind) => {
  let place: StorePlace;
  let store: Store;
  let nowMs = MINUTE + 90_000;
  const clock = { now: () => nowMs, after: systemClock.after.bind(systemClock) };

  beforeAll(async () => {
    place = await storePlace(kind);
  }, 60_000);

  afterAll(() => place.remove());

  beforeEach(async () => {
    nowMs = MINUTE + 90_000;
    await place.empty();
    store = await openStore({ path: place.path, clock });
  }, 60_000);

  afterEach(async () => {
    await store.close();
  });

  const listed = async () => (await store.listFlows({ scope: 'all' }, { limit: 500 })).rows;

  test('what an agent sent comes back as it was', async () => {
    await store.commitBatches([aBatchOf(aChunk({ flows: [aFlow({ portsBeyond: 3 })] }))]);
    const { rows } = await store.flowsTo(question);
    expect(rows).toEqual([{
      number: expect.any(Number),
      who: { ...anActor(), ...node, localAddress: '10.244.0.7' },
      direction: 'out',
      protocol: 'tcp',
      address: '203.0.113.9',
      port: 443,
      name: '',
      outcome: 'ok',
      folded: false,
      precision: 'minute',
      firstMs: MINUTE + 1_000,
      lastMs: MINUTE + 2_000,
      count: 2,
      sourcePorts: [40_001, 40_002],
      portsBeyond: 3,
    }]);
    expect(await listed()).toEqual(rows);
  });

  test('a batch that comes again, also after a restart, adds nothing', async () => {
    const batch = aBatchOf(aChunk());
    const [first, second] = await store.commitBatches([batch, { ...batch }]);
    expect([first?.duplicate, second?.duplicate]).toEqual([false, true]);
    await store.close();
    store = await openStore({ path: place.path, clock });
    await store.commitBatches([batch]);
    expect(await listed()).toHaveLength(1);
    await store.commitBatches([aBatchOf(aChunk(), { sequence: 2 })]);
    expect((await listed()).map(({ count }) => count)).toEqual([2, 2]);
  });

  test('a batch that failed leaves nothing, and its names are learned when it comes again', async () => {
    const wrong = aBatchOf(aChunk({ actors: [] }), { sequence: 1 });
    await expect(store.commitBatches([wrong])).rejects.toThrow('could not be committed');
    expect(await listed()).toEqual([]);
    await store.commitBatches([aBatchOf(aChunk())]);
    expect(await listed()).toHaveLength(1);
  });

  test('flows of other nodes, destinations and times are not in an answer', async () => {
    await store.commitBatches([
      aBatchOf(aChunk()),
      aBatchOf(aChunk(), { node: 'node-2' }),
      aBatchOf(aChunk({ minute: MINUTE + 120_000,
        flows: [aFlow({ first: MINUTE + 121_000, last: MINUTE + 122_000 })] }), { sequence: 2 }),
      aBatchOf(aChunk({ flows: [aFlow({ port: 80 }), aFlow({ remoteAddress: '203.0.113.8' }),
        aFlow({ direction: 'in' })] }), { sequence: 3 }),
    ]);
    expect((await store.flowsTo(question)).rows).toHaveLength(1);
    expect((await store.flowsTo({ ...question, protocol: 'udp' })).rows).toEqual([]);
    expect((await store.flowsTo({ ...question, nodes: [] })).rows).toEqual([]);
    expect((await store.flowsTo({ ...question, fromMs: MINUTE + 2_001 })).rows).toEqual([]);
    expect((await store.flowsTo({ ...question, toMs: MINUTE + 200_000 })).rows).toHaveLength(2);
  });

  test('flows that stand for several addresses, or for one that nobody knows, are told', async () => {
    const flows = [
      aFlow({ remoteAddress: '', localAddress: '', folded: true }),
      aFlow({ remoteAddress: '', port: -1, folded: true }),
      aFlow({ remoteAddress: '', port: -1, outcome: 'refused' }),
      aFlow({ remoteAddress: '', port: 80, folded: true }),
    ];
    await store.commitBatches([aBatchOf(aChunk({ flows }))]);
    const { rows } = await store.flowsTo(question);
    expect(new Set(rows.map(({ port, folded, outcome }) => `${port} ${folded} ${outcome}`)))
      .toEqual(new Set(['-1 false refused', '-1 true ok', '443 true ok']));
  });

  test('hostile names are stored and found as data', async () => {
    const evil = `'); DROP TABLE flow_parts; --\u2028\u202e"\\`;
    const actor = anActor({ process: evil, exe: evil, workload: evil, containerName: evil });
    await store.commitBatches([aBatchOf(aChunk({
      actors: [actor],
      flows: [aFlow({ name: evil, remoteAddress: '2001:db8::9' })],
    }))]);
    const [row] = (await store.listFlows({ scope: 'all', workload: evil }, { limit: 5 })).rows;
    expect(row).toMatchObject({ name: evil, who: { process: evil, exe: evil } });
    const { items } = await store.listDestinations({ scope: ['shop'], workload: evil });
    expect(items).toMatchObject([{ address: '2001:db8::9', names: [evil] }]);
  });

  test('the list goes from page to page, newest first, and nothing is skipped or doubled', async () => {
    for (let sequence = 1; sequence <= 5; sequence += 1) {
      // Two of one minute, and the last one late.
      const minute = MINUTE + [0, 60_000, 60_000, 120_000, -60_000][sequence - 1]!;
      const flows = Array.from({ length: 7 }, (_, at) =>
        aFlow({ port: sequence * 100 + at, first: minute, last: minute }));
      await store.commitBatches([aBatchOf(aChunk({ minute, flows }), { sequence })]);
    }
    const ports: number[] = [];
    let before: number | undefined;
    do {
      const page = await store.listFlows({ scope: 'all' },
        { limit: 4, ...(before === undefined ? {} : { before }) });
      ports.push(...page.rows.map(({ port }) => port));
      before = page.next;
    } while (before !== undefined);
    expect(ports).toHaveLength(35);
    expect(new Set(ports).size).toBe(35);
    expect(ports.map((port) => Math.floor(port / 100)).filter((one, at, all) =>
      all[at - 1] !== one)).toEqual([4, 2, 3, 1, 5]);
    const some = await store.listFlows({ scope: 'all', port: 203, node: 'node-1', cluster: 'c1',
      namespace: 'shop', workload: 'web', pod: 'web-1', direction: 'out', address: '203.0.113.9',
      fromMs: MINUTE + 59_999, toMs: MINUTE + 60_000 }, { limit: 4 });
    expect(some.rows.map(({ port }) => port)).toEqual([203]);
  });

  test('whoever may not see a namespace does not see its flows', async () => {
    const actors = [anActor(), anActor({ namespace: 'pay', pod: 'pay-1', workload: 'pay' })];
    const flows = [aFlow(), aFlow({ actor: 1, port: 444 })];
    await store.commitBatches([aBatchOf(aChunk({ actors, flows }))]);
    const seen = await store.listFlows({ scope: ['pay'] }, { limit: 5 });
    expect(seen.rows.map(({ port }) => port)).toEqual([444]);
    expect((await store.listFlows({ scope: [] }, { limit: 5 })).rows).toEqual([]);
    expect((await store.listFlows({ scope: ['pay'], namespace: 'shop' }, { limit: 5 })).rows)
      .toEqual([]);
    const reached = await store.listDestinations({ scope: ['pay'] });
    expect(reached.items.map(({ workload, port }) => [workload, port])).toEqual([['pay', 444]]);
  });

  test('a destination keeps its first and last time, and a refused one is none', async () => {
    await store.commitBatches([aBatchOf(aChunk({ flows: [aFlow(), aFlow({ port: 25,
      outcome: 'refused' }), aFlow({ port: 26, outcome: 'failed' })] }))]);
    const later = MINUTE + 2 * NOTE_MS;
    await store.commitBatches([aBatchOf(aChunk({ minute: later,
      flows: [aFlow({ first: later, last: later + 5, name: 'db.example', outcome: 'in-progress' }),
        aFlow({ first: later, last: later + 7 })] }), { sequence: 2 })]);
    expect((await store.listDestinations({ scope: 'all', namespace: 'shop' })).items).toEqual([{
      cluster: 'c1', namespace: 'shop', workload: 'web', address: '203.0.113.9', port: 443,
      protocol: 'tcp', names: ['db.example'], firstMs: MINUTE + 1_000, lastMs: later + 7,
    }]);
  });

  test('times that follow each other are one span, and a hole stays a hole', async () => {
    const spans = [[0, 10], [10, 20], [30, 40]] as const;
    let sequence = 0;
    for (const [from, to] of spans) {
      sequence += 1;
      const watched = { from: MINUTE + from * 1_000, to: MINUTE + to * 1_000 };
      await store.commitBatches([aBatchOf(aChunk({ actors: [], flows: [], watched }), { sequence })]);
    }
    expect(await store.watchedWithin([node], MINUTE, MINUTE + 60_000)).toEqual([
      { ...node, fromMs: MINUTE, toMs: MINUTE + 20_000 },
      { ...node, fromMs: MINUTE + 30_000, toMs: MINUTE + 40_000 },
    ]);
    expect(await store.watchedWithin([{ ...node, node: 'other' }], 0, MINUTE * 2)).toEqual([]);
  });

  test('gaps of a node are found by the time they touch', async () => {
    const gap = (from: string, to: string) =>
      ({ from, to, cause: 'falco-drop' as const, eventsEstimate: 3 });
    const gaps = [
      gap('2026-11-23T10:14:00.000000000Z', '2026-11-23T10:15:01.000000000Z'),
      gap('2026-11-23T10:17:00.000000000Z', '2026-11-23T10:18:00.000000000Z'),
    ];
    await store.commitBatches([aBatchOf(aChunk(), { gaps })]);
    expect(await store.gapsWithin([node], MINUTE, MINUTE + 60_000))
      .toEqual([{ ...node, ...gaps[0] }]);
  });

  test('a node is found by what its agent said, also after it said something else', async () => {
    const record = { ...node, epoch: 'e', protocol: 1, agentVersion: '', falcoVersion: '',
      capabilities: [], connectedAtMs: 1, lastSeenMs: 1, heartbeat: null };
    await store.saveAgents([{ ...record, addresses: ['10.0.3.7', '2001:db8::1'] }]);
    await store.saveAgents([{ ...record, addresses: ['10.0.3.8'] }]);
    await store.saveAgents([{ ...record, node: 'node-2', addresses: ['10.0.3.7'] }]);
    expect(await store.nodesWithAddress('10.0.3.7')).toEqual([node, { ...node, node: 'node-2' }]);
    expect(await store.nodesWithAddress('10.0.3.8', 'c1')).toEqual([node]);
    expect(await store.nodesWithAddress('10.0.3.8', 'c2')).toEqual([]);
  });

  const kept = { ageMs: 30 * DAY_MS, minutesMs: DAY_MS, rowsMax: 1_000 };
  const nothingDone = { deletedByAge: 0, deletedByBound: 0, joined: 0, joinedInto: 0, damaged: 0 };

  test('what is too old or too much goes, the oldest first, with its names', async () => {
    await store.commitBatches([aBatchOf(aChunk())]);
    nowMs += DAY_MS + 1_000;
    const today = MINUTE + DAY_MS;
    await store.commitBatches([aBatchOf(aChunk({ minute: today,
      actors: [anActor({ pod: 'web-2', podUid: 'uid-2' })],
      flows: [aFlow({ first: today, last: today, port: 8_443 })] }), { sequence: 2 })]);
    expect(await listed()).toHaveLength(2);
    expect(await store.flowLevels())
      .toEqual({ minuteFlows: 2, hourFlows: 0, oldestMs: MINUTE });
    expect(await store.retainFlows({ ...kept, minutesMs: 30 * DAY_MS }, nowMs))
      .toEqual(nothingDone);
    expect(await listed()).toHaveLength(2);
    expect(await store.retainFlows({ ...kept, minutesMs: 30 * DAY_MS, rowsMax: 1 }, nowMs))
      .toEqual({ ...nothingDone, deletedByBound: 1 });
    expect((await listed()).map(({ port }) => port)).toEqual([8_443]);
    // Nobody may say of that time that nobody connected.
    expect(await store.watchedWithin([node], 0, 2 * today))
      .toEqual([{ ...node, fromMs: MINUTE + 60_000, toMs: MINUTE + 600_000 }]);
    nowMs += 40 * DAY_MS;
    expect(await store.retainFlows(kept, nowMs)).toEqual({ ...nothingDone, deletedByAge: 1 });
    expect(await store.flowLevels()).toEqual({ minuteFlows: 0, hourFlows: 0, oldestMs: null });
    expect((await store.listDestinations({ scope: 'all' })).items).toEqual([]);
    // Names that went come back.
    await store.commitBatches([aBatchOf(aChunk({ minute: nowMs,
      flows: [aFlow({ first: nowMs, last: nowMs })] }), { sequence: 3 })]);
    expect((await listed()).map(({ who: { pod }, port }) => [pod, port]))
      .toEqual([['web-1', 443]]);
  });

  test('a clock that is far ahead makes no flow that never gets old', async () => {
    const ahead = MINUTE + 300 * DAY_MS;
    await store.commitBatches([aBatchOf(aChunk({ minute: ahead,
      flows: [aFlow({ first: ahead, last: ahead })] }))]);
    expect((await store.flowLevels()).oldestMs).toBeLessThan(nowMs + 2 * 3_600_000);
    expect(await store.retainFlows(kept, nowMs + 32 * DAY_MS)).toMatchObject({ deletedByAge: 1 });
  });

  test('what was reached first since some day is told apart; a further name is nothing new', async () => {
    await store.commitBatches([aBatchOf(aChunk())]);
    const later = MINUTE + DAY_MS;
    const at = { first: later, last: later };
    await store.commitBatches([aBatchOf(aChunk({ minute: later,
      flows: [aFlow({ ...at, name: 'pay.example' }), aFlow({ ...at, port: 8_443 })] }),
    { sequence: 2 })]);
    const { items } = await store.listDestinations({ scope: 'all', newSinceMs: later - 1 });
    expect(items).toMatchObject([{ port: 8_443 }]);
    const all = await store.listDestinations({ scope: 'all', newSinceMs: MINUTE });
    expect(all.items).toMatchObject([{ port: 443, names: ['pay.example'] }, { port: 8_443 }]);
  });
});
