import { expect, test } from 'vitest';

import { csvOf } from './csv.ts';

test('an export without rows has its heads', () => {
  expect(csvOf([])).toMatch(/^\ufeff"id","received".*\r\n$/);
});
