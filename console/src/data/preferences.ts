import { languageOf, languages } from '../words/language.ts';
import type { Language } from '../words/language.ts';

/** What one person chose on one machine. Nothing about anybody leaves the browser. */
export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

export type Preferences = { readonly language: Language; readonly theme: Theme };

const KEY = 'lanner.preferences';

export function readPreferences(
  storage: Pick<Storage, 'getItem'>,
  wanted: readonly string[],
): Preferences {
  const stored = parse(storage.getItem(KEY));
  return {
    language: languages.find((language) => language === stored['language']) ?? languageOf(wanted),
    theme: themes.find((theme) => theme === stored['theme']) ?? 'system',
  };
}

export const keepPreferences = (
  storage: Pick<Storage, 'setItem'>,
  preferences: Preferences,
): void => storage.setItem(KEY, JSON.stringify(preferences));

function parse(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    // Another program's, or an older one's: the defaults are as good.
    return {};
  }
}
