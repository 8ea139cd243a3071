import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { anAlert } from '../../testing/alerts.ts';
import { hostileAlert, hostileText } from '../../testing/hostile-alerts.ts';
import { alertNotice, everyNotice } from '../../testing/notices.ts';
import { visibleText } from '../visible-text.ts';
import { cefText, extensionText } from './cef.ts';
import { readCef } from '../testing/read-cef.ts';

const options = { version: '1.0', bytesMax: 8_192 };

describe('CEF', () => {
  test('what a strict reader reads of a value is what went in, line breaks and all', () => {
    fc.assert(fc.property(hostileText, hostileText, (one, two) => {
      const text = `CEF:0|a|b|c|d|e|5|msg=${extensionText(one)} cs1=${extensionText(two)}`;
      const { extensions } = readCef(text);
      const seen = (value: string): string =>
        value.split(/([\r\n])/).map((part) => (/[\r\n]/.test(part) ? part : visibleText(part)))
          .join('');
      expect(extensions).toEqual(new Map([['msg', seen(one)], ['cs1', seen(two)]]));
    }), { numRuns: 500 });
  });

  test('no alert can end its line, add a field or leave its head', () => {
    fc.assert(fc.property(hostileAlert, (alert) => {
      const text = cefText(alertNotice(alert), options);
      expect(/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)).toBe(false);
      const { head, extensions } = readCef(text);
      expect(head.slice(0, 3)).toEqual(['CEF:0', 'Lanner', 'Lanner']);
      expect(head).toHaveLength(7);
      expect([...extensions.keys()].filter((key) => !KEYS.has(key))).toEqual([]);
      expect(extensions.get('externalId')).toBe(`${alert.id}:${alert.revision}`);
    }), { numRuns: 300 });
  });

  test('what does not fit is left out whole, a value and its label together', () => {
    fc.assert(fc.property(hostileAlert, fc.integer({ min: 300, max: 2_000 }), (alert, bytesMax) => {
      const text = cefText(alertNotice(alert), { version: '1', bytesMax });
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytesMax);
      const { extensions } = readCef(text);
      for (const key of extensions.keys()) {
        if (key.endsWith('Label')) expect(extensions.has(key.slice(0, -5))).toBe(true);
      }
    }), { numRuns: 200 });
  });

  test('says where and what in the fields that a SIEM knows', () => {
    const { head, extensions } = readCef(cefText(alertNotice(anAlert(), 'incident-7'), options));
    expect(head).toEqual(
      ['CEF:0', 'Lanner', 'Lanner', '1.0', 'anomaly.exec', 'Lanner anomaly: exec', '8']);
    expect(Object.fromEntries(extensions)).toMatchObject({
      cs1: 'shop', cs1Label: 'namespace', cs5: 'incident-7', dproc: 'bash', dvchost: 'node-1',
      rt: '1772359200000',
    });
  });

  test('has a form for every kind of record', () => {
    for (const notice of everyNotice()) {
      expect(readCef(cefText(notice, options)).extensions.get('cat')).toBe(notice.kind);
    }
  });
});

const KEYS = new Set([
  'externalId', 'rt', 'cat', 'dvchost', 'cs1', 'cs2', 'cs3', 'cs4', 'cs5', 'cs6', 'cn1', 'cnt',
  'start', 'end', 'msg', 'deviceExternalId', 'dproc', 'dpid', 'duid', 'filePath', 'dst', 'c6a3',
  'dpt', 'proto', 'flexString1',
].flatMap((key) => [key, `${key}Label`]));
