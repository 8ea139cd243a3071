import { expect, test } from 'vitest';

import { auditQueryOf } from './audit-query.ts';

const queryOf = (search: string) => auditQueryOf(new URLSearchParams(search));

test('an empty address asks for everything', () => {
  expect(queryOf('')).toEqual({});
  expect(queryOf('actor=&subject=&action=&from=&to=')).toEqual({});
});

test('a day goes from its midnight to the next, in the zone of the viewer', () => {
  const { from, to } = queryOf('from=2026-03-01&to=2026-03-01');
  expect(Date.parse(from ?? '')).toBe(new Date(2026, 2, 1).getTime());
  expect(Date.parse(to ?? '')).toBe(new Date(2026, 2, 2).getTime());
});

test('what is no day and no known action is not asked for', () => {
  expect(queryOf('from=yesterday&to=2026-3-1&action=drop%20table')).toEqual({});
  expect(queryOf('action=response&actor=li')).toEqual({ action: 'response', actor: 'li' });
});
