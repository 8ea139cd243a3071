import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { anAlert } from '../../testing/alerts.ts';
import { hostileAlert } from '../../testing/hostile-alerts.ts';
import { alertNotice, everyNotice } from '../../testing/notices.ts';
import { readCef } from '../testing/read-cef.ts';
import { readSyslog } from '../testing/read-syslog.ts';
import { visibleText } from '../visible-text.ts';
import { syslogMessage } from './syslog.ts';

const options = {
  facility: 10,
  body: 'cef',
  enterpriseId: '32473',
  version: '1.0',
  bytesMax: 8_192,
} as const;

const read = (text: string) => readSyslog(Buffer.from(text));

describe('syslog', () => {
  test('a strict reader reads every message that an attacker can cause', () => {
    const body = fc.constantFrom('cef', 'json');
    const size = fc.integer({ min: 480, max: 8_192 });
    fc.assert(fc.property(hostileAlert, body, size, (alert, format, bytesMax) => {
      const text = syslogMessage(alertNotice(alert), { ...options, body: format, bytesMax });
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytesMax);
      expect(/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)).toBe(false);
      const { appName, msgId, data, message } = read(text);
      expect({ appName, msgId }).toEqual({ appName: 'lanner', msgId: 'alert' });
      expect([...data.keys()]).toEqual(['lanner@32473']);
      if (format === 'json') JSON.parse(message.replace(/^\ufeff/, ''));
      else expect(message.startsWith('CEF:0|Lanner|')).toBe(true);
    }), { numRuns: 500 });
  });

  test('structured data keeps a value, quotes and brackets and all', () => {
    const namespace = 'a"]\\[x="1"] \n<34>1';
    const { data } = read(syslogMessage(alertNotice(anAlert({ namespace })), options));
    expect(data.get('lanner@32473')?.get('namespace')).toBe(visibleText(namespace));
  });

  test('facility and severity are the priority', () => {
    const text = syslogMessage(alertNotice(anAlert({ severity: 'critical' })), options);
    expect(text.startsWith('<82>1 2026-03-01T10:00:00.000000Z node-1 lanner - alert [')).toBe(true);
  });

  test('JSON that does not fit names how many fields it left out and stays JSON', () => {
    const alert = anAlert({ reason: { en: 'x'.repeat(5_000), zh: '' } });
    const text = syslogMessage(alertNotice(alert), { ...options, body: 'json', bytesMax: 2_048 });
    const fields = JSON.parse(read(text).message.slice(1)) as Record<string, unknown>;
    expect(fields).toMatchObject({ uuid: 'alert-1:1', pod: alert.pod, omitted: 1 });
  });

  test('every kind of record has a message, with CEF that a strict reader takes', () => {
    for (const notice of everyNotice()) {
      const { message, msgId } = read(syslogMessage(notice, options));
      expect(msgId).toBe(notice.kind);
      expect(readCef(message).extensions.get('externalId')).toBe(notice.uuid);
    }
  });
});
