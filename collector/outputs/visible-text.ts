/**
 * Text from events on its way into a protocol that has lines. What would end a line, act on a
 * terminal or hide itself is written as what it is (`\x1b`, `\u{202e}`); everything else stays. A
 * format that has escapes of its own for line breaks (CEF) takes those out first.
 */
// Cc control, Cf invisible and bidirectional, Zl/Zp line ends, Cs lone surrogates, Co private use.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

export function visibleText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** At most so many UTF-16 units, never half a character. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text.toWellFormed();
  const end = /[\ud800-\udbff]/.test(text.charAt(max - 2)) ? max - 2 : max - 1;
  return `${text.slice(0, Math.max(0, end)).toWellFormed()}…`;
}

/** At most so many bytes of UTF-8, never half a character. */
export function cutBytes(text: string, max: number): string {
  const bytes = Buffer.from(text.toWellFormed());
  if (bytes.length <= max) return bytes.toString();
  let end = max;
  // A byte 10xxxxxx goes on with the character before it.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}
