/**
 * Writes plain values as block YAML. Own code for the reason `profiles/review-yaml.ts` gives: same
 * value, same bytes, and nothing in it acts on a terminal or hides from a reviewer. Every text that
 * is not plainly a word is in double quotes, with JSON's escapes, which YAML shares.
 */
export type Value =
  | string
  | number
  | boolean
  | null
  | readonly Value[]
  | { readonly [key: string]: Value };

const PLAIN = /^[A-Za-z/][A-Za-z0-9_/.-]*$/;
/** YAML 1.1 readers take these for something else than text. */
const WORDS = /^(?:true|false|yes|no|on|off|y|n|null)$/i;
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

export function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

const scalar = (value: string | number | boolean | null): string => {
  if (typeof value !== 'string') return String(value);
  return PLAIN.test(value) && !WORDS.test(value) ? value : quoted(value);
};

const isScalar = (value: Value): value is string | number | boolean | null =>
  value === null || typeof value !== 'object';

const isEmpty = (value: Value): boolean =>
  !isScalar(value) && (Array.isArray(value) ? value.length : Object.keys(value).length) === 0;

export function yamlText(value: Value): string {
  if (isScalar(value) || isEmpty(value)) return `${inline(value)}\n`;
  return `${block(value, '').join('\n')}\n`;
}

/** Several documents in one file. */
export const yamlDocuments = (values: readonly Value[]): string =>
  values.map(yamlText).join('---\n');

/** A comment is one line whatever is in it. */
export const yamlComment = (lines: readonly string[]): string =>
  lines.map((line) => `# ${quoted(line).slice(1, -1).replaceAll('\\"', '"')}\n`).join('');

const inline = (value: Value): string => {
  if (isScalar(value)) return scalar(value);
  return Array.isArray(value) ? '[]' : '{}';
};

function block(value: Value, indent: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item: Value) => blockItem(item, indent));
  return Object.entries(value as Readonly<Record<string, Value>>).flatMap(([key, item]) => {
    const name = `${indent}${scalar(key)}:`;
    if (isScalar(item) || isEmpty(item)) return [`${name} ${inline(item)}`];
    return [name, ...block(item, `${indent}  `)];
  });
}

function blockItem(item: Value, indent: string): readonly string[] {
  if (isScalar(item) || isEmpty(item)) return [`${indent}- ${inline(item)}`];
  const [first = '', ...rest] = block(item, `${indent}  `);
  return [`${indent}- ${first.slice(indent.length + 2)}`, ...rest];
}

/** JSON with the same care: what hides or acts is escaped. */
export const jsonArtefact = (value: Value): string =>
  `${JSON.stringify(value, null, 2).replace(/[^\n -~]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) =>
      `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''))}\n`;
