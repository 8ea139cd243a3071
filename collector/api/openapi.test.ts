import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import openApiSchema from '../testing/openapi/openapi-3.1.schema.json' with { type: 'json' };
import { roles } from '../access/principal.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';

/** `UPDATE_GOLDEN=1` writes it anew; the difference is for a person to read. */
const FILE = join(import.meta.dirname, '../../docs/openapi.json');

type Operation = Readonly<Record<string, unknown>> & {
  readonly summary?: string;
  readonly responses: Readonly<Record<string, unknown>>;
};
type Document = { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };

let collector: TestCollector;
let document: Document;

beforeAll(async () => {
  collector = await startTestCollector();
  const response = await fetch(`${collector.addresses.api}/api/v1/openapi.json`, {
    headers: { authorization: `Bearer ${collector.token}` },
  });
  document = await response.json() as Document;
});
afterAll(() => collector.stop());

const operations = (): readonly (readonly [string, Operation])[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      [`${method.toUpperCase()} ${path}`, operation] as const));

const isInterface = (path: string): boolean =>
  /^\/(api\/v1|auth|healthz$|readyz$|metrics$)/.test(path);

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
    const validate = ajv.compile(openApiSchema);
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    expect(validate({ openapi: '3.1.0', info: { title: 'x' }, paths: {} })).toBe(false);
  });

  test('every schema in it is valid JSON Schema', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const wrong = operations().flatMap(([name, operation]) =>
      schemasIn(operation).filter((schema) => !ajv.validateSchema(schema)).map(() => name));
    expect(wrong).toEqual([]);
  });

  test('names every route there is, and none besides', () => {
    const served = collector.routes
      .filter(({ method, path }) => method !== 'HEAD' && isInterface(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(operations().map(([name]) => name).toSorted()).toEqual(served.toSorted());
    expect(served.length).toBeGreaterThan(40);
  });

  test('says of each what it is for, which role it needs and what it answers', () => {
    const silent = operations()
      .filter(([name, { summary }]) => name.includes('/api/v1/') && summary === undefined)
      .map(([name]) => name);
    expect(silent).toEqual([]);
    const needs = new Map(collector.routes.map((route) =>
      [`${route.method} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`, route]));
    for (const [name, operation] of operations()) {
      const route = needs.get(name);
      if (route === undefined || route.needs === 'anyone') continue;
      expect([name, operation['x-lanner-needs'], operation['x-lanner-scope']])
        .toEqual([name, route.needs, route.scope]);
      expect(roles).toContain(operation['x-lanner-needs']);
      expect(operation.responses).toHaveProperty('default');
    }
  });

  test('is what docs/openapi.json says', () => {
    const text = `${JSON.stringify(document, undefined, 1)}\n`;
    if (process.env['UPDATE_GOLDEN'] === '1' || !existsSync(FILE)) writeFileSync(FILE, text);
    expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(document);
  });
});

function schemasIn(value: unknown): readonly object[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'schema' && typeof inner === 'object' && inner !== null
      ? [inner as object]
      : schemasIn(inner));
}
