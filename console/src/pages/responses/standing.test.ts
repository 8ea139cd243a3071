import { describe, expect, test } from 'vitest';

import { approvalBar, approvalsMissing, countdownTo, grouped, groupOf } from './standing.ts';
import type { StandingResponse } from './standing.ts';

const NOW = 1_000_000;
const li = {
  name: 'li.wei@bank.example',
  isAllowed: true,
  mayDecideAlone: false,
} as const;
const admin = { ...li, mayDecideAlone: true };
const running = { isPaused: false, nowMs: NOW };

const response = (over: Partial<StandingResponse> = {}): StandingResponse => ({
  action: 'isolate',
  state: 'proposed',
  terms: { fourEyes: true },
  proposedBy: 'policy:isolate-high',
  approvals: [],
  reverses: '',
  executedAtMs: 0,
  expiresAtMs: NOW + 60_000,
  ...over,
});

const bar = (
  over: Partial<StandingResponse>,
  who: Parameters<typeof approvalBar>[1] = li,
  now = running,
): string => approvalBar(response(over), who, now).kind;

describe('who may approve', () => {
  test('is whoever may, while it waits, in time', () => {
    expect(bar({})).toBe('none');
    expect(bar({ state: 'verified' })).toBe('not-waiting');
    expect(bar({ expiresAtMs: NOW })).toBe('expired');
    expect(bar({}, { ...li, isAllowed: false })).toBe('role');
  });

  test('with four eyes is neither who proposed nor who approved, in any case of letters', () => {
    expect(bar({ proposedBy: 'Li.Wei@bank.example' })).toBe('same-person');
    expect(bar({ approvals: ['li.wei@bank.example'] })).toBe('same-person');
    expect(bar({ proposedBy: 'Li.Wei@bank.example' }, admin)).toBe('same-person');
  });

  test('without four eyes is not who proposed it either, but for an admin', () => {
    const own = { proposedBy: 'li.wei@bank.example', terms: { fourEyes: false } };
    expect(bar(own)).toBe('same-person');
    expect(bar(own, admin)).toBe('none');
  });

  test('is nobody while responses are paused, but for a way back', () => {
    const paused = { isPaused: true, nowMs: NOW };
    expect(bar({}, li, paused)).toBe('paused');
    expect(bar({ action: 'release', reverses: 'r1' }, li, paused)).toBe('none');
  });

  test('counts a person who proposed as one of the two, and the policy not', () => {
    expect(approvalsMissing(response())).toBe(2);
    expect(approvalsMissing(response({ proposedBy: 'ana' }))).toBe(1);
    expect(approvalsMissing(response({ proposedBy: 'token:ana' }))).toBe(1);
    expect(approvalsMissing(response({ approvals: ['bo'] }))).toBe(1);
    expect(approvalsMissing(response({ terms: { fourEyes: false } }))).toBe(1);
    expect(approvalsMissing(response({ state: 'verified' }))).toBe(0);
  });
});

describe('where a response stands', () => {
  test('in effect is what took hold and can be taken back', () => {
    expect(groupOf({ action: 'isolate', state: 'verified' })).toBe('in-effect');
    expect(groupOf({ action: 'kill', state: 'verified' })).toBe('ended');
    expect(groupOf({ action: 'freeze', state: 'reversed' })).toBe('ended');
    expect(groupOf({ action: 'freeze', state: 'executing' })).toBe('running');
  });

  test('what waits longest is first among those that wait, the newest among the others', () => {
    const at = (proposedAtMs: number, state: string) => ({ ...response({ state }), proposedAtMs });
    const groups = grouped([
      at(2, 'proposed'), at(1, 'proposed'), at(3, 'verified'), at(4, 'verified'),
    ]);
    expect(groups.get('waiting')?.map(({ proposedAtMs }) => proposedAtMs)).toEqual([1, 2]);
    expect(groups.get('in-effect')?.map(({ proposedAtMs }) => proposedAtMs)).toEqual([4, 3]);
  });

  test('time that is left is told in the unit that fits', () => {
    expect(countdownTo(NOW, NOW)).toEqual({ kind: 'over' });
    expect(countdownTo(NOW + 1, NOW)).toEqual({ kind: 'seconds', count: 1 });
    expect(countdownTo(NOW + 240_000, NOW)).toEqual({ kind: 'minutes', count: 4 });
    expect(countdownTo(NOW + 10_800_000, NOW)).toEqual({ kind: 'hours', count: 3 });
  });
});
