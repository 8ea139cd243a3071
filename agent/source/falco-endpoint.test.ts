import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tlsFilesOf, tlsOf } from '../../test/fixtures/tls/tls.ts';
import { FalcoRig, numberedLines, until } from './testing/falco-rig.ts';

const rig = new FalcoRig();

test('mutual TLS: another CA\u2019s certificate brings no events', async () => {
  const falco = await rig.startedFalco({ address: '127.0.0.1:0', tls: tlsOf('server') });
  const connect = (identity: 'client' | 'stranger') =>
    rig.connector({ address: falco.address, tls: tlsFilesOf(identity) });
  const ours = rig.source({ connect: connect('client') });
  const other = rig.source({ connect: connect('stranger') });
  falco.push(numberedLines(10));
  await until(() => ours.sink.events.length === 10);
  await until(() => other.agent.counters.disconnects >= 2);
  expect(other.sink.events).toEqual([]);
  expect(other.sink.phases).not.toContain('streaming');
});

test('a certificate with another name is not believed, unless the name is told', async () => {
  const falco = await rig.startedFalco({ address: '127.0.0.1:0', tls: tlsOf('server') });
  const endpoint = { address: falco.address, tls: tlsFilesOf('client') };
  const wrong = rig.source({
    connect: rig.connector({ ...endpoint, serverName: 'elsewhere.test' }),
  });
  await until(() => wrong.agent.counters.disconnects >= 1);
  const right = rig.source({
    connect: rig.connector({ ...endpoint, serverName: 'falco.test' }),
  });
  falco.push(numberedLines(1));
  await until(() => right.sink.events.length === 1);
  expect(wrong.sink.events).toEqual([]);
});

test.each([
  ['http://127.0.0.1:5060', undefined, /neither unix/],
  ['unix:relative.sock', undefined, /neither unix/],
  ['127.0.0.1:5060', undefined, /mutual TLS/],
  ['unix:///run/falco/falco.sock', { ca: 'a', cert: 'b', key: 'c' }, /no TLS on a unix/],
])('the address %s is refused with what is expected', (bad, tls, message) => {
  const endpoint = tls === undefined ? { address: bad } : { address: bad, tls };
  expect(() => rig.connector(endpoint)).toThrow(message);
});

test('certificates that cannot be read are told and tried again', async () => {
  const path = join(rig.dir, 'ca.pem');
  const connect = rig.connector({
    address: '127.0.0.1:1',
    tls: { ca: path, cert: path, key: path },
  });
  const { agent, sink } = rig.source({ connect });
  await until(() => agent.counters.disconnects >= 2);
  expect(sink.states.some(({ detail }) => /cannot read .*ca\.pem/.test(detail))).toBe(true);
});
