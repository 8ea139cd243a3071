import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { aResponse } from '../testing/records.ts';
import { transition, transitions } from './machine.ts';
import type { ResponseEvent, ResponseEventKind } from './machine.ts';
import { responseStates } from './response.ts';
import type { Response, ResponseState } from './response.ts';

const events: Readonly<Record<ResponseEventKind, ResponseEvent>> = {
  approve: { kind: 'approve', by: 'ann' },
  reject: { kind: 'reject', by: 'ann' },
  expire: { kind: 'expire' },
  collect: { kind: 'collect' },
  begin: { kind: 'begin' },
  retry: { kind: 'retry', reason: 'unavailable', detail: 'x' },
  watch: { kind: 'watch', detail: 'isolated', warnings: ['w'] },
  succeed: { kind: 'succeed', detail: 'gone', warnings: ['w'] },
  observe: { kind: 'observe', detail: 'connect' },
  skip: { kind: 'skip', reason: 'budget', detail: 'x' },
  fail: { kind: 'fail', reason: 'forbidden', detail: 'x' },
  undo: { kind: 'undo', by: 'r2' },
};

const NONE: Partial<Record<ResponseEventKind, ResponseState>> = {};

/** Every cell, also those where nothing may happen: what is not named is refused. */
const table: Readonly<Record<ResponseState, typeof NONE>> = {
  proposed: { approve: 'approved', reject: 'rejected', expire: 'expired' },
  approved: {
    reject: 'rejected',
    collect: 'collecting-evidence',
    begin: 'executing',
    skip: 'not-executed',
    fail: 'failed',
  },
  'collecting-evidence': { begin: 'executing', skip: 'not-executed', fail: 'failed' },
  executing: {
    begin: 'executing',
    retry: 'approved',
    watch: 'verifying',
    succeed: 'verified',
    skip: 'not-executed',
    fail: 'failed',
  },
  verifying: { succeed: 'verified', observe: 'not-effective', undo: 'reversed' },
  verified: { undo: 'reversed' },
  'not-effective': { undo: 'reversed' },
  failed: NONE,
  'not-executed': NONE,
  rejected: NONE,
  reversed: NONE,
  expired: NONE,
};

describe('each state', () => {
  for (const state of responseStates) {
    for (const event of Object.values(events)) {
      const expected = table[state][event.kind];
      test(`${state} takes ${event.kind} to ${expected ?? 'nothing'}`, () => {
        const before = aResponse({ state, revision: 7 });
        const allowed = { ok: true, response: { state: expected, revision: 8, updatedAtMs: 50 } };
        const refused = { ok: false, reason: 'wrong-state' };
        expect(transition(before, event, 50)).toMatchObject(
          expected === undefined ? refused : allowed,
        );
        expect(transitions[state][event.kind]).toBe(expected);
        expect(before.state).toBe(state);
      });
    }
  }
});

const step = (response: Response, event: ResponseEvent, nowMs: number): Response => {
  const next = transition(response, event, nowMs);
  if (!next.ok) throw new Error(next.reason);
  return next.response;
};

test('an approval that comes too late is refused', () => {
  const response = aResponse({ expiresAtMs: 100 });
  expect(transition(response, events.approve, 100)).toEqual({ ok: false, reason: 'expired' });
  expect(transition(response, events.approve, 99).ok).toBe(true);
});

test('what was tried once cannot be rejected any more: its effect may be there', () => {
  const tried = aResponse({ state: 'approved', attempts: 1 });
  expect(transition(tried, events.reject, 50)).toEqual({ ok: false, reason: 'wrong-state' });
});

test('a retried response keeps the time of its first beginning: one action to the limits', () => {
  const first = step(aResponse({ state: 'approved' }), events.begin, 10);
  const again = step(first, events.begin, 20);
  expect(again).toMatchObject({ attempts: 2, executedAtMs: 10 });
});

