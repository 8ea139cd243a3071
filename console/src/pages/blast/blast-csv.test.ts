import { expect, test } from 'vitest';

import { csvTable } from '../parts/csv-table.ts';
import { csvColumns, imageTextOf } from './blast-csv.ts';

test('a list is written with the names of the API, lists in a cell, nothing for what is absent',
  () => {
    const rows = [{ repository: '=web', tag: '1', digest: 'sha256:aa', reason: 'same-digest',
      pods: 3, runsNow: true, firstSeen: null, lastSeen: '2026-11-23T10:00:00Z' }];
    expect(csvTable(rows, csvColumns('images'))).toBe(
      '\ufeff"repository","tag","digest","reason","sharedLayers","layers","pods","runsNow",' +
      '"firstSeen","lastSeen"\r\n' +
      `"'=web","1","sha256:aa","same-digest","","",3,"true","","2026-11-23T10:00:00Z"\r\n`);
    expect(csvTable([{ images: ['a:1', 'b:2'] }], csvColumns('workloads')))
      .toContain('"","","","a:1 b:2"');
  });

test('an image is called by what it has', () => {
  const image = { repository: 'shop/web', tag: '1', digest: 'sha256:aa' };
  expect(imageTextOf(image)).toBe('shop/web:1');
  expect(imageTextOf({ ...image, tag: '' })).toBe('shop/web');
  expect(imageTextOf({ ...image, repository: '' })).toBe('sha256:aa');
});
