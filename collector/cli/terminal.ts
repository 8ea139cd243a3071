/**
 * The door to the terminal. Whatever comes from outside (pod names, command lines, reasons) passes
 * `escapeText`: control characters, ESC, C1, line breaks, invisible and bidirectional marks are
 * shown as what they are (`\x1b`, `\u{202e}`) instead of doing what they do.
 */
// Cc control, Cf invisible and bidirectional, Zl/Zp line ends, Cs lone surrogates, Co private use.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;
const NAMED: ReadonlyMap<string, string> = new Map([['\n', '\\n'], ['\r', '\\r'], ['\t', '\\t']]);

export function escapeText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const named = NAMED.get(character);
    if (named !== undefined) return named;
    const code = character.codePointAt(0) ?? 0;
    return code <= 0xff
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u{${code.toString(16)}}`;
  });
}

const MARK = /^\p{M}$/u;
/** Two columns wide. */
const WIDE_RANGES = [
  '\\u1100-\\u115f', // Hangul, first letters
  '\\u2e80-\\u303e\\u3041-\\ua4cf', // radicals, kana, Han, Yi
  '\\uac00-\\ud7a3', // Hangul syllables
  '\\uf900-\\ufaff\\ufe30-\\ufe6f', // compatibility forms
  '\\uff00-\\uff60\\uffe0-\\uffe6', // full-width forms
  '\\u{1f300}-\\u{1faff}', // emoji
  '\\u{20000}-\\u{3fffd}', // further Han
];
const WIDE = new RegExp(`^[${WIDE_RANGES.join('')}]$`, 'u');

function columnsOf(character: string): number {
  if (MARK.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

/** At most `columns` wide; what was cut off is shown by an ellipsis. */
export function truncate(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let width = 0;
  let end = '';
  for (const character of text) {
    if (width + columnsOf(character) > columns - 1) break;
    width += columnsOf(character);
    end += character;
  }
  return columns > 0 ? `${end}…` : '';
}

export const padEnd = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - widthOf(text)));

/** Lines of at most `columns`, broken at spaces where there are any. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((one) => pieces(one, columns))) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(joined) > columns) {
      lines.push(line);
      line = word;
    } else {
      line = joined;
    }
  }
  return [...lines, line];
}

function pieces(word: string, columns: number): readonly string[] {
  if (widthOf(word) <= columns) return [word];
  const parts: string[] = [];
  let part = '';
  for (const character of word) {
    if (widthOf(part) + columnsOf(character) > columns) {
      parts.push(part);
      part = '';
    }
    part += character;
  }
  return [...parts, part];
}

const CODES = {
  critical: '1;97;41',
  high: '31',
  medium: '33',
  low: '36',
  informational: '2',
  dim: '2',
  bold: '1',
} as const;

export type Style = keyof typeof CODES;

export const paint = (text: string, style: Style, colour: boolean): string =>
  colour ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
