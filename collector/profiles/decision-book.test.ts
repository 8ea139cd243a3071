import { gunzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { Decisions } from '../../baseline/profile/decisions.ts';
import type { Decision } from '../../baseline/profile/decisions.ts';
import type { Store } from '../store/faces.ts';
import { openStore } from '../store/open-store.ts';
import { ManualClock } from '../testing/clock.ts';
import { DecisionBook } from './decision-book.ts';
import type { DecisionBookOptions } from './decision-book.ts';
import type { Wish } from './decision-rules.ts';

let clock: ManualClock;
let store: Store;
let book: DecisionBook;
let made: string[];

beforeEach(async () => {
  clock = new ManualClock();
  store = await openStore({ path: ':memory:', clock });
  made = [];
  book = bookOf();
});

afterEach(() => store.close());

function bookOf(over: Partial<DecisionBookOptions> = {}): DecisionBook {
  let ids = 0;
  return new DecisionBook({
    store,
    clock,
    newId: () => `${over.decisionsMax ?? ''}d${++ids}`,
    onDecided: (kind) => made.push(kind),
    ...over,
  });
}

const KEY = 'shop/web@sha256:1';
const NAME = { key: KEY, image: { repository: 'shop/web' } };
const BASH = 'exec /bin/bash as root ← nginx';

const wish = (over: Partial<Wish> = {}): Wish => ({
  kind: 'accept',
  scope: 'image',
  profileKey: KEY,
  repository: 'shop/web',
  channel: 'exec',
  value: BASH,
  by: 'ana',
  why: 'the new backup',
  ...over,
});

const lock = (over: Partial<Wish> = {}): Wish => wish({ kind: 'lock', value: '', ...over });

async function decide(...wishes: readonly Wish[]): Promise<readonly Decision[]> {
  clock.advance(1_000);
  const decided = await book.decide(wishes);
  if (!decided.ok) throw new Error(decided.detail);
  return decided.decisions;
}

/** What an agent makes of what it is sent. */
async function atAgent(): Promise<Decisions> {
  const rules = new Decisions();
  const { document } = await book.document();
  expect(rules.replace(JSON.parse(gunzipSync(document).toString()))).toMatchObject({ ok: true });
  return rules;
}

describe('a decision', () => {
  test('is stored with who, when and why, audited, and reaches agents until it is undone',
    async () => {
      const [accepted] = await decide(wish());
      expect(accepted).toMatchObject({ by: 'ana', why: 'the new backup', kind: 'accept' });
      expect((await atAgent()).rulingOn('exec', BASH, NAME)).toBe('accept');
      clock.advance(60_000);
      expect(await book.undo('d1', { by: 'bo', why: 'was an intruder' })).toMatchObject({
        ok: true,
        decision: { undoneBy: 'bo', undoneAt: new Date(clock.now()).toISOString() },
      });
      expect((await atAgent()).rulingOn('exec', BASH, NAME)).toBeNull();
      const audit = await store.listAudit({ limit: 10 });
      expect(audit.map(({ actor, action, subject }) => [actor, action, subject])).toEqual([
        ['bo', 'profile.undo', 'd1'],
        ['ana', 'profile.accept', 'd1'],
      ]);
      expect(audit[0]?.detail).toMatchObject({ value: BASH, why: 'was an intruder' });
      expect((await book.list()).length).toBe(1);
      expect(made).toEqual(['accept', 'undo']);
    });

  test('that is in force already is refused, also inside a wider one', async () => {
    await decide(wish({ scope: 'lineage' }));
    expect(await book.decide([wish()])).toMatchObject({
      ok: false,
      reason: 'exists',
      detail: expect.stringContaining('d1') as string,
    });
    await decide(wish({ scope: 'everywhere' }));
    expect((await book.inForce()).length).toBe(2);
  });

  test('takes the place of the one before: the last word is the only one', async () => {
    await decide(wish());
    await decide(wish({ kind: 'reject', by: 'bo' }));
    const inForce = await book.inForce();
    expect(inForce.map(({ kind }) => kind)).toEqual(['reject']);
    expect((await book.list())[0]).toMatchObject({ kind: 'accept', undoneBy: 'bo' });
    expect((await atAgent()).rulingOn('exec', BASH, NAME)).toBe('reject');
    await decide(wish());
    expect((await atAgent()).rulingOn('exec', BASH, NAME)).toBe('accept');
    expect((await book.inForce()).length).toBe(1);
  });

  test('of several behaviours at once leaves out what was said, and what is said twice', async () => {
    await decide(wish());
    const decided = await decide(wish(), wish({ value: 'a' }), wish({ value: 'a' }));
    expect(decided.map(({ value }) => value)).toEqual(['a']);
    expect(await book.decide([wish(), wish({ value: 'a' })])).toMatchObject({ reason: 'exists' });
  });
});

describe('locks', () => {
  test('hold for an image or its lineage, and end where they began', async () => {
    await decide(lock({ scope: 'lineage' }));
    const other = { profileKey: 'shop/web@sha256:2', repository: 'shop/web' };
    expect(await book.isLocked(other)).toBe(true);
    expect(await book.isLocked({ profileKey: 'shop/api@sha256:1', repository: 'shop/api' }))
      .toBe(false);
    expect(await book.decide([lock({ kind: 'unlock', scope: 'lineage' })])).toMatchObject({
      ok: true,
      decisions: [],
      undone: [{ id: 'd1' }],
    });
    expect(await book.isLocked(other)).toBe(false);
    expect(await book.inForce()).toEqual([]);
    expect(await book.decide([lock({ kind: 'unlock' })])).toMatchObject({ reason: 'exists' });
  });

  test('of a lineage can be opened for one image, and closed again', async () => {
    await decide(lock({ scope: 'lineage' }));
    await decide(lock({ kind: 'unlock' }));
    const here = { profileKey: KEY, repository: 'shop/web' };
    expect(await book.isLocked(here)).toBe(false);
    expect(await book.isLocked({ ...here, profileKey: 'shop/web@sha256:2' })).toBe(true);
    expect((await atAgent()).isLocked(NAME)).toBe(false);
    await decide(lock());
    expect(await book.isLocked(here)).toBe(true);
  });
});

test('a reset is the generation from then on; a newer one replaces it; none can be undone',
  async () => {
    await decide(wish({ kind: 'reset', value: '' }));
    const first = clock.now();
    expect(await book.generationOf({ profileKey: KEY, repository: 'shop/web' })).toBe(first);
    await decide(wish({ kind: 'reset', value: '' }));
    expect((await atAgent()).generationOf(NAME)).toBe(first + 1_000);
    expect((await book.inForce()).length).toBe(1);
    expect(await book.undo('d2', { by: 'a', why: 'b' })).toMatchObject({ reason: 'wrong-state' });
    expect(await book.undo('d9', { by: 'a', why: 'b' })).toMatchObject({ reason: 'not-found' });
  });

test('a full list says which to undo, decides nothing, and goes on after an undo', async () => {
  book = bookOf({ decisionsMax: 2 });
  await decide(wish({ value: 'a' }));
  await decide(wish({ value: 'b' }));
  const full = await book.decide([wish({ value: 'c' }), wish({ value: 'd' })]);
  expect(full).toMatchObject({ ok: false, reason: 'full' });
  expect(full.ok ? '' : full.detail).toMatch(/2 decisions .* undo .* 2d1 \(accept "a" for shop/);
  expect((await book.list()).length).toBe(2);
  await book.undo('2d1', { by: 'ana', why: 'gone' });
  await decide(wish({ value: 'c' }));
  book = bookOf({ bytesMax: 900 });
  expect(await book.decide([wish({ value: 'x'.repeat(900) })])).toMatchObject({ reason: 'full' });
});

test('wishes that come at once are decided one after the other', async () => {
  const outcomes = await Promise.all([1, 2, 3, 4].map(() => book.decide([wish()])));
  expect(outcomes.filter(({ ok }) => ok).length).toBe(1);
  expect((await book.inForce()).length).toBe(1);
});

test('what another replica decided is seen, and one document is made of one revision', async () => {
  const replica = bookOf({ newId: () => 'other' });
  const before = await book.document();
  expect(await book.document()).toBe(before);
  await replica.decide([wish()]);
  const after = await book.document();
  expect(after.revision).toBeGreaterThan(before.revision);
  expect((await book.inForce()).map(({ id }) => id)).toEqual(['other']);
});
