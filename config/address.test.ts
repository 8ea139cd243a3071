import { expect, test } from 'vitest';

import { formatAddress, isLoopback, parseAddress } from './address.ts';

test.each([
  ['127.0.0.1:8470', '127.0.0.1', 8_470, true],
  ['[::1]:0', '::1', 0, true],
  ['localhost:1', 'localhost', 1, true],
  ['0.0.0.0:8470', '0.0.0.0', 8_470, false],
  ['[::]:8470', '::', 8_470, false],
  ['127.0.0.1.evil.example:1', '127.0.0.1.evil.example', 1, false],
  ['collector:8470', 'collector', 8_470, false],
])('%s', (text, host, port, loopback) => {
  const address = parseAddress(text);
  expect(address).toEqual({ host, port });
  expect(isLoopback(host)).toBe(loopback);
  expect(formatAddress({ host, port })).toBe(text);
});

test.each(['', '8470', ':8470', 'a:b', 'a:99999', '::1:80', '[x]:1', 'a b:1', '[::1]'])(
  '%j is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);
