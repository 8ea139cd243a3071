import { expect, test } from 'vitest';

import type { AlertView } from '../../../collector/api/contract/alert.ts';
import { anAlert } from '../../../collector/testing/alerts.ts';
import { LiveAlerts, ROWS_MAX } from './live-alerts.ts';

const START_MS = Date.parse('2026-03-01T10:00:00Z');

function view(id: string, over: Partial<AlertView> = {}, afterMs = 0): AlertView {
  const receivedTime = new Date(START_MS + afterMs).toISOString();
  return { ...anAlert({ id }), incidentId: '', handling: { kind: 'none' }, receivedTime, ...over };
}

function rig() {
  const frames: (() => void)[] = [];
  let nowMs = START_MS;
  const alerts = new LiveAlerts((run) => frames.push(run), () => nowMs);
  return {
    alerts,
    frames,
    wait: (ms: number) => void (nowMs += ms),
    frame: () => frames.splice(0).forEach((run) => run()),
    ids: () => alerts.snapshot().rows.map(({ alert }) => alert.id),
  };
}

const message = (alert: AlertView, id = '1') =>
  ({ id, event: 'alert', data: JSON.stringify(alert) });

test('any number of alerts ask for one frame', () => {
  const { alerts, frames, frame, ids } = rig();
  for (let n = 0; n < 500; n += 1) alerts.take([message(view(`a${n}`, {}, n))]);
  expect(frames.length).toBe(1);
  expect(ids()).toEqual([]);
  frame();
  expect(ids().length).toBe(500);
  expect(ids()[0]).toBe('a499');
});

test('a later revision takes its alert’s place and does not move it', () => {
  const { alerts, frame, ids } = rig();
  alerts.add([view('old', {}, 0), view('new', {}, 1_000)]);
  frame();
  alerts.take([message(view('old', { revision: 2, count: 9 }, 60_000))]);
  frame();
  expect(ids()).toEqual(['new', 'old']);
  expect(alerts.snapshot().rows[1]?.alert.count).toBe(9);
});

test('an older revision changes nothing; the same one may say more', () => {
  const { alerts, frame } = rig();
  alerts.add([view('a', { revision: 2 })]);
  frame();
  alerts.add([view('a', { revision: 1, count: 1_000 })]);
  alerts.take([message(view('a', { revision: 2, incidentId: 'i1' }))]);
  frame();
  const [row] = alerts.snapshot().rows;
  expect(row?.alert).toMatchObject({ revision: 2, count: 1, incidentId: 'i1' });
});

test('a full list drops the oldest and counts them', () => {
  const { alerts, frame, ids } = rig();
  alerts.add(Array.from({ length: ROWS_MAX + 7 }, (_, n) => view(`a${n}`, {}, n)));
  frame();
  expect(ids().length).toBe(ROWS_MAX);
  expect(alerts.snapshot().droppedRows).toBe(7);
  expect(ids().at(-1)).toBe('a7');
});

test('the rate counts new alerts and not their revisions', () => {
  const { alerts, frame } = rig();
  alerts.take([message(view('a')), message(view('b'))]);
  frame();
  alerts.take([message(view('a', { revision: 2 }))]);
  frame();
  expect(alerts.rate(START_MS).reduce((sum, n) => sum + n)).toBe(2);
});

test('who acknowledged an incident is known, until it is reopened', () => {
  const { alerts, frame } = rig();
  const incident = (acknowledged: unknown): { id: string; event: string; data: string } => ({
    id: '1',
    event: 'incident',
    data: JSON.stringify({
      id: 'i1',
      title: { en: '"acknowledged":null', zh: '' },
      work: { revision: 1, acknowledged },
    }),
  });
  alerts.take([incident({ by: 'li.wei@bank.example', time: '2026-03-01T10:00:00.000Z' })]);
  frame();
  expect(alerts.snapshot().acknowledgedBy.get('i1')).toBe('li.wei@bank.example');
  alerts.take([incident(null)]);
  frame();
  expect(alerts.snapshot().acknowledgedBy.size).toBe(0);
});

test('it says how far behind what arrives is, and forgets it when nothing arrives', () => {
  const { alerts, wait } = rig();
  wait(30_000);
  alerts.take([message(view('a'))]);
  expect(alerts.behindMs(START_MS + 30_000)).toBe(30_000);
  expect(alerts.behindMs(START_MS + 60_000)).toBe(0);
});
