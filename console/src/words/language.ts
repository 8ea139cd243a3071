import { createContext, useContext } from 'react';

/** Two languages, every text in both; the first users' SOCs read Simplified Chinese. */
export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

export const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' };

export const languageNames: Readonly<Record<Language, string>> = { en: 'English', zh: '简体中文' };

/** Of the languages that a browser asks for, in its order, the first that is there. */
export function languageOf(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = languages.find((language) => tag.toLowerCase().split('-')[0] === language);
    if (found !== undefined) return found;
  }
  return 'en';
}

export const LanguageContext = createContext<Language>('en');
export const useLanguage = (): Language => useContext(LanguageContext);
