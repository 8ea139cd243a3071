import { describe, expect, test } from 'vitest';

import { forecastOf, imageQueryOf, nameOf, rowsFor, sortAfter } from './image-rows.ts';
import type { ImageRow } from './image-rows.ts';

const row = (over: Partial<ImageRow> & { readonly tag?: string }): ImageRow => {
  const { tag = '1.0', ...rest } = over;
  return {
    id: tag,
    key: `docker.io/shop/web:${tag}`,
    image: { repository: 'docker.io/shop/web', tag, digest: '' },
    workload: '',
    state: 'learning',
    coverage: 0.5,
    pods: 1,
    nodes: 1,
    isLocked: false,
    ...rest,
  };
};

const rows = [
  row({ tag: '1.10', coverage: 0.9, state: 'complete', isLocked: true }),
  row({ tag: '1.9', coverage: 0.2, nodes: 0 }),
  row({ tag: '1.2', coverage: 0.4, workload: 'shop/batch' }),
];

const shown = (search: string, alerts: Readonly<Record<string, number>> = {}): readonly string[] =>
  rowsFor(rows, imageQueryOf(new URLSearchParams(search)), ({ id }) => alerts[id] ?? 0)
    .map(({ id }) => id);

describe('the list of images', () => {
  test('is in order of names, with numbers as numbers', () => {
    expect(shown('')).toEqual(['1.2', '1.9', '1.10']);
  });

  test('is narrowed by each word of the text, by state, and by what runs or is locked', () => {
    expect(shown('q=SHOP%20batch')).toEqual(['1.2']);
    expect(shown('state=complete')).toEqual(['1.10']);
    expect(shown('runs=1')).toEqual(['1.2', '1.10']);
    expect(shown('locked=1')).toEqual(['1.10']);
    expect(shown('q=nothing')).toEqual([]);
  });

  test('is sorted as the address says, and an unknown order is the usual one', () => {
    expect(shown('sort=-coverage')).toEqual(['1.10', '1.2', '1.9']);
    expect(shown('sort=-alerts', { '1.9': 3, '1.2': 1 })).toEqual(['1.9', '1.2', '1.10']);
    expect(shown('sort=;drop')).toEqual(['1.2', '1.9', '1.10']);
  });

  test('a column is asked for with the most first, and turned by asking again', () => {
    const query = imageQueryOf(new URLSearchParams('sort=-coverage'));
    expect(sortAfter(query, 'alerts')).toBe('-alerts');
    expect(sortAfter(query, 'coverage')).toBe('coverage');
    expect(sortAfter(query, 'name')).toBe('name');
  });

  test('an image is called by its tag, else by its digest, else by its key', () => {
    expect(nameOf(row({}))).toBe('docker.io/shop/web:1.0');
    const image = { repository: 'shop/web', tag: '', digest: 'sha256:0123456789abcdef' };
    expect(nameOf(row({ image }))).toBe('shop/web@sha256:0123456789ab');
    expect(nameOf(row({ key: 'host:node-1', image: { repository: '', tag: '', digest: '' } })))
      .toBe('host:node-1');
  });
});

describe('the forecast', () => {
  test('is as coarse as it is far away', () => {
    const of = (completeInSeconds: number) => forecastOf({ state: 'learning', completeInSeconds });
    expect(of(10)).toEqual({ kind: 'minutes', count: 1 });
    expect(of(2_400)).toEqual({ kind: 'minutes', count: 40 });
    expect(of(7_200)).toEqual({ kind: 'hours', count: 2 });
    expect(of(3 * 86_400)).toEqual({ kind: 'days', count: 3 });
    expect(of(-1)).toEqual({ kind: 'unknown' });
  });

  test('is not made for what is complete or never will be', () => {
    expect(forecastOf({ state: 'complete', completeInSeconds: 0 })).toEqual({ kind: 'complete' });
    expect(forecastOf({ state: 'never-complete', completeInSeconds: 60 }))
      .toEqual({ kind: 'never' });
  });
});
