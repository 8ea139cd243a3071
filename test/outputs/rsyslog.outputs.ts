import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../collector/clock.ts';
import { createSender } from '../../collector/outputs/create-sender.ts';
import { syslogMessage } from '../../collector/outputs/formats/syslog.ts';
import type { Notice } from '../../collector/outputs/notice.ts';
import { readSyslog } from '../../collector/outputs/testing/read-syslog.ts';
import { anOutput } from '../../collector/outputs/testing/stream.ts';
import { hostileAlert } from '../../collector/testing/hostile-alerts.ts';
import { alertNotice, everyNotice } from '../../collector/testing/notices.ts';
import { pemPath } from '../fixtures/tls/tls.ts';
import { Program, freePort, isInstalled } from './program.ts';

/** rsyslog takes the messages apart; what it found is compared with what went in. */
const has = isInstalled('rsyslogd', 'apt-get install -y rsyslog rsyslog-gnutls');

const bytesMax = 8_192;
const options = { facility: 10, enterpriseId: '32473', version: '1', bytesMax } as const;

const template = `template(name="parts" type="list" option.jsonf="on") {
  property(outname="pri" name="pri" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="msgid" name="msgid" format="jsonf")
  property(outname="data" name="structured-data" format="jsonf")
  property(outname="msg" name="msg" format="jsonf")
}`;

const settings = (over: { folder: string; inputs: string; driver?: string }): string => `
global(workDirectory="${over.folder}" maxMessageSize="64k" ${over.driver ?? ''})
${template}
${over.inputs}
ruleset(name="all") {
  action(type="omfile" file="${over.folder}/out" template="parts" asyncWriting="off")
}`;

describe.skipIf(!has).each(['tcp', 'tls', 'udp'] as const)('rsyslog over %s', (transport) => {
  let folder: string;
  let rsyslog: Program;
  let port: number;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lanner-rsyslog-'));
    port = await freePort();
    const input = `Port="${port}" Address="127.0.0.1" ruleset="all"`;
    const inputs = {
      tcp: `module(load="imtcp")\ninput(type="imtcp" ${input})`,
      udp: `module(load="imudp")\ninput(type="imudp" ${input})`,
      tls: `module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1"
        StreamDriver.AuthMode="anon")\ninput(type="imtcp" ${input})`,
    }[transport];
    const driver = `defaultNetstreamDriverCAFile="${pemPath('ca')}"
      defaultNetstreamDriverCertFile="${pemPath('server')}"
      defaultNetstreamDriverKeyFile="${pemPath('server-key')}"`;
    const file = join(folder, 'rsyslog.conf');
    writeFileSync(file, settings({ folder, inputs, ...(transport === 'tls' ? { driver } : {}) }));
    rsyslog = new Program('rsyslogd', ['-n', '-f', file, '-i', join(folder, 'pid')]);
    await rsyslog.until(() => existsSync(join(folder, 'pid')));
  });

  afterAll(async () => {
    await rsyslog.end();
    rmSync(folder, { recursive: true });
  });

  const lines = (): readonly Record<string, string>[] => {
    const out = join(folder, 'out');
    if (!existsSync(out)) return [];
    return readFileSync(out, 'utf8').split('\n').slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, string>);
  };

  test.each(['cef', 'json'] as const)('reads every part of every message as %s', async (body) => {
    const notices: readonly Notice[] = [
      ...everyNotice(),
      ...fc.sample(hostileAlert, { numRuns: 150, seed: 6 }).map((alert) => alertNotice(alert)),
    ];
    const before = lines().length;
    const sender = createSender({
      output: anOutput({ kind: 'syslog', transport, body, address: `127.0.0.1:${port}`, bytesMax,
        tls: { caFile: pemPath('ca') } }),
      version: '1',
      clock: systemClock,
      env: {},
    });
    const signal = new AbortController().signal;
    // The input may begin to listen a moment after the program says that it is there.
    await rsyslog.until(async () => (await sender.send(notices.slice(0, 1), signal))[0] === undefined);
    await rsyslog.until(() => lines().length > before);
    const first = lines().length;
    for (const notice of notices) await sender.send([notice], signal);
    await rsyslog.until(() => lines().length >= first + notices.length);
    const got = lines().slice(first);
    expect(got).toHaveLength(notices.length);
    notices.forEach((notice, index) => {
      const text = syslogMessage(notice, { ...options, body });
      const sent = readSyslog(Buffer.from(text));
      const line = got[index];
      expect(line).toMatchObject({
        pri: String(sent.facility * 8 + sent.severity),
        host: sent.hostname === '-' ? expect.any(String) : sent.hostname,
        app: 'lanner',
        msgid: notice.kind,
        data: /(\[.*\]) /s.exec(text.slice(0, text.length - sent.message.length))?.[1],
      });
      expect(line?.['msg']?.replace(/^\ufeff/, '')).toBe(sent.message.replace(/^\ufeff/, ''));
    });
    await sender.close();
  });
});
