/**
 * Takes apart what Node says of a certificate's alternative names: `DNS:a, URI:b, DNS:"c, d"`. A
 * value that could be taken for several is written as a JSON string, so a name may hold
 * `, URI:spiffe://…` and is still one name (CVE-2021-44532 was a reader that did not know).
 */
export type AltName = { readonly type: string; readonly value: string };

const NAME = /(?<type>[A-Za-z][A-Za-z0-9 ]*):(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^",]*))/y;
const SEPARATOR = ', ';

/** Undefined when the text is not of that form: then nothing in it is believed. */
export function parseAltNames(text: string): readonly AltName[] | undefined {
  const names: AltName[] = [];
  for (let at = 0; at < text.length;) {
    if (at > 0) {
      if (!text.startsWith(SEPARATOR, at)) return undefined;
      at += SEPARATOR.length;
    }
    NAME.lastIndex = at;
    const groups = NAME.exec(text)?.groups;
    if (groups === undefined) return undefined;
    at = NAME.lastIndex;
    const { type = '', quoted, plain } = groups;
    const value = quoted === undefined ? plain : unquoted(quoted);
    if (value === undefined) return undefined;
    names.push({ type, value });
  }
  return names;
}

function unquoted(text: string): string | undefined {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
