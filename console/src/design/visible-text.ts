/**
 * The door to the screen. React makes no markup out of text, but a text can still lie: a bidi
 * control turns `gpj.exe` around, a zero-width space hides in a name, a line break makes a second
 * line that nobody wrote. What does not show by itself is shown as an escape, in a style of its
 * own, so that `\u{202e}` as the attacker's six letters looks different from the character.
 */
export type TextPart = { readonly text: string; readonly isEscape: boolean };

/**
 * Control, format (bidi among them), line ends, surrogates, private use, unassigned; whatever the
 * standard wants ignored (fillers, variation selectors); spaces that are not the space; the blank
 * Braille cell; and marks piled up, which paint over neighbouring lines.
 */
const UNSEEN = new RegExp(
  '[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}\\p{Co}\\p{Cn}\\p{Default_Ignorable_Code_Point}\\u2800]' +
    '|(?! )\\p{Zs}|(?<=\\p{M}{2})\\p{M}',
  'gu',
);

const NAMED: ReadonlyMap<string, string> = new Map([['\n', '\\n'], ['\r', '\\r'], ['\t', '\\t']]);

function escapeOf(character: string): string {
  const named = NAMED.get(character);
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  return code <= 0xff
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u{${code.toString(16)}}`;
}

export function visibleParts(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(UNSEEN)) {
    if (match.index > end) parts.push({ text: text.slice(end, match.index), isEscape: false });
    const escape = escapeOf(match[0]);
    const last = parts.at(-1);
    // A run of them is one piece: ten thousand elements would be the attack.
    if (last?.isEscape === true && match.index === end) {
      parts[parts.length - 1] = { text: last.text + escape, isEscape: true };
    } else {
      parts.push({ text: escape, isEscape: true });
    }
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isEscape: false });
  return parts;
}

export type Shown = { readonly parts: readonly TextPart[]; readonly isCut: boolean };

/**
 * At most so many characters on the screen: one that does not show by itself takes eight, so that
 * a short text could fill a page.
 */
export function shownParts(text: string, charactersMax: number): Shown {
  const parts: TextPart[] = [];
  let left = charactersMax;
  for (const part of visibleParts(cut(text, charactersMax))) {
    if (part.text.length > left) {
      const end = part.isEscape ? part.text.lastIndexOf('\\', left) : left;
      parts.push({ ...part, text: cut(part.text, Math.max(0, end)) });
      return { parts, isCut: true };
    }
    parts.push(part);
    left -= part.text.length;
  }
  return { parts, isCut: text.length > charactersMax };
}

/** The same as one string: for titles, names for screen readers and files. */
export const visibleText = (text: string): string =>
  text.replace(UNSEEN, escapeOf);

/** At most so many characters, never half a surrogate pair. */
export function cut(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const isSplit = /[\ud800-\udbff]/.test(text.charAt(charactersMax - 1));
  return text.slice(0, isSplit ? charactersMax - 1 : charactersMax);
}
