import { expect, test } from 'vitest';
import { Feedback, LESSONS_MAX, RAISED_MAX, type Lesson } from './feedback.ts';

const WEB = { key: 'shop/web@sha256:1', image: { repository: 'shop/web' } };
const NEXT = { key: 'shop/web@sha256:2', image: { repository: 'shop/web' } };
const OTHER = { key: 'shop/api@sha256:1', image: { repository: 'shop/api' } };
const VALUE = 'exec /usr/bin/find as root ← sh';

function lesson(options: Partial<Lesson> = {}): Lesson {
  return {
    id: 'l1',
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

function raised(): Feedback {
  const feedback = new Feedback();
  feedback.noteRaised('exec', VALUE);
  return feedback;
}

test.each([
  ['image', [true, false, false]],
  ['lineage', [true, true, false]],
  ['everywhere', [true, true, true]],
] as const)('a lesson for the scope %s holds there and nowhere else', (scope, holds) => {
  const feedback = raised();
  expect(feedback.teach(lesson({ scope })).ok).toBe(true);
  const places = [WEB, NEXT, OTHER];
  expect(places.map((place) => feedback.isAccepted('exec', VALUE, place))).toEqual(holds);
});

test('a lesson accepts exactly one behaviour of one channel', () => {
  const feedback = raised();
  feedback.teach(lesson({ scope: 'everywhere' }));
  expect(feedback.isAccepted('exec', `${VALUE} `, WEB)).toBe(false);
  expect(feedback.isAccepted('net', VALUE, WEB)).toBe(false);
});

test('only what was raised here can be taught', () => {
  const feedback = raised();
  const slip = lesson({ value: 'exec /usr/bin/fnid as root ← sh' });
  expect(feedback.teach(slip)).toEqual({ ok: false, reason: 'unknown-behaviour' });
  expect(feedback.teach(lesson({ channel: 'net' }))).toEqual({
    ok: false,
    reason: 'unknown-behaviour',
  });
  expect(feedback.lessons).toEqual([]);
});

test('a lesson is taught once', () => {
  const feedback = raised();
  feedback.teach(lesson());
  expect(feedback.teach(lesson())).toEqual({ ok: false, reason: 'duplicate' });
});

test('undoing takes the lesson back, and only that one', () => {
  const feedback = raised();
  feedback.teach(lesson({ id: 'a' }));
  feedback.teach(lesson({ id: 'b' }));
  expect(feedback.undo('a')).toBe(true);
  expect(feedback.isAccepted('exec', VALUE, WEB)).toBe(true);
  expect(feedback.undo('b')).toBe(true);
  expect(feedback.isAccepted('exec', VALUE, WEB)).toBe(false);
  expect(feedback.undo('b')).toBe(false);
});

test('who, when and why stay with the lesson', () => {
  const feedback = raised();
  feedback.teach(lesson());
  expect(feedback.lessons).toEqual([lesson()]);
});

test('what was raised is remembered within a bound, oldest first out', () => {
  const feedback = raised();
  for (let n = 0; n < RAISED_MAX; n += 1) feedback.noteRaised('exec', `exec ${n}`);
  expect(feedback.teach(lesson()).ok).toBe(false);
  expect(feedback.teach(lesson({ value: `exec ${RAISED_MAX - 1}` })).ok).toBe(true);
});

test('a lesson that is restored anew holds as it is now, not as it was', () => {
  const feedback = raised();
  feedback.restore(lesson({ scope: 'everywhere' }));
  feedback.restore(lesson({ scope: 'image' }));
  expect(feedback.isAccepted('exec', VALUE, WEB)).toBe(true);
  expect(feedback.isAccepted('exec', VALUE, OTHER)).toBe(false);
});

test('lessons are bounded, and a full list says so', () => {
  const feedback = raised();
  for (let n = 0; n < LESSONS_MAX; n += 1) feedback.restore(lesson({ id: `l${n}`, value: 'v' }));
  expect(feedback.teach(lesson({ id: 'one more' }))).toEqual({ ok: false, reason: 'full' });
  feedback.restore(lesson({ id: 'and one' }));
  expect(feedback.lessons).toHaveLength(LESSONS_MAX);
});
