import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Alert } from '../baseline/alert.ts';
import type { GapRecord } from '../proto/lanner/v1/frames.ts';
import { OutboxFailure } from './outbox/failure.ts';
import { Outbox } from './outbox/outbox.ts';
import { alertWith } from './outbox/sample-alerts.ts';
import { gapAt } from './outbox/testing/outbox-rig.ts';
import { ALERTS_HELD_MAX, GAPS_HELD_MAX, Raising } from './raising.ts';
import { systemClock } from './source/clock.ts';

/** A real outbox on a disk that can be full. */
class FullDisk extends Outbox {
  isFull = false;

  override put(alerts: readonly Alert[]): void {
    if (this.isFull) throw new OutboxFailure('outbox-io', { cause: new Error('ENOSPC') });
    super.put(alerts);
  }

  override addGap(gap: GapRecord): void {
    if (this.isFull) throw new OutboxFailure('outbox-io', { cause: new Error('ENOSPC') });
    super.addGap(gap);
  }
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

function raisingOnDisk() {
  const dir = mkdtempSync(join(tmpdir(), 'lanner-raising-'));
  const outbox = new FullDisk({
    path: join(dir, 'outbox.sqlite'),
    cluster: 'lab',
    node: 'node-a',
    newEpoch: () => 'epoch',
    nowNs: () => systemClock.nowNs(),
    redact: { flags: new Set() },
    onReplaced: () => undefined,
  });
  cleanups.push(() => {
    outbox.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const failures: OutboxFailure[] = [];
  return { outbox, failures, raising: new Raising(outbox, (failure) => failures.push(failure)) };
}

test('an alert counts once, whatever its revisions', () => {
  const { raising } = raisingOnDisk();
  raising.raise([alertWith({ id: 'a', revision: 3 }), alertWith({ id: 'b', severity: 'low' })]);
  raising.raise([alertWith({ id: 'a', revision: 4 })]);
  expect(raising.counts().raised).toMatchObject({ high: 1, low: 1 });
});

test('while the disk is full alerts wait, and are raised when it has room again', () => {
  const { outbox, raising, failures } = raisingOnDisk();
  outbox.isFull = true;
  expect(raising.raise([alertWith({ id: 'a' })])).toEqual([]);
  expect(raising.raise([alertWith({ id: 'a', revision: 2 }), alertWith({ id: 'b' })])).toEqual([]);
  expect(raising.counts()).toMatchObject({ held: 2, failures: 2, raised: { high: 0 } });
  expect(failures.length).toBe(2);
  outbox.isFull = false;
  expect(raising.raise([]).map(({ id, revision }) => `${id}@${revision}`)).toEqual(['a@2', 'b@1']);
  expect(outbox.counts().pending).toBe(2);
});

test('what the memory cannot hold is counted, the least severe first', () => {
  const { outbox, raising } = raisingOnDisk();
  outbox.isFull = true;
  raising.raise([
    ...Array.from({ length: 10 }, (_, index) =>
      alertWith({ id: `c${index}`, severity: 'critical' })),
    ...Array.from({ length: ALERTS_HELD_MAX }, (_, index) =>
      alertWith({ id: `l${index}`, severity: 'low' })),
  ]);
  expect(raising.counts()).toMatchObject({ held: ALERTS_HELD_MAX, lost: { low: 10, critical: 0 } });
});

test('while the disk is full gaps wait, more than memory takes as one, and none is dropped', () => {
  const { outbox, raising } = raisingOnDisk();
  outbox.isFull = true;
  for (let second = 0; second < GAPS_HELD_MAX + 6; second += 1) raising.raiseGap(gapAt(second));
  expect(raising.counts()).toMatchObject({ gapsHeld: GAPS_HELD_MAX });
  outbox.isFull = false;
  raising.raise([]);
  expect(raising.counts().gapsHeld).toBe(0);
  const gaps = [outbox.seal(), outbox.seal()].flatMap((batch) => batch?.gaps ?? []);
  expect(gaps.length).toBe(GAPS_HELD_MAX);
  const sum = gaps.reduce((total, gap) => total + gap.eventsEstimate, 0);
  expect(sum).toBe((GAPS_HELD_MAX + 6) * gapAt(0).eventsEstimate);
});
