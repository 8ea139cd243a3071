import fc from 'fast-check';
import { expect, test } from 'vitest';

import { localTimeOf, timeOfLocal } from './local-time.ts';

test('a time goes through the field and comes back as the same second', () => {
  fc.assert(fc.property(
    fc.integer({ min: Date.UTC(1971, 0) / 1_000, max: Date.UTC(2200, 0) / 1_000 }),
    (seconds) => {
      // Once a year an hour has two meanings in the viewer's zone; then it is one of the two.
      const time = new Date(seconds * 1_000).toISOString();
      expect(localTimeOf(timeOfLocal(localTimeOf(time)))).toBe(localTimeOf(time));
    },
  ));
  expect(timeOfLocal(localTimeOf('2026-11-23T10:15:07.000Z'))).toBe('2026-11-23T10:15:07.000Z');
});

test('what is no time is none', () => {
  for (const text of ['', 'yesterday', '2026-11-23', '2026-13-40T10:15', '1960-01-01T00:00:00']) {
    expect(timeOfLocal(text)).toBe('');
  }
  expect(localTimeOf('yesterday')).toBe('');
});
