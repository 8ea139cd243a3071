import { Value } from 'typebox/value';
import { expect, test } from 'vitest';

import { windowBody } from '../../../../collector/api/contract/maintenance.ts';
import { EMPTY_WINDOW, readWindow, scopeText } from './window-form.ts';
import type { WindowForm } from './window-form.ts';

const nowMs = new Date(2026, 2, 1, 10, 0).getTime();
const filled: WindowForm =
  { ...EMPTY_WINDOW, label: 'db-upgrade', namespace: 'shop', to: '2026-03-01T12:00', owner: 'dba' };
const read = (over: Partial<WindowForm>) =>
  readWindow({ ...filled, ...over }, { nowMs, timeZone: 'Asia/Shanghai' });

test('what the form makes is what the API takes', () => {
  for (const one of [read({}), read({ isWeekly: true }), read({ from: '2026-03-01T11:00' })]) {
    expect(one.ok && Value.Check(windowBody, { ...one.body, reason: 'work' })).toBe(true);
  }
  expect(read({})).toMatchObject({ body: {
    fromTime: new Date(nowMs).toISOString(),
    toTime: new Date(2026, 2, 1, 12, 0).toISOString(),
    scope: { namespace: 'shop' },
  } });
  expect(read({ isWeekly: true })).toMatchObject({
    body: { weekly: { timeZone: 'Asia/Shanghai', weekday: 'sun', start: '02:00', minutes: 120 } },
  });
});

test('what is missing is said before it is asked', () => {
  expect(read({ label: '' })).toEqual({ ok: false, wrong: 'label' });
  expect(read({ namespace: ' ' })).toEqual({ ok: false, wrong: 'scope' });
  expect(read({ to: '' })).toEqual({ ok: false, wrong: 'to' });
  expect(read({ to: '2026-03-01T09:00' })).toEqual({ ok: false, wrong: 'to' });
  expect(read({ isWeekly: true, minutes: '0' })).toEqual({ ok: false, wrong: 'weekly' });
  expect(read({ isWeekly: true, start: '25:00' })).toEqual({ ok: false, wrong: 'weekly' });
});

test('a place is told in a line', () => {
  expect(scopeText({ namespace: 'shop', node: 'node-1' })).toBe('shop · node-1');
});
