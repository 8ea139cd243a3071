import { expect, test } from 'vitest';

import type { SearchAnswer } from '../../../../collector/api/contract/search.ts';
import { hitsOf, moved, pagesFor } from './hits.ts';

const NOTHING: SearchAnswer = { alerts: [], incidents: [], images: [], pods: [], nodes: [],
  responses: [], isPartial: false };

test('each kind leads to its page, whatever its id holds', () => {
  const title = { en: 'a shell', zh: '壳' };
  const found = hitsOf({
    ...NOTHING,
    incidents: [{ id: 'i/1?', severity: 'high', namespace: 'shop', isOpen: true, lastTime: '',
      title }],
    alerts: [
      { id: 'a&1', severity: 'high', namespace: 'shop', pod: 'web', image: '', lastTime: '',
        reason: title, incidentId: 'i1' },
      { id: 'a2', severity: 'high', namespace: '', pod: 'web', image: '', lastTime: '',
        reason: title, incidentId: '' },
    ],
    images: [{ profileId: 'p1', profileKey: 'k', repository: 'shop/web', tag: '' }],
    pods: [{ namespace: 'shop', pod: 'web', node: 'n1', image: '' }],
    nodes: [{ cluster: 'c1', node: 'n1' }],
    responses: [{ id: 'r1', action: 'freeze', state: 'verified', namespace: 'shop', pod: 'web' }],
  }, 'zh');
  expect(found.map(({ href }) => href)).toEqual(['/incidents/i%2F1%3F',
    '/incidents/i1?alert=a%261', '/alerts/a2', '/images/p1',
    '/live?namespace=shop&q=web&handling=all', '/fleet?q=n1', '/responses/r1']);
  expect(found.map(({ text }) => text)).toEqual(['壳', '壳', '壳', 'shop/web', 'shop/web', 'n1',
    'freeze shop/web']);
});

test('pages are found by their names', () => {
  const pages = [{ path: '/fleet', name: 'Fleet' }, { path: '/egress', name: 'Egress' }];
  expect(pagesFor(pages, ' FLE').map(({ href }) => href)).toEqual(['/fleet']);
  expect(pagesFor(pages, 'xx')).toEqual([]);
});

test('arrows go round, and nowhere where there is nothing', () => {
  expect([moved(-1, 'ArrowDown', 3), moved(2, 'ArrowDown', 3), moved(-1, 'ArrowUp', 3),
    moved(0, 'ArrowUp', 3), moved(1, 'PageDown', 3), moved(1, 'PageUp', 3)])
    .toEqual([0, 0, 2, 2, 2, 0]);
  expect(moved(0, 'ArrowDown', 0)).toBeNull();
  expect(moved(0, 'a', 3)).toBeNull();
});
