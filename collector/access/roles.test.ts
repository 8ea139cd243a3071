import fc from 'fast-check';
import { fastify } from 'fastify';
import { describe, expect, test } from 'vitest';

import { NOBODY, roles } from './principal.ts';
import type { Grant, Principal } from './principal.ts';
import { mayAnywhere, mayApproveOwn, mayEverywhere, mayIn, scopeOf } from './roles.ts';
import { requireNeeds } from './route-needs.ts';

const of = (...grants: readonly Grant[]): Principal => ({ name: 'ann', kind: 'person', grants });

test('a role holds in its namespaces and includes those before it there', () => {
  const ann = of(
    { role: 'responder', namespaces: ['shop'] },
    { role: 'viewer', namespaces: 'all' },
    { role: 'analyst', namespaces: ['bank', 'shop'] },
  );
  expect(scopeOf(ann, 'viewer')).toBe('all');
  expect(scopeOf(ann, 'analyst')).toEqual(['shop', 'bank']);
  expect(scopeOf(ann, 'responder')).toEqual(['shop']);
  expect(scopeOf(ann, 'approver')).toEqual([]);
  expect(mayIn(ann, 'analyst', 'bank')).toBe(true);
  expect(mayIn(ann, 'responder', 'bank')).toBe(false);
  expect(mayEverywhere(ann, 'analyst')).toBe(false);
  expect(mayApproveOwn(of({ role: 'approver', namespaces: 'all' }), 'shop')).toBe(false);
  expect(mayApproveOwn(of({ role: 'admin', namespaces: ['shop'] }), 'shop')).toBe(true);
  for (const role of roles) expect(mayAnywhere(NOBODY, role)).toBe(false);
});

test('more grants and higher roles never allow less', () => {
  const namespaces = fc.oneof(
    fc.constant('all' as const),
    fc.array(fc.constantFrom<string>('shop', 'bank', 'kube-system'), { maxLength: 3 }),
  );
  const grant = fc.record({ role: fc.constantFrom(...roles), namespaces });
  fc.assert(fc.property(fc.array(grant, { maxLength: 6 }), grant, (grants, more) => {
    for (const namespace of ['shop', 'bank', 'kube-system', 'other']) {
      roles.forEach((role, rank) => {
        const may = mayIn(of(...grants), role, namespace);
        expect(may).toBe(grants.some(({ role: held, namespaces: where }) =>
          roles.indexOf(held) >= rank && (where === 'all' || where.includes(namespace))));
        if (may) expect(mayIn(of(...grants, more), role, namespace)).toBe(true);
      });
    }
  }));
});

describe('a route', () => {
  test('that does not say what it needs stops the start', () => {
    const api = fastify();
    requireNeeds(api);
    expect(() => api.get('/api/v1/forgotten', () => 'x')).toThrow(/does not say which role/);
    expect(() => api.get('/api/v1/odd', { config: { needs: 'root' as 'admin' } }, () => 'x'))
      .toThrow(/does not say which role/);
  });

  test('is listed with what it needs, in all namespaces unless it says otherwise', () => {
    const api = fastify();
    const found = requireNeeds(api);
    api.post('/a', { config: { needs: 'admin' } }, () => 'x');
    api.get('/b', { config: { needs: 'viewer', scope: 'any' } }, () => 'x');
    expect(found.filter(({ method }) => method !== 'HEAD')).toEqual([
      { method: 'POST', path: '/a', needs: 'admin', scope: 'all' },
      { method: 'GET', path: '/b', needs: 'viewer', scope: 'any' },
    ]);
  });
});
