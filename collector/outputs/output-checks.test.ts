import { describe, expect, test } from 'vitest';

import { loadCollectorConfig } from '../config.ts';

const errorsOf = (outputs: unknown): readonly string[] => {
  const loaded = loadCollectorConfig({
    file: 'c.yaml',
    env: {},
    readFile: () => JSON.stringify({ outputs }),
  });
  return loaded.ok ? [] : loaded.errors.map(({ key, problem }) => `${key} ${problem}`);
};
const env = { env: 'X' };

describe('settings of outputs', () => {
  test('one of each kind is right', () => {
    expect(errorsOf([
      { name: 'fs', kind: 'falcosidekick', url: 'https://fs:2801' },
      { name: 'hook', kind: 'webhook', url: 'http://127.0.0.1:1/x', keys: [{ id: 'a', key: env }] },
      { name: 'ocsf', kind: 'ocsf', url: 'https://lake/x', batch: 'lines', token: env },
      { name: 'ecs', kind: 'ecs', urlFrom: { file: '/x' } },
      { name: 'am', kind: 'alertmanager', url: 'https://am', labels: { team: 'soc' } },
      { name: 'otlp', kind: 'otlp', url: 'http://otel:4318', insecure: true },
      { name: 'log', kind: 'syslog', address: 'siem:6514', transport: 'tls', body: 'json' },
      { name: 'bus', kind: 'kafka', brokers: ['k:9093'], topic: 'lanner', tls: { caFile: '/ca' } },
    ])).toEqual([]);
  });

  test.each([
    [{ kind: 'webhook', url: 'https://x' }, 'outputs.0.keys is missing'],
    [{ kind: 'otlp' }, 'outputs.0.url is missing'],
    [{ kind: 'otlp', url: 'https://x', urlFrom: env }, 'outputs.0.url is there twice'],
    [{ kind: 'otlp', url: 'https://x', topic: 't' }, 'outputs.0.topic is no key of kind otlp'],
    [{ kind: 'otlp', url: 'http://x' }, 'outputs.0.url is reached in plaintext'],
    [{ kind: 'otlp', url: 'https://a:b@x' }, 'outputs.0.url holds a password'],
    [{ kind: 'otlp', url: 'ftp://x' }, 'outputs.0.url is no URL'],
    [{ kind: 'otlp', url: 'https://x', token: {} }, 'outputs.0.token says not where'],
    [{ kind: 'kafka', brokers: ['k:9'], topic: 't' }, 'outputs.0.brokers.0 is reached in plaintext'],
    [{ kind: 'syslog', address: 'x', transport: 'udp' }, 'outputs.0.address is "x"'],
    [{ kind: 'alertmanager', url: 'https://x', kinds: ['gap'] }, 'outputs.0.kinds holds what never ends'],
    [{ kind: 'otlp', url: 'https://x', tls: { certFile: 'a' } }, 'outputs.0.tls is incomplete'],
    [{ kind: 'otlp', url: 'https://x', headers: [{ name: 'a' }] }, 'outputs.0.headers.0 has no one value'],
  ])('%j: %s', (output, expected) => {
    expect(errorsOf([{ name: 'x', ...output }])).toContain(expected);
  });

  test('an unknown key is named, with what was meant', () => {
    expect(errorsOf([{ name: 'x', kind: 'otlp', url: 'https://x', severty: 'low' }]))
      .toContain('outputs.0.severty unknown key');
  });

  test('two outputs of one name would share a position', () => {
    const one = { name: 'x', kind: 'otlp', url: 'https://x' };
    expect(errorsOf([one, one])).toContain('outputs.1.name x is there twice');
  });
});
