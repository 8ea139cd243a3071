import { expect, test } from 'vitest';

import { compareTags, inOrderOfVersions, versionBefore } from './version-order.ts';
import type { Version } from './version-order.ts';

const version = (tag: string, over: Partial<Version> = {}): Version => ({
  key: `shop/web:${tag}`,
  image: { repository: 'shop/web', tag },
  workload: '',
  stored: null,
  ...over,
});

test('tags are in the order in which people number them', () => {
  const tags = ['1.10.0', '1.4.2', '1.9', '1.4', '1.4-rc1', '2', 'latest', 'v1.2', '1.4-rc2'];
  expect(tags.toSorted(compareTags))
    .toEqual(['1.4-rc1', '1.4-rc2', '1.4', '1.4.2', '1.9', '1.10.0', '2', 'latest', 'v1.2']);
});

test('of one tag the profile that learned last is the newer version', () => {
  const old = version('latest', { key: 'b', stored: { updatedTime: '2026-01-01T00:00:00Z' } });
  const young = version('latest', { key: 'a', stored: { updatedTime: '2026-02-01T00:00:00Z' } });
  expect(inOrderOfVersions([young, old]).map(({ key }) => key)).toEqual(['b', 'a']);
});

test('the version before is one of the same workload', () => {
  const versions = [
    version('1.0'),
    version('1.1', { workload: 'shop/batch', key: 'batch' }),
    version('1.2'),
  ];
  expect(versionBefore(versions, version('1.2'))?.image.tag).toBe('1.0');
  expect(versionBefore(versions, version('1.0'))).toBeNull();
  expect(versionBefore(versions, { key: 'batch', workload: 'shop/batch' })).toBeNull();
});
