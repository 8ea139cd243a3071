import { expect, test } from 'vitest';

import type { AlertView } from '../../../../collector/api/contract/alert.ts';
import { anAlert } from '../../../../collector/testing/alerts.ts';
import { NO_FILTERS, matcherOf, queryOf, readFilters, searchOf } from './filters.ts';

const view = (over: Partial<AlertView> = {}): AlertView => ({
  ...anAlert(),
  incidentId: '',
  receivedTime: '2026-03-01T10:00:00.000Z',
  handling: { kind: 'none' },
  ...over,
});

test('filters survive the address', () => {
  const filters = {
    ...NO_FILTERS,
    severity: 'high',
    kind: 'anomaly',
    handling: 'suppressed',
    namespace: 'shop',
    q: 'a&b =1',
  } as const;
  expect(readFilters(searchOf(filters))).toEqual(filters);
  expect(searchOf(NO_FILTERS)).toBe('');
});

test('an address with nonsense is an address without filters', () => {
  expect(readFilters('severity=terrible&kind=%00&handling=x')).toEqual(NO_FILTERS);
});

test('what is half typed is not asked of the API and hides nothing', () => {
  const filters = { ...NO_FILTERS, technique: 'T10', q: 'x' };
  expect(Object.values(queryOf(filters)).filter((value) => value !== undefined)).toEqual([]);
  expect(matcherOf(filters)(view())).toBe(true);
});

test.each([
  ['severity is a least one', { severity: 'high' }, { severity: 'critical' }, { severity: 'medium' }],
  ['namespace is exact', { namespace: 'shop' }, {}, { namespace: 'shop2' }],
  ['technique', { technique: 'T1059.004' }, {}, { techniques: [] }],
  ['kind', { kind: 'session' }, { kind: 'session' }, { kind: 'rule' }],
  ['text is found in any case', { q: 'GUNICORN' }, {}, { reason: { en: '', zh: '' }, behaviours: [] }],
] as const)('%s', (_, over, fits, fitsNot) => {
  const matches = matcherOf({ ...NO_FILTERS, ...over });
  expect(matches(view(fits as Partial<AlertView>))).toBe(true);
  expect(matches(view(fitsNot as Partial<AlertView>))).toBe(false);
});

test('suppressed ones are shown to those who ask for them', () => {
  const suppressed = view({
    handling: { kind: 'suppressed', ruleId: 'r', owner: 'o', reason: 'w' },
  });
  expect(matcherOf(NO_FILTERS)(suppressed)).toBe(false);
  expect(matcherOf({ ...NO_FILTERS, handling: 'all' })(suppressed)).toBe(true);
  expect(matcherOf({ ...NO_FILTERS, handling: 'suppressed' })(suppressed)).toBe(true);
  expect(matcherOf({ ...NO_FILTERS, handling: 'cooled' })(suppressed)).toBe(false);
});
