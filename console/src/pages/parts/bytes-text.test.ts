import { expect, test } from 'vitest';

import { bytesText } from './bytes-text.ts';

test('sizes are told in the unit that fits', () => {
  expect(bytesText(0)).toBe('0 B');
  expect(bytesText(1_023)).toBe('1023 B');
  expect(bytesText(1_536)).toBe('1.5 KiB');
  expect(bytesText(200 * 1_024 * 1_024)).toBe('200 MiB');
});
