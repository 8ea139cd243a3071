import { describe, expect, test } from 'vitest';

import { aResponse } from '../testing/records.ts';
import { transition, transitions } from './machine.ts';
import type { ResponseEvent, ResponseEventKind } from './machine.ts';
import { responseStates } from './response.ts';
import type { ResponseState } from './response.ts';

const events: Readonly<Record<ResponseEventKind, ResponseEvent>> = {
  approve: { kind: 'approve', by: 'ann' },
  reject: { kind: 'reject', by: 'ann' },
  expire: { kind: 'expire' },
  begin: { kind: 'begin' },
  retry: { kind: 'retry', reason: 'unavailable', detail: 'x' },
  succeed: { kind: 'succeed', detail: 'gone', warnings: ['w'] },
  skip: { kind: 'skip', reason: 'budget', detail: 'x' },
  fail: { kind: 'fail', reason: 'forbidden', detail: 'x' },
  undo: { kind: 'undo', by: 'r2' },
};

/** Every cell, also those where nothing may happen. `.` is refused. */
const table: Readonly<Record<ResponseState, Readonly<Record<ResponseEventKind, string>>>> = {
  proposed: row('approved rejected expired . . . . . .'),
  approved: row('. rejected . executing . . not-executed . .'),
  executing: row('. . . executing approved verified not-executed failed .'),
  verified: row('. . . . . . . . reversed'),
  failed: row('. . . . . . . . .'),
  'not-executed': row('. . . . . . . . .'),
  rejected: row('. . . . . . . . .'),
  reversed: row('. . . . . . . . .'),
  expired: row('. . . . . . . . .'),
};

function row(text: string): Readonly<Record<ResponseEventKind, string>> {
  const cells = text.split(' ');
  return Object.fromEntries(
    (Object.keys(events) as ResponseEventKind[]).map((kind, index) => [kind, cells[index] ?? '?']),
  ) as Record<ResponseEventKind, string>;
}

describe('each state', () => {
  for (const state of responseStates) {
    for (const event of Object.values(events)) {
      const expected = table[state][event.kind];
      test(`${state} takes ${event.kind} to ${expected}`, () => {
        const before = aResponse({ state, revision: 7 });
        const allowed = { ok: true, response: { state: expected, revision: 8, updatedAtMs: 50 } };
        const refused = { ok: false, reason: 'wrong-state' };
        expect(transition(before, event, 50)).toMatchObject(expected === '.' ? refused : allowed);
        expect(transitions[state][event.kind] ?? '.').toBe(expected);
        expect(before.state).toBe(state);
      });
    }
  }
});

test('an approval that comes too late is refused', () => {
  const response = aResponse({ expiresAtMs: 100 });
  expect(transition(response, events.approve, 100)).toEqual({ ok: false, reason: 'expired' });
  expect(transition(response, events.approve, 99).ok).toBe(true);
});

test('a retried response keeps the time of its first beginning: one action to the budget', () => {
  const first = transition(aResponse({ state: 'approved' }), events.begin, 10);
  if (!first.ok) throw new Error(first.reason);
  const again = transition(first.response, events.begin, 20);
  expect(again).toMatchObject({ response: { attempts: 2, executedAtMs: 10 } });
});