describe('four eyes', () => {
  const terms = { ...aResponse().terms, fourEyes: true };
  const approve = (response: Response, by: string) =>
    transition(response, { kind: 'approve', by }, 5);
  const refused = (response: Response, by: string): string => {
    const next = approve(response, by);
    return next.ok ? next.response.state : next.reason;
  };

  test('the proposer cannot approve, whatever the case of the letters; another person can', () => {
    const response = aResponse({ terms, proposedBy: 'ann' });
    expect(refused(response, 'ann')).toBe('same-person');
    expect(refused(response, 'ANN')).toBe('same-person');
    expect(approve(response, 'bob')).toMatchObject({
      response: { state: 'approved', approvals: ['bob'] },
    });
  });

  test('what the policy or nobody proposed needs two people, one after the other', () => {
    for (const proposedBy of ['policy:kill-critical', 'api-token', 'collector']) {
      const first = step(aResponse({ terms, proposedBy }), { kind: 'approve', by: 'ann' }, 5);
      expect(first).toMatchObject({ state: 'proposed', approvals: ['ann'] });
      expect(refused(first, 'Ann')).toBe('same-person');
      expect(step(first, { kind: 'approve', by: 'bob' }, 6)).toMatchObject({
        state: 'approved',
        approvals: ['ann', 'bob'],
      });
    }
  });

  test('no policy, machine or nameless token is a person, nor a name that only looks like one', () => {
    const response = aResponse({ terms, proposedBy: 'ann' });
    for (const by of ['policy:r', 'collector', 'api-token', '', 'ann\u200b', 'аnn', ' bob']) {
      expect(refused(response, by)).toBe('not-a-person');
    }
  });

  test('a token counts by its name; a name that nobody vouched for does not count', () => {
    const byToken = aResponse({ terms, proposedBy: 'token:bootstrap' });
    expect(refused(byToken, 'token:bootstrap')).toBe('same-person');
    expect(refused(byToken, 'Token:Bootstrap')).toBe('same-person');
    expect(refused(byToken, 'token:ann')).toBe('approved');
    expect(refused(byToken, 'li.wei@bank.example')).toBe('approved');
    // As versions wrote it that believed what the request said.
    const claimed = aResponse({ terms, proposedBy: 'ann/api-token' });
    expect(refused(claimed, 'bob/api-token')).toBe('not-a-person');
    expect(step(claimed, { kind: 'approve', by: 'bob' }, 5).state).toBe('proposed');
  });

  test('without four eyes one approval is enough, also by the proposer', () => {
    expect(refused(aResponse({ proposedBy: 'ann' }), 'ann')).toBe('approved');
  });
});

describe('the time to live', () => {
  const terms = { ...aResponse().terms, ttlSeconds: 60, watchSeconds: 30 };
  const executing = aResponse({ action: 'isolate', state: 'executing', terms });

  test('runs from the moment the effect was there, through the watch', () => {
    const verifying = step(executing, events.watch, 1_000);
    expect(verifying).toMatchObject({ reverseAtMs: 61_000, watchEndsAtMs: 31_000 });
    const verified = step(verifying, { ...events.succeed, warnings: ['w', 'x'] } as ResponseEvent,
      31_000);
    expect(verified).toMatchObject({ reverseAtMs: 61_000, warnings: ['w', 'x'] });
    expect(step(verified, events.undo, 40_000)).toMatchObject({ reverseAtMs: 0 });
  });

  test('does not begin for what nobody can take back, nor for the way back', () => {
    for (const action of ['kill', 'kill-process', 'release'] as const) {
      expect(step({ ...executing, action }, events.succeed, 1_000)).toMatchObject({
        reverseAtMs: 0,
      });
    }
  });
});

test('what a beginning learned is stored with it: evidence, place, what the way back needs', () => {
  const item = { name: 'manifest.json', bytes: 3, sha256: 'ab', problem: '' };
  const begun = step(aResponse({ state: 'collecting-evidence' }), {
    kind: 'begin',
    collected: { items: [item], warnings: ['no log'] },
    place: { workload: 'web', node: 'n7' },
    undo: { kind: 'node', name: 'n7', uid: 'u' },
  }, 10);
  expect(begun).toMatchObject({
    evidence: [item],
    warnings: ['no log'],
    target: { workload: 'web', node: 'n7', podUid: 'uid-1' },
    undo: { kind: 'node', name: 'n7', uid: 'u' },
  });
});

test('nothing is ever executed without an approval, nor with four eyes by one person', () => {
  const names = ['ann', 'ANN', 'bob', 'policy:r', 'collector', 'api-token', 'ann/api-token'];
  const anyEvent = fc.oneof(
    fc.constantFrom(...Object.values(events)),
    fc.constantFrom(...names).map((by): ResponseEvent => ({ kind: 'approve', by })),
  );
  fc.assert(fc.property(
    fc.array(anyEvent, { maxLength: 30 }),
    fc.boolean(),
    fc.constantFrom(...names),
    (steps, fourEyes, proposedBy) => {
      const terms = { ...aResponse().terms, fourEyes };
      let response = aResponse({ terms, proposedBy });
      for (const event of steps) {
        const next = transition(response, event, 50);
        if (next.ok) ({ response } = next);
        if (response.attempts === 0) continue;
        const people = new Set([proposedBy, ...response.approvals]
          .map((by) => by.toLowerCase())
          .filter((by) => by === 'ann' || by === 'bob'));
        expect(response.approvals.length).toBeGreaterThan(0);
        expect(people.size).toBeGreaterThanOrEqual(fourEyes ? 2 : 0);
      }
    },
  ));
});
