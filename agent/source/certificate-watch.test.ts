import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, expect, test, vi } from 'vitest';

import { tlsFilesOf, tlsOf } from '../../test/fixtures/tls/tls.ts';
import { openSource } from '../open-source.ts';
import type { OpenedSource } from '../open-source.ts';
import { CERTIFICATE_LOOK_MS } from './certificate-watch.ts';
import { systemClock } from './clock.ts';
import { RecordingSink } from './testing/recording-sink.ts';

const opened: OpenedSource[] = [];
afterEach(async () => {
  for (const { source } of opened.splice(0)) await source.stop();
});

/** An endpoint whose files are what `files` holds at the time, looked at when `look` is called. */
async function endpoint() {
  const files = { ...tlsOf('stranger') };
  const names = tlsFilesOf('server');
  const looks: (() => void)[] = [];
  const made = openSource({ kind: 'http', listen: '127.0.0.1:0', tls: names }, {
    sink: new RecordingSink(),
    clock: {
      ...systemClock,
      after: (ms, run) => {
        if (ms !== CERTIFICATE_LOOK_MS) return systemClock.after(ms, run);
        looks.push(run);
        return () => void looks.splice(0);
      },
    },
    random: Math.random,
    log: pino({ level: 'silent' }),
    readFile: (path) => {
      if (path === names.cert) return files.cert;
      return path === names.key ? files.key : readFileSync(path);
    },
    registry: new Registry(),
  });
  opened.push(made);
  made.source.start();
  await vi.waitFor(() => expect(made.port()).toBeGreaterThan(0));
  const shown = async (): Promise<string> => {
    const socket = connect({
      port: made.port(), host: '127.0.0.1', rejectUnauthorized: false, ...tlsOf('client'),
    });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  return { files, looks, look: () => looks.shift()?.(), shown, source: made.source };
}

test('Falco is shown the certificate that the files hold now', async () => {
  const { files, look, shown } = await endpoint();
  const before = await shown();
  look();
  expect(await shown()).toBe(before);
  Object.assign(files, tlsOf('server'));
  look();
  expect(await shown()).not.toBe(before);
});

test('a certificate without its key changes nothing, and the next good one is used', async () => {
  const { files, look, shown } = await endpoint();
  const before = await shown();
  files.cert = tlsOf('server').cert;
  look();
  expect(await shown()).toBe(before);
  files.key = tlsOf('server').key;
  look();
  expect(await shown()).not.toBe(before);
});

test('a stopped source looks no more', async () => {
  const { looks, source } = await endpoint();
  expect(looks).toHaveLength(1);
  await source.stop();
  expect(looks).toEqual([]);
});
