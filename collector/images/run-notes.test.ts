import { expect, test } from 'vitest';

import { IMAGE_RUNS_PER_FRAME_MAX } from '../../proto/lanner/v1/bounds.ts';
import type { ImageRun } from '../../proto/lanner/v1/frames.ts';
import type { LayerClaim, SeenRun } from '../store/image-face.ts';
import { anAlert } from '../testing/alerts.ts';
import { ManualClock } from '../testing/clock.ts';
import { DIGEST, layer } from '../testing/image-runs.ts';
import { RUNS_PER_HOUR_MAX, RUNS_WAITING_MAX, RunNotes, WRITE_MS } from './run-notes.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const agent = { cluster: 'c1', node: 'node-1' };
const image = { repository: 'shop/web', tag: '1', digest: DIGEST(1) };
const aTold = (over: Partial<ImageRun> = {}): ImageRun => ({ image, namespace: 'shop', pod: 'web-1',
  podUid: 'uid-1', workload: 'web', first: NOW - 5_000, last: NOW, ended: false, ...over });
const frame = (runs: readonly ImageRun[]) => ({ kind: 'images' as const, runs, layers: [] });

function notesOn(save: () => Promise<void> = async () => undefined) {
  const clock = new ManualClock(NOW);
  const runs: SeenRun[] = [];
  const claims: LayerClaim[] = [];
  const dropped: (readonly [string, number])[] = [];
  const notes = new RunNotes({
    store: {
      saveImageRuns: async (some) => {
        await save();
        runs.push(...some);
      },
      saveLayers: async (some) => {
        claims.push(...some);
        return 1;
      },
    },
    clock,
    onDropped: (reason, count) => dropped.push([reason, count]),
  });
  return { notes, clock, runs, claims, dropped };
}

test('what agents tell within a moment is written together, under the link’s own name', async () => {
  const { notes, clock, runs } = notesOn();
  notes.report(agent, frame([aTold()]));
  notes.report({ ...agent, node: 'node-2' }, frame([aTold({ ended: true })]));
  expect(runs).toEqual([]);
  clock.advance(WRITE_MS);
  await notes.stop();
  expect(runs).toMatchObject([
    { node: 'node-1', podUid: 'uid-1', firstMs: NOW - 5_000, saidMs: NOW, isEnded: false },
    { node: 'node-2', isEnded: true },
  ]);
});

test('alerts are noted as seen, and say nothing about now', async () => {
  const { notes, runs } = notesOn();
  const none = { repository: '', tag: '', digest: '' };
  notes.alerts([anAlert({ podUid: '' }), anAlert({ image: none }), anAlert({ lastTime: 'never' })]);
  await notes.stop();
  expect(runs).toMatchObject([{ podUid: '0123456789ab', saidMs: 0, isEnded: true }]);
});

test('layers are claims, and those that found no room are counted', async () => {
  const { notes, claims, dropped } = notesOn();
  const one = { image, layers: [layer(1)] };
  const nothing = { image: { ...image, digest: '' }, layers: [layer(2)] };
  notes.report(agent, { kind: 'images', runs: [], layers: [one, { ...one }, nothing,
    { image, layers: [] }] });
  await notes.stop();
  expect(claims).toEqual([{ digest: DIGEST(1), layers: [layer(1)], source: 'node' }]);
  expect(dropped).toEqual([['disputed', 1]]);
});

test('one agent cannot bring more than its share of an hour, whatever the others do', async () => {
  const { notes, clock, runs, dropped } = notesOn();
  const full = Array.from({ length: IMAGE_RUNS_PER_FRAME_MAX }, (_, at) => aTold({ podUid: `u${at}` }));
  for (let sent = 0; sent < RUNS_PER_HOUR_MAX + 512; sent += full.length) {
    notes.report(agent, frame(full));
  }
  notes.report({ ...agent, node: 'node-2' }, frame([aTold()]));
  expect(dropped).toEqual([['too-many', 256], ['too-many', 256]]);
  clock.advance(3_600_000);
  notes.report(agent, frame([aTold()]));
  await notes.stop();
  expect(runs).toHaveLength(RUNS_PER_HOUR_MAX + 2);
});

test('a store that is away drops what waited, tells it, and is tried again', async () => {
  let isAway = true;
  const { notes, clock, runs, dropped } = notesOn(async () => {
    if (isAway) throw new Error('away');
  });
  notes.report(agent, frame([aTold(), aTold({ podUid: 'uid-2' })]));
  clock.advance(WRITE_MS);
  await new Promise((resolve) => setImmediate(resolve));
  expect(dropped).toEqual([['store', 2]]);
  isAway = false;
  notes.report(agent, frame([aTold()]));
  await notes.stop();
  expect(runs).toHaveLength(1);
});

test('what waits is bounded', async () => {
  const { notes, dropped } = notesOn();
  const full = Array.from({ length: IMAGE_RUNS_PER_FRAME_MAX }, () => aTold());
  for (let sent = 0, node = 0; sent <= RUNS_WAITING_MAX; sent += full.length, node += 1) {
    notes.report({ ...agent, node: `node-${node}` }, frame(full));
  }
  expect(dropped).toEqual([['full', full.length - RUNS_WAITING_MAX % full.length]]);
  await notes.stop();
});
