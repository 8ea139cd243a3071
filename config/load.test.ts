import Type from 'typebox';
import { describe, expect, test } from 'vitest';

import { formatConfigErrors, formatOptions, loadConfig } from './load.ts';

const schema = Type.Object({
  api: Type.Object({
    address: Type.String({ default: '127.0.0.1', description: 'Where the API listens.' }),
    port: Type.Integer({ minimum: 0, maximum: 65_535, default: 8470 }),
    names: Type.Array(Type.String(), { default: [] }),
    token: Type.Optional(Type.String({ minLength: 8, writeOnly: true })),
  }, { additionalProperties: false, default: {} }),
  graceSeconds: Type.Integer({ minimum: 0, default: 30 }),
  mode: Type.Union([Type.Literal('observe'), Type.Literal('act')], { default: 'observe' }),
  rules: Type.Array(Type.Object({
    name: Type.String(),
    on: Type.Boolean({ default: true }),
  }, { additionalProperties: false }), { default: [] }),
}, { additionalProperties: false });

function load(text: string | undefined, env: Record<string, string> = {}) {
  return loadConfig({
    schema,
    ...(text === undefined ? {} : { file: 'x.yaml' }),
    env,
    envPrefix: 'LANNER_X_',
    readFile: () => text ?? '',
    envIgnored: ['LANNER_X_CONFIG'],
  });
}

function complaint(text: string | undefined, env: Record<string, string> = {}): string {
  const loaded = load(text, env);
  if (loaded.ok) throw new Error('expected errors');
  return formatConfigErrors(loaded.errors);
}

describe('loadConfig', () => {
  test('gives the defaults without file and environment', () => {
    expect(load(undefined)).toEqual({
      ok: true,
      value: {
        api: { address: '127.0.0.1', port: 8470, names: [] },
        graceSeconds: 30,
        mode: 'observe',
        rules: [],
      },
    });
  });

  test('the environment wins over the file and the file over the defaults', () => {
    const loaded = load('graceSeconds: 5\napi: { port: 1 }\nrules: [{name: a}]\n', {
      LANNER_X_API_PORT: '2',
      LANNER_X_API_NAMES: 'a, b',
      LANNER_X_API_ADDRESS: '0',
      LANNER_X_MODE: 'act',
      LANNER_X_CONFIG: 'x.yaml',
      PATH: '/bin',
    });
    expect(loaded).toMatchObject({
      ok: true,
      value: {
        api: { port: 2, names: ['a', 'b'], address: '0' },
        graceSeconds: 5,
        mode: 'act',
        rules: [{ name: 'a', on: true }],
      },
    });
  });

  test('an unknown key names file, path and the nearest known key', () => {
    expect(complaint('api: { adress: x }')).toBe(
      'x.yaml: api.adress: unknown key; expected one of address, port, names, token; ' +
        'did you mean "address"?',
    );
    expect(complaint('rules: [{ name: a, onn: true }]')).toContain('x.yaml: rules.0.onn: unknown');
    expect(complaint('__proto__: { a: 1 }')).toContain('unknown key');
    expect(complaint('constructor: { a: 1 }')).toContain('unknown key');
  });

  test('a bad value says what it is and what was expected, and all are reported', () => {
    const text = complaint('graceSeconds: -1\nmode: kill\napi: { port: "x" }');
    expect(text).toContain('x.yaml: graceSeconds: is -1; expected integer ≥ 0');
    expect(text).toContain('x.yaml: mode: is "kill"; expected one of "observe", "act"');
    expect(text).toContain('x.yaml: api.port: is "x"; expected integer from 0 to 65535');
  });

  test('a bad variable is named, an unknown one gets a suggestion', () => {
    expect(complaint(undefined, { LANNER_X_API_PORT: 'many' })).toBe(
      'environment: LANNER_X_API_PORT: is "many"; expected integer from 0 to 65535',
    );
    expect(complaint(undefined, { LANNER_X_API_PROT: '1' })).toContain(
      'did you mean "LANNER_X_API_PORT"?',
    );
  });

  test('the variables that Kubernetes makes for a service of that name are no settings', () => {
    expect(load(undefined, {
      LANNER_X_PORT: 'tcp://10.0.0.1:8470',
      LANNER_X_SERVICE_HOST: '10.0.0.1',
      LANNER_X_SERVICE_PORT_GRPC: '8471',
      LANNER_X_PORT_8470_TCP_ADDR: '10.0.0.1',
    }).ok).toBe(true);
  });

  test('a secret of the wrong form is not printed', () => {
    const text = complaint('api: { token: hunter2 }');
    expect(text).not.toContain('hunter2');
    expect(text).toContain('api.token: is (secret)');
  });

  test('broken YAML, a missing value and a list at the top are errors, not crashes', () => {
    expect(complaint('a: [1')).toContain('x.yaml: not valid YAML');
    expect(complaint('a: 1\na: 2')).toContain('not valid YAML');
    expect(complaint('- a')).toContain('expected a mapping at the top');
    expect(complaint('rules: [{}]')).toContain('x.yaml: rules.0.name: missing; expected text');
    expect(complaint('api: 5', { LANNER_X_API_PORT: '1' })).toContain('x.yaml: api: is not');
    expect(load('').ok).toBe(true);
  });

  test('a file that cannot be read is an error with its name', () => {
    const loaded = loadConfig({
      schema,
      file: 'gone.yaml',
      env: {},
      envPrefix: 'LANNER_X_',
      readFile: () => {
        throw new Error('ENOENT: no such file');
      },
    });
    expect(loaded).toEqual({
      ok: false,
      errors: [{
        source: 'gone.yaml',
        key: '',
        problem: 'cannot be read: ENOENT: no such file',
        expected: '',
      }],
    });
  });

  test('terminal escapes from a file do not reach the message', () => {
    // eslint-disable-next-line no-control-regex
    expect(complaint('"a\\e[31m": 1\nmode: "\\e]0;x\\a"')).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
  });

  test('help lists every setting with its variable, its default and what it expects', () => {
    const help = formatOptions(schema, 'LANNER_X_');
    expect(help).toContain('api.port: integer from 0 to 65535 (default 8470)');
    expect(help).toContain('[LANNER_X_GRACE_SECONDS]');
  });
});
