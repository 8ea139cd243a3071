import { describe, expect, test } from 'vitest';

import type { FlowRow, FlowStore, FlowWho } from './flow-store.ts';
import { who } from './who.ts';
import type { WhoQuestion } from './who.ts';

const AT = Date.UTC(2026, 10, 23, 10, 15);
const node = { cluster: 'c1', node: 'node-1' };
const question: WhoQuestion = { nodeIp: '10.0.3.7', dst: '203.0.113.9', dstPort: 443, atMs: AT,
  windowMs: 120_000 };

const someone = (pod: string): FlowWho => ({
  ...node,
  namespace: 'shop',
  pod,
  podUid: pod,
  workload: 'web',
  containerId: pod,
  containerName: 'web',
  image: { repository: 'r', tag: 't', digest: '' },
  process: 'curl',
  exe: '/usr/bin/curl',
  localAddress: '10.244.0.7',
});

let numbers = 0;
const row = (pod: string, over: Partial<FlowRow> = {}): FlowRow => ({
  number: (numbers += 1),
  who: someone(pod),
  direction: 'out',
  protocol: 'tcp',
  address: '203.0.113.9',
  port: 443,
  name: '',
  outcome: 'ok',
  folded: false,
  precision: 'minute',
  firstMs: AT - 1_000,
  lastMs: AT + 1_000,
  count: 2,
  sourcePorts: [40_000],
  portsBeyond: 0,
  ...over,
});

type Known = Partial<{
  rows: readonly FlowRow[];
  isPartial: boolean;
  nodes: readonly typeof node[];
  gaps: Awaited<ReturnType<FlowStore['gapsWithin']>>;
  watched: Awaited<ReturnType<FlowStore['watchedWithin']>>;
}>;

const always = { ...node, fromMs: 0, toMs: AT * 2 };

function asked(known: Known, over: Partial<WhoQuestion> = {}, nowMs = AT + 3_600_000) {
  const { rows = [], isPartial = false, nodes = [node], gaps = [], watched = [always] } = known;
  const never = (): never => {
    throw new Error('not asked for');
  };
  return who({
    nodesWithAddress: () => Promise.resolve(nodes),
    flowsTo: () => Promise.resolve({ rows, isPartial }),
    gapsWithin: () => Promise.resolve(gaps),
    watchedWithin: () => Promise.resolve(watched),
    listFlows: never,
    listDestinations: never,
    flowLevels: never,
    retainFlows: never,
  }, { ...question, ...over }, nowMs);
}

const podsIn = ({ candidates }: Awaited<ReturnType<typeof who>>): readonly string[] =>
  candidates.map(({ who: { pod } }) => pod);

describe('who was behind it', () => {
  test('a known source port comes first, then the nearest in time, then the most', async () => {
    const rows = [
      row('seldom', { count: 1, sourcePorts: [] }),
      row('often', { count: 2, sourcePorts: [] }),
      row('early', { firstMs: AT - 60_000, lastMs: AT - 60_000, count: 900 }),
      row('port', { firstMs: AT - 100_000, lastMs: AT - 100_000, sourcePorts: [1, 51_234] }),
      row('folded', { address: '', folded: true, count: 5_000, firstMs: AT, lastMs: AT }),
    ];
    const answer = await asked({ rows }, { srcPort: 51_234 });
    expect(podsIn(answer)).toEqual(['port', 'often', 'seldom', 'early', 'folded']);
    expect(answer.candidates.map(({ likelihood }) => likelihood))
      .toEqual(['source-port', 'time', 'time', 'time', 'possible']);
    expect(answer).toMatchObject({ verdict: 'several', doubts: ['folded'] });
  });

  test('a port that does not match rules nobody out: it may have been changed on the way', async () => {
    const answer = await asked({ rows: [row('web')] }, { srcPort: 1 });
    expect(answer).toMatchObject({ verdict: 'one', doubts: [] });
  });

  test('minutes, outcomes and names of one process are one candidate', async () => {
    const rows = [
      row('web', { count: 3 }),
      row('web', { outcome: 'refused', firstMs: AT - 60_000, lastMs: AT - 50_000, name: 'pay.test',
        sourcePorts: [2, 1], portsBeyond: 4 }),
    ];
    const { candidates } = await asked({ rows });
    expect(candidates).toMatchObject([{ count: 5, firstMs: AT - 60_000, lastMs: AT + 1_000,
      outcomes: ['ok', 'refused'], name: 'pay.test', sourcePorts: [1, 2, 40_000], portsBeyond: 4,
      distanceMs: 0, flows: rows.map(({ number }) => number) }]);
  });

  test('nobody is an answer only where somebody watched all of the time', async () => {
    expect(await asked({})).toMatchObject({ verdict: 'none', doubts: [] });
    const until = (toMs: number) => ({ ...always, toMs });
    expect(await asked({ watched: [until(AT)] }))
      .toMatchObject({ verdict: 'unknown', doubts: ['not-watched'] });
    expect(await asked({ watched: [until(AT), { ...always, fromMs: AT }] }))
      .toMatchObject({ verdict: 'none' });
    expect(await asked({ watched: [until(AT), { ...always, fromMs: AT + 1 }] }))
      .toMatchObject({ verdict: 'unknown' });
    const gaps = [{ ...node, from: '', to: '', cause: 'falco-drop', eventsEstimate: 3 }];
    expect(await asked({ gaps })).toMatchObject({ verdict: 'unknown', doubts: ['gap'] });
    expect(await asked({}, {}, AT + 1_000))
      .toMatchObject({ verdict: 'unknown', doubts: ['too-recent'] });
  });

  test('an address that nobody has, or that several have, is said', async () => {
    expect(await asked({ nodes: [] }))
      .toMatchObject({ verdict: 'unknown', doubts: ['address-unknown'] });
    const nodes = [node, { ...node, node: 'node-2' }];
    const watched = nodes.map((one) => ({ ...always, ...one }));
    expect(await asked({ nodes, watched }))
      .toMatchObject({ verdict: 'none', doubts: ['address-shared'] });
    expect(await asked({ nodes, rows: [row('web')] }))
      .toMatchObject({ verdict: 'one', doubts: ['address-shared', 'not-watched'] });
  });

  test('of an hour that was joined it is known when for its first and last connection alone', async () => {
    const hour = { precision: 'hour' as const, count: 50, firstMs: AT - 1_500_000 };
    const rows = [
      row('through', { ...hour, lastMs: AT + 1_500_000, count: 900 }),
      row('until', { ...hour, lastMs: AT + 60_000 }),
      row('port', { ...hour, lastMs: AT + 1_400_000, sourcePorts: [51_234] }),
    ];
    const answer = await asked({ rows }, { srcPort: 51_234 });
    expect(answer).toMatchObject({ verdict: 'several', doubts: ['hours-only'] });
    expect(answer.candidates.map(({ who: { pod }, likelihood, precision, distanceMs }) =>
      [pod, likelihood, precision, distanceMs])).toEqual([
      ['port', 'source-port', 'hour', 1_400_000],
      ['until', 'time', 'hour', 60_000],
      ['through', 'possible', 'hour', 1_500_000],
    ]);
    const both = await asked({ rows: [rows[0] as FlowRow, row('through')] });
    expect(both.candidates).toMatchObject([{ likelihood: 'time', precision: 'minute' }]);
  });

  test('failed connections without an address accuse nobody, and are not passed over', async () => {
    const rows = [row('web', { address: '', port: -1, outcome: 'failed' })];
    expect(await asked({ rows }))
      .toMatchObject({ verdict: 'unknown', candidates: [], doubts: ['without-address'] });
  });
});
