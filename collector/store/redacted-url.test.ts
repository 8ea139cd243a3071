import { expect, test } from 'vitest';

import { redactedUrl } from './redacted-url.ts';

test.each([
  ['postgres://lanner:hunter2@db:5432/lanner', 'postgres://lanner:***@db:5432/lanner'],
  ['postgresql://lanner:a@b:c/d@db/lanner?sslmode=verify-full',
    'postgresql://lanner:***@db/lanner?sslmode=verify-full'],
  ['postgres://:hunter2@db/lanner', 'postgres://:***@db/lanner'],
  ['postgres:///lanner?host=/run/pg&user=l&password=hunter2&x=1',
    'postgres:///lanner?host=/run/pg&user=l&password=***&x=1'],
  ['postgres://lanner@db/lanner', 'postgres://lanner@db/lanner'],
  ['postgres://db:5432/lanner', 'postgres://db:5432/lanner'],
  ['', ''],
])('%s is shown without its password', (url, shown) => {
  expect(redactedUrl(url)).toBe(shown);
});
