import { describe, expect, test } from 'vitest';

import { FlowTruth } from './flow-truth.ts';
import { chunkOf, flowPut, putOf } from './puts.ts';
import { runFaults } from './run.ts';
import { Truth } from './truth.ts';

/** `npm run test:fault` takes two minutes; this is for every change. */
test('through kill -9 of agent, collector and PostgreSQL nothing is lost or doubled', async () => {
  const outcome = await runFaults({
    seed: 3,
    seconds: 6,
    agents: 2,
    alertsPerSecond: 60,
    pauseMs: [400, 1_200],
  });
  expect(outcome.problems).toEqual([]);
  expect(outcome.raised).toBeGreaterThan(100);
  expect(outcome.flowsSent).toBeGreaterThan(1_000);
  expect(outcome.compactions).toBeGreaterThan(1);
  for (const count of Object.values(outcome.kills)) expect(count).toBeGreaterThan(0);
}, 180_000);

describe('the judgement', () => {
  const ROWS = 10;

  /** Ten puts of one agent, said; and what a faultless store then holds. */
  function faultless() {
    const truth = new Truth();
    const newest = new Map<string, number>();
    for (let number = 0; number < ROWS; number += 1) {
      truth.raised('n', number);
      const { id, revision } = putOf('n', number);
      newest.set(id, revision);
    }
    truth.noted('n', 0);
    const alerts = [...newest].map(([id, revision]) => ({ id, revision, folded: 0 }));
    const time = '1970-01-01T00:00:00.000000000Z';
    return { truth, alerts, gaps: [{ node: 'n', from: time, to: time }] };
  }

  const none = { lost: 0, doubled: 0, stale: 0, invented: 0, gapsLost: 0, gapsDoubled: 0 };

  test('finds nothing where nothing is wrong', () => {
    const { truth, alerts, gaps } = faultless();
    expect(truth.judge(alerts, gaps)).toMatchObject({ ...none, raised: 8, stored: 8, gaps: 1 });
  });

  test('finds an alert that is not there, unless a summary counts it', () => {
    const { truth, alerts, gaps } = faultless();
    const missing = alerts.slice(1);
    expect(truth.judge(missing, gaps)).toMatchObject({ ...none, lost: 1 });
    const summary = { id: 'folded-1', revision: 1, folded: 1 };
    expect(truth.judge([...missing, summary], gaps)).toMatchObject({ ...none, folded: 1 });
  });

  test('finds an alert that is there twice, and a summary too', () => {
    const { truth, alerts, gaps } = faultless();
    const twice = alerts.slice(0, 1);
    expect(truth.judge([...alerts, ...twice], gaps)).toMatchObject({ ...none, doubled: 1 });
    const summary = { id: 'folded-1', revision: 1, folded: 2 };
    const counted = truth.judge([...alerts.slice(2), summary, summary], gaps);
    expect(counted).toMatchObject({ ...none, doubled: 1 + 2 });
  });

  test('finds an old revision, and an alert that nobody raised', () => {
    const { truth, alerts, gaps } = faultless();
    const stale = alerts.map((alert) => ({ ...alert, revision: 1 }));
    expect(truth.judge(stale, gaps)).toMatchObject({ ...none, stale: 2 });
    const invented = { id: 'n-999', revision: 1, folded: 0 };
    expect(truth.judge([...alerts, invented], gaps)).toMatchObject({ ...none, invented: 1 });
  });

  test('takes the put under way at a kill either way, and its number is not used again', () => {
    const { truth, alerts, gaps } = faultless();
    truth.killed('n');
    expect(truth.nextOf('n')).toBe(ROWS + 1);
    const unsure = { id: putOf('n', ROWS).id, revision: 1, folded: 0 };
    expect(truth.judge(alerts, gaps)).toMatchObject(none);
    expect(truth.judge([...alerts, unsure], gaps)).toMatchObject(none);
  });

  test('finds a gap that is not there, and takes a wider one that holds it', () => {
    const { truth, alerts, gaps } = faultless();
    expect(truth.judge(alerts, [])).toMatchObject({ ...none, gapsLost: 1 });
    expect(truth.judge(alerts, [...gaps, ...gaps])).toMatchObject({ ...none, gapsDoubled: 1 });
    const wider = { node: 'n', from: '1969-01-01T00:00:00.000000000Z', to: '1971' };
    expect(truth.judge(alerts, [wider])).toMatchObject(none);
  });
});

describe('the judgement of flows', () => {
  const NUMBERS = Array.from({ length: 30 }, (_, number) => number)
    .filter((number) => chunkOf(number) !== undefined);

  function counted() {
    const truth = new FlowTruth();
    for (const number of NUMBERS) truth.said('n', number);
    const sums = NUMBERS.map((number) => ({ node: 'n', ...flowPut(number) }));
    return { sums, judge: (stored: typeof sums, next = 30) => truth.judge(stored, () => next) };
  }

  const none = { flowsLost: 0, flowsDoubled: 0 };

  test('finds nothing where nothing is wrong, joined or not', () => {
    const { sums, judge } = counted();
    expect(judge(sums)).toMatchObject({ ...none, flowsSent: 1_002, flowsStored: 1_002 });
    const joined = new Map<number, number>();
    for (const { port, count } of sums) joined.set(port, (joined.get(port) ?? 0) + count);
    expect(judge([...joined].map(([port, count]) => ({ node: 'n', port, count }))))
      .toMatchObject(none);
  });

  test('finds what is not there, what is there twice, and what nobody sent', () => {
    const { sums, judge } = counted();
    expect(judge(sums.slice(1))).toMatchObject({ ...none, flowsLost: 1 });
    expect(judge([...sums, ...sums.slice(0, 1)])).toMatchObject({ ...none, flowsDoubled: 1 });
    expect(judge([...sums, { node: 'n', port: 9, count: 1 }]))
      .toMatchObject({ ...none, flowsDoubled: 1 });
  });

  test('takes what was under way at a kill either way', () => {
    const { sums, judge } = counted();
    const unsure = { node: 'n', ...flowPut(30) };
    expect(judge(sums, 31)).toMatchObject(none);
    expect(judge([...sums, unsure], 31)).toMatchObject(none);
    expect(judge([...sums, unsure, unsure], 31)).toMatchObject({ ...none, flowsDoubled: 1 });
  });
});
