import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { anAlert } from '../testing/alerts.ts';
import { formatAlertLine } from './format-alert.ts';
import { jsonText } from '../json-text.ts';
import { formatTable } from './table.ts';
import { escapeText, truncate, widthOf, wrap } from './terminal.ts';

const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
/** Any text at all, rich in what terminals act on. */
const hostile = fc.array(fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\u001b[2J', '\u009b31m', '\u202e', '\n', '\r', '\u0007', '\u2066', '\ud800',
    '\u001b]0;title\u0007', '\u2028', '\u{e0041}', '字', '🦅', 'e\u0301'),
), { maxLength: 8 }).map((parts) => parts.join(''));

describe('escapeText', () => {
  test('leaves nothing that a terminal acts on, whatever the text', () => {
    fc.assert(fc.property(hostile, (text) => {
      expect(escapeText(text)).not.toMatch(CONTROL);
    }));
  });

  test('shows what was there and leaves harmless text alone', () => {
    expect(escapeText('rm -rf /\u001b[2J\n\u202egnp.exe\u009b'))
      .toBe('rm -rf /\\x1b[2J\\n\\u{202e}gnp.exe\\x9b');
    const harmless = 'gunicorn 启动了 /bin/bash “é” 🦅';
    expect(escapeText(harmless)).toBe(harmless);
  });
});

describe('formatAlertLine', () => {
  const alert = anAlert({
    pod: 'api-5d4c7b9f6-x2k8p',
    severity: 'critical',
    count: 3,
    lastTime: '2026-03-01T10:02:03.000000000Z',
    reason: {
      en: '/bin/bash started by gunicorn in shop/api: never seen in 41,200 observations from ' +
        '4 pods; parent normally starts find, gzip, df',
      zh: 'gunicorn 启动了 /bin/bash',
    },
  });

  test('is one line in a pipe, with nothing cut off', () => {
    expect(formatAlertLine(alert, { colour: false })).toBe(
      '10:02:03 CRITICAL shop/api-5d4c7b9f6-x2k8p       /bin/bash started by gunicorn in shop/api:' +
        ' never seen in 41,200 observations from 4 pods; parent normally starts find, gzip, df ×3',
    );
  });

  test('wraps under itself at 100 columns', () => {
    expect(formatAlertLine(alert, { colour: false, width: 100, wrap: true }).split('\n')).toEqual([
      '10:02:03 CRITICAL shop/api-5d4c7b9f6-x2k8p  /bin/bash started by gunicorn in shop/api: never ' +
        'seen in',
      '                  41,200 observations from 4 pods; parent normally starts find, gzip, df ×3',
    ]);
    expect(formatAlertLine(alert, { colour: false, width: 100, language: 'zh' }))
      .toBe('10:02:03 CRITICAL shop/api-5d4c7b9f6-x2k8p       gunicorn 启动了 /bin/bash ×3');
  });

  test('never holds a control character of the alert, nor a line wider than the terminal', () => {
    fc.assert(fc.property(
      hostile,
      hostile,
      fc.integer({ min: 60, max: 160 }),
      fc.boolean(),
      (text, time, width, wraps) => {
        const line = formatAlertLine(
          anAlert({
            pod: text,
            namespace: text,
            reason: { en: text, zh: text },
            lastTime: time,
          }),
          { colour: false, width, wrap: wraps },
        );
        for (const one of line.split('\n')) {
          expect(one).not.toMatch(CONTROL);
          expect(widthOf(one)).toBeLessThanOrEqual(width);
        }
        expect(line.split('\n').length === 1 || wraps).toBe(true);
      },
    ));
  });

  test('colours the severity only where it may', () => {
    expect(formatAlertLine(alert, { colour: true })).toContain('\u001b[1;97;41mCRITICAL\u001b[0m');
    expect(formatAlertLine(alert, { colour: false })).not.toContain('\u001b');
  });

  test('names the container or the host where there is no pod', () => {
    const line = (over: Parameters<typeof anAlert>[0]): string =>
      formatAlertLine(anAlert({ pod: '', namespace: '', ...over }), { colour: false });
    expect(line({})).toContain(' web@node-1 ');
    expect(line({ containerName: '', image: { repository: '', tag: '', digest: '' } }))
      .toContain(' host@node-1 ');
  });
});

test('text is cut and wrapped by columns, not by characters', () => {
  expect(widthOf('a字e\u0301')).toBe(4);
  expect(truncate('字字字字', 5)).toBe('字字…');
  expect(wrap('字字字字字 ab', 4)).toEqual(['字字', '字字', '字', 'ab']);
});

test('a table escapes its cells', () => {
  expect(formatTable([{ a: 'x\u001b[2J' }], [{ title: 'a', cell: ({ a }) => a }], 80))
    .toBe('A\nx\\x1b[2J\n');
});

test('JSON lines are valid JSON that no terminal acts on', () => {
  fc.assert(fc.property(hostile, (text) => {
    const line = jsonText({ text });
    expect(line).not.toMatch(CONTROL);
    expect(JSON.parse(line)).toEqual({ text });
  }));
});
