import { expect, test } from 'vitest';

import { flowQueryOf } from './flow-query.ts';

const asked = (text: string) => Object.fromEntries(
  Object.entries(flowQueryOf(new URLSearchParams(text)))
    .filter(([, value]) => value !== undefined));

test('what the address of the page says is asked for', () => {
  expect(asked('tab=flows&namespace=shop&pod=web-1&direction=out&address=2001:db8::9&port=443' +
    '&from=2026-11-23T10:13:00Z')).toEqual({ namespace: 'shop', pod: 'web-1', direction: 'out',
    dst: '2001:db8::9', dstPort: 443, from: '2026-11-23T10:13:00.000Z' });
});

test('what is half typed or wrong is left out', () => {
  expect(asked('address=203.0&port=70000&direction=up&from=yesterday&to=&workload=%20'))
    .toEqual({});
});
