import { pino } from 'pino';
import { expect, test } from 'vitest';

import type { FlowsKept } from './flows/flow-store.ts';
import { scheduleRetention } from './retention-schedule.ts';
import { ManualClock } from './testing/clock.ts';

const NOTHING: FlowsKept = { deletedByAge: 0, deletedByBound: 0, joined: 0, joinedInto: 0,
  damaged: 0 };
const retention = { days: 90, alertsMax: 1_000, flowDays: 30, flowMinuteHours: 24,
  flowsMax: 1_000_000, imageDays: 90, imageRunsMax: 10_000 };
const settled = () => new Promise((resolve) => setImmediate(resolve));

function site(retain: () => Promise<number>) {
  const clock = new ManualClock(0);
  const kept: FlowsKept[] = [];
  const limits: unknown[] = [];
  let isOver = (): boolean => false;
  const stop = scheduleRetention({
    store: {
      retain,
      retainFlows: (given, _, over = () => false) => {
        limits.push(given);
        isOver = over;
        return Promise.resolve({ ...NOTHING, joined: 5 });
      },
    },
    clock,
    log: pino({ level: 'silent' }),
    config: { retention },
    onDeleted: () => undefined,
    onFlowsKept: (one) => void kept.push(one),
  });
  return { clock, kept, limits, stop, isOver: () => isOver() };
}

test('flows are kept within their limits a minute after the start, and every hour', async () => {
  const { clock, kept, limits, stop } = site(() => Promise.resolve(0));
  expect(kept).toEqual([]);
  clock.advance(60_000);
  await settled();
  expect(kept).toEqual([{ ...NOTHING, joined: 5 }]);
  expect(limits).toEqual([{ ageMs: 30 * 86_400_000, minutesMs: 24 * 3_600_000,
    rowsMax: 1_000_000 }]);
  clock.advance(3_600_000);
  await settled();
  expect(kept).toHaveLength(2);
  await stop();
  expect(clock.pending).toBe(0);
});

test('other records that cannot be deleted do not keep flows from it', async () => {
  const { clock, kept, stop } = site(() => Promise.reject(new Error('away')));
  clock.advance(60_000);
  await settled();
  expect(kept).toHaveLength(1);
  await stop();
});

test('whoever stops it does not wait for all of a large ledger', async () => {
  const { clock, stop, isOver } = site(() => Promise.resolve(0));
  clock.advance(60_000);
  await settled();
  expect(isOver()).toBe(false);
  await stop();
  expect(isOver()).toBe(true);
});
