/**
 * JSON keeps text as it is, except what a terminal would act on: people read the API with curl.
 * It stays the same document.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (character) =>
    character.split('').map((unit) =>
      `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''));
}

/** As in `cli/terminal.ts`. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;
