/** A command line of an attacker's must not steer the terminal or the editor it is shown in. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, (character) =>
    `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
