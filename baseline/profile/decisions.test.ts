import { describe, expect, test } from 'vitest';
import {
  DECISION_TEXT_MAX, Decisions, DECISIONS_MAX, parseDecisions, type Decision,
} from './decisions.ts';

const WEB = { key: 'shop/web@sha256:1', image: { repository: 'shop/web' } };
const NEXT = { key: 'shop/web@sha256:2', image: { repository: 'shop/web' } };
const OTHER = { key: 'shop/api@sha256:1', image: { repository: 'shop/api' } };
const VALUE = 'exec /usr/bin/find as root ← sh';

function decision(options: Partial<Decision> = {}): Decision {
  return {
    id: 'd1',
    kind: 'accept',
    scope: 'image',
    profileKey: WEB.key,
    repository: WEB.image.repository,
    channel: 'exec',
    value: VALUE,
    by: 'ana',
    at: '2026-01-05T00:00:00Z',
    why: 'nightly clean-up',
    ...options,
  };
}

function decided(...list: readonly Partial<Decision>[]): Decisions {
  const decisions = new Decisions();
  const all = list.map((one, index) => decision({ id: `d${index}`, ...one }));
  expect(decisions.replace(all)).toMatchObject({ ok: true });
  return decisions;
}

const LATER = '2026-01-06T00:00:00Z';

describe('where a decision holds', () => {
  test.each([
    ['image', [true, false, false]],
    ['lineage', [true, true, false]],
    ['everywhere', [true, true, true]],
  ] as const)('the scope %s means there and nowhere else', (scope, holds) => {
    const places = [WEB, NEXT, OTHER];
    const accept = decided({ scope });
    const rulings = places.map((place) => accept.rulingOn('exec', VALUE, place));
    expect(rulings.map((ruling) => ruling === 'accept')).toEqual(holds);
    const lock = decided({ scope, kind: 'lock', value: '' });
    expect(places.map((place) => lock.isLocked(place))).toEqual(holds);
    const reset = decided({ scope, kind: 'reset', value: '' });
    expect(places.map((place) => reset.generationOf(place) > 0)).toEqual(holds);
  });

  test('images without a repository are not one lineage', () => {
    const unknown = { key: 'unknown:a', image: { repository: '' } };
    const other = { key: 'unknown:b', image: { repository: '' } };
    const decisions = decided({ scope: 'lineage', profileKey: unknown.key, repository: '' });
    expect(decisions.rulingOn('exec', VALUE, unknown)).toBe('accept');
    expect(decisions.rulingOn('exec', VALUE, other)).toBeNull();
  });

  test('a ruling is on exactly one behaviour of one channel', () => {
    const decisions = decided({ scope: 'everywhere' });
    expect(decisions.rulingOn('exec', `${VALUE} `, WEB)).toBeNull();
    expect(decisions.rulingOn('net', VALUE, WEB)).toBeNull();
  });
});

describe('of several decisions', () => {
  test('the last word counts, whatever its scope and its place in the list', () => {
    const old = { kind: 'reject', scope: 'image' } as const;
    const last = { kind: 'accept', scope: 'everywhere', at: LATER } as const;
    expect(decided(old, last).rulingOn('exec', VALUE, WEB)).toBe('accept');
    expect(decided(last, old).rulingOn('exec', VALUE, WEB)).toBe('accept');
    const turned = decided({ ...old, at: LATER }, { ...last, at: decision().at });
    expect(turned.rulingOn('exec', VALUE, WEB)).toBe('reject');
  });

  test('of one time the stricter one counts', () => {
    const reject = { kind: 'reject' } as const;
    const lock = { kind: 'lock' } as const;
    const unlock = { kind: 'unlock' } as const;
    for (const both of [[{}, reject], [reject, {}]] as const) {
      expect(decided(...both).rulingOn('exec', VALUE, WEB)).toBe('reject');
    }
    for (const both of [[lock, unlock], [unlock, lock]] as const) {
      expect(decided(...both).isLocked(WEB)).toBe(true);
    }
    expect(decided(lock, { ...unlock, at: LATER }).isLocked(WEB)).toBe(false);
  });

  test('one that was undone counts no more, and the other one of its kind still does', () => {
    const undone = { undoneBy: 'bo', undoneAt: LATER };
    expect(decided({ ...undone }).rulingOn('exec', VALUE, WEB)).toBeNull();
    expect(decided({ ...undone }, {}).rulingOn('exec', VALUE, WEB)).toBe('accept');
    expect(decided({ kind: 'lock', ...undone }).isLocked(WEB)).toBe(false);
  });

  test('a generation is the time of the last reset', () => {
    const decisions = decided({ kind: 'reset', at: LATER }, { kind: 'reset' });
    expect(decisions.generationOf(WEB)).toBe(Date.parse(LATER));
    expect(decisions.generationOf(OTHER)).toBe(0);
  });
});

test('a new list replaces the old one whole', () => {
  const decisions = decided({});
  const { revision } = decisions;
  expect(decisions.replace([]).ok).toBe(true);
  expect(decisions.isEmpty).toBe(true);
  expect(decisions.revision).toBe(revision + 1);
});

describe('a list that is not valid changes nothing and says where', () => {
  test.each([
    ['no list', {}, /list/],
    ['another kind', [{ ...decision(), kind: 'bless' }], /^\/0\/kind/],
    ['another channel', [{ ...decision(), channel: 'x' }], /^\/0\/channel/],
    ['a field too many', [{ ...decision(), extra: 1 }], /^\/0/],
    ['no author', [{ ...decision(), by: undefined }], /^\/0/],
    ['a long reason', [decision({ why: 'x'.repeat(DECISION_TEXT_MAX + 1) })], /^\/0\/why/],
    ['a time of no calendar', [decision({ at: '2026-13-41T00:00:00Z' })], /^\/0\/at/],
    ['a time without zone', [decision({ at: '2026-01-05T00:00:00' })], /^\/0\/at/],
    ['two of one name', [decision(), decision()], /^\/1\/id/],
    ['too many', new Array(DECISIONS_MAX + 1).fill(decision()), /list/],
  ])('%s', (_name, list, where) => {
    const decisions = decided({});
    const outcome = decisions.replace(list);
    expect(outcome.ok).toBe(false);
    if (!outcome.ok) expect(outcome.error).toMatch(where);
    expect(decisions.rulingOn('exec', VALUE, WEB)).toBe('accept');
  });

  test('as many as there may be are taken', () => {
    const list = Array.from({ length: DECISIONS_MAX }, (_, n) => decision({ id: `d${n}` }));
    expect(parseDecisions(list).ok).toBe(true);
  });
});
