import { expect, test } from 'vitest';
import type { Store } from '../../collector/store/faces.ts';
import { simulate } from './world.ts';

/** `npm run sim` runs a thousand; these are for every change. */
const SEEDS = 15;

test('through crashes, cuts, full disks and leaping clocks nothing is lost, doubled or disputed', async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { problems } = await simulate(seed);
    expect(problems, `npm run sim -- --seed ${seed}`).toEqual([]);
  }
}, 120_000);

test('the same seed is the same run', async () => {
  const [first, second] = [await simulate(3), await simulate(3)];
  expect(second).toEqual(first);
  expect(first.trace.length).toBeGreaterThan(10);
});

const NO_FLOWS = { minute: 0, actors: [], flows: [], watched: null };

/** What the store is told and does not do; the simulation is worth what it finds of that. */
const faulty: readonly (readonly [string, (store: Store) => Store])[] = [
  ['acknowledges a batch that it did not write', (store) => {
    let calls = 0;
    return {
      ...store,
      commitBatches: (batches) => {
        calls += 1;
        if (calls % 20 !== 0) return store.commitBatches(batches);
        return Promise.resolve(batches.map(() => ({ duplicate: false, stored: [], gaps: [] })));
      },
    };
  }],
  ['writes without the gaps', (store) => ({
    ...store,
    commitBatches: (batches) =>
      store.commitBatches(batches.map((batch) => ({ ...batch, gaps: [] }))),
  })],
  ['writes flows again that come with another batch', (store) => {
    let calls = 0;
    return {
      ...store,
      commitBatches: (batches) => {
        calls += 1;
        const extra = calls % 10 !== 0 ? [] : batches.slice(0, 1)
          .map((batch) => ({ ...batch, epoch: `${batch.epoch}-again`, sequence: calls, alerts: [],
            gaps: [] }));
        return store.commitBatches([...batches, ...extra])
          .then((outcomes) => outcomes.slice(0, batches.length));
      },
    };
  }],
  ['loses flows', (store) => {
    let calls = 0;
    return {
      ...store,
      commitBatches: (batches) => {
        calls += 1;
        if (calls % 10 !== 0) return store.commitBatches(batches);
        return store.commitBatches(batches.map((batch) =>
          ({ ...batch, flows: { ...batch.flows ?? NO_FLOWS, flows: [] } })));
      },
    };
  }],
  ['says that it wrote a profile and did not', (store) => {
    let calls = 0;
    return {
      ...store,
      writeProfile: (profile) => {
        calls += 1;
        return calls <= 3 ? store.writeProfile(profile) : Promise.resolve(true);
      },
    };
  }],
  ['forgets after a crash what it had committed', (store) => ({
    ...store,
    committedSequence: async (agent, epoch) => {
      const sequence = await store.committedSequence(agent, epoch);
      return sequence + (sequence > 3 ? 1 : 0);
    },
  })],
];

test.each(faulty)('a store that %s is found out', async (_, break_) => {
  const problems: string[] = [];
  for (let seed = 1; seed <= SEEDS && problems.length === 0; seed += 1) {
    problems.push(...(await simulate(seed, break_)).problems);
  }
  expect(problems).not.toEqual([]);
}, 120_000);
