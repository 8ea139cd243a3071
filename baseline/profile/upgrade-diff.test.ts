import { expect, test } from 'vitest';
import { behavioursOf, type Behaviour } from '../behaviour/behaviour.ts';
import { exec } from '../testing/observations.ts';
import { CANDIDATES_MAX, DIFF_MAX, UpgradeDiff, type UpgradeVerdict } from './upgrade-diff.ts';

const observation = exec({});
const [behaviour] = behavioursOf(observation, () => null) as [Behaviour];

type Novelty = Parameters<UpgradeDiff['novelty']>[0];

function show(diff: UpgradeDiff, pod: number, options: Partial<Novelty> = {}): UpgradeVerdict {
  return diff.novelty({
    key: 'exec',
    behaviour,
    observation,
    pod,
    ms: 0,
    inStartUp: true,
    suspicious: false,
    ...options,
  });
}

test('a start-up waits for a second pod, and what two pods share is the diff', () => {
  const diff = new UpgradeDiff();
  expect(show(diff, 1)).toBe('wait');
  expect(show(diff, 1)).toBe('wait');
  expect(show(diff, 2)).toBe('shared');
  expect([...diff.shared]).toEqual([['exec', behaviour]]);
  expect(diff.lastShared).toBe(observation);
  expect(diff.candidate('exec')).toBeUndefined();
});

test('a novelty of one pod after its start-up is raised, each time', () => {
  const diff = new UpgradeDiff();
  expect(show(diff, 1, { inStartUp: false })).toBe('raise');
  expect(show(diff, 1)).toBe('raise');
});

test('what was raised joins the diff when a second pod does the same', () => {
  const diff = new UpgradeDiff();
  show(diff, 1, { inStartUp: false });
  expect(show(diff, 2, { inStartUp: false })).toBe('shared');
});

test('what is suspicious is raised at once and never joins, whoever does it next', () => {
  const diff = new UpgradeDiff();
  expect(show(diff, 1, { suspicious: true })).toBe('raise');
  for (const pod of [2, 3, 4]) expect(show(diff, pod)).toBe('raise');
  expect(diff.shared.size).toBe(0);
});

test('a second pod that is suspicious does not make the first one’s novelty a habit', () => {
  const diff = new UpgradeDiff();
  expect(show(diff, 1)).toBe('wait');
  expect(show(diff, 2, { suspicious: true })).toBe('raise');
  expect(show(diff, 3)).toBe('raise');
});

test('a pod found suspicious takes what it showed just before out of the diff, not its start', () => {
  const diff = new UpgradeDiff();
  show(diff, 1, { key: 'at its start', ms: 0 });
  show(diff, 1, { key: 'before', ms: 60_000 });
  show(diff, 2, { key: 'of another', ms: 60_000 });
  diff.markSuspicious(1, 65_000);
  expect(show(diff, 2, { key: 'at its start' })).toBe('shared');
  for (const pod of [3, 4]) expect(show(diff, pod, { key: 'before' })).not.toBe('shared');
  expect(show(diff, 5, { key: 'before', inStartUp: false })).toBe('raise');
  expect(show(diff, 3, { key: 'of another' })).toBe('shared');
});

test('what no second pod showed in time is overdue, until it was raised', () => {
  const diff = new UpgradeDiff();
  show(diff, 1, { key: 'a' });
  show(diff, 2, { key: 'b' });
  const startOf = (pod: number): number => pod * 100;
  expect(diff.overdue(99, startOf)).toEqual([]);
  const [due, ...others] = diff.overdue(100, startOf);
  expect(due?.[0]).toBe('a');
  expect(others).toEqual([]);
  if (due !== undefined) due[1].raised = true;
  expect(diff.overdue(100, startOf)).toEqual([]);
});

test('beyond the bound of candidates nothing waits', () => {
  const diff = new UpgradeDiff();
  for (let n = 0; n < CANDIDATES_MAX; n += 1) expect(show(diff, 1, { key: `k${n}` })).toBe('wait');
  expect(show(diff, 1, { key: 'one more' })).toBe('raise');
  expect(show(diff, 2, { key: 'k1' })).toBe('shared');
  expect(show(diff, 1, { key: 'one more' })).toBe('wait');
});

test('a diff beyond its bound counts what it does not list', () => {
  const diff = new UpgradeDiff();
  for (let n = 0; n < DIFF_MAX + 3; n += 1) {
    show(diff, 1, { key: `k${n}` });
    show(diff, 2, { key: `k${n}` });
  }
  expect(diff.shared.size).toBe(DIFF_MAX);
  expect(diff.sharedDropped).toBe(3);
});
