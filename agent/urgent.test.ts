import { expect, test } from 'vitest';
import type { Alert } from '../baseline/alert.ts';
import { ManualClock } from './contain/testing/manual-clock.ts';
import { alertWith } from './outbox/sample-alerts.ts';
import { URGENT_MS, Urgent } from './urgent.ts';

function rig() {
  const clock = new ManualClock();
  const found: Alert[] = [];
  const writes: { readonly atMs: number; readonly ids: readonly string[] }[] = [];
  const urgent = new Urgent({
    clock,
    take: () => found.splice(0),
    raise: (alerts) => writes.push({ atMs: clock.nowMs(), ids: alerts.map(({ id }) => id) }),
  });
  const find = (id: string): void => {
    found.push(alertWith({ id }));
    urgent.look();
  };
  return { clock, writes, urgent, find };
}

test('an urgent alert is raised in the turn in which it was found', () => {
  const { writes, find } = rig();
  find('a');
  expect(writes).toEqual([{ atMs: 0, ids: ['a'] }]);
});

test('in a flood there is one write in a while, and it has all that came meanwhile', async () => {
  const { clock, writes, find } = rig();
  for (let number = 0; number < 40; number += 1) {
    find(`a${number}`);
    await clock.pass(1);
  }
  await clock.pass(URGENT_MS);
  expect(writes.length).toBeLessThanOrEqual(40 / URGENT_MS + 1);
  expect(writes.flatMap(({ ids }) => ids)).toEqual(Array.from({ length: 40 }, (_, i) => `a${i}`));
  for (const [index, { atMs }] of writes.slice(1).entries()) {
    expect(atMs - (writes[index]?.atMs ?? 0)).toBeGreaterThanOrEqual(URGENT_MS);
  }
});

test('looking and finding nothing holds nothing back', async () => {
  const { clock, writes, urgent, find } = rig();
  urgent.look();
  find('a');
  expect(writes).toHaveLength(1);
  await clock.pass(URGENT_MS);
  urgent.look();
  find('b');
  expect(writes.at(-1)).toEqual({ atMs: URGENT_MS, ids: ['b'] });
});

test('after the stop nothing is written any more', async () => {
  const { clock, writes, urgent, find } = rig();
  find('a');
  find('b');
  urgent.stop();
  await clock.pass(10 * URGENT_MS);
  expect(writes).toHaveLength(1);
});
