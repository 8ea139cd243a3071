import { LOCALES, useLanguage } from './language.ts';
import type { Language } from './language.ts';

/**
 * A catalogue holds the texts of one part of the console in both languages; the compiler refuses
 * one that lacks a text or has one too many. A text with something in it is a function.
 */
type Text = string | ((...values: never[]) => string);
type Texts = { readonly [key: string]: Text | Texts };

type Loose<T> = {
  readonly [K in keyof T]: T[K] extends string ? string
    : T[K] extends (...values: never[]) => string ? T[K]
      : Loose<T[K]>;
};

export type Catalogue<T> = Readonly<Record<Language, Loose<T>>>;

export const catalogue = <T extends Texts>(
  words: { readonly en: T; readonly zh: NoInfer<Loose<T>> },
): Catalogue<T> => words as Catalogue<T>;

export const useWords = <T>(words: Catalogue<T>): Loose<T> => words[useLanguage()];

const ENGLISH = new Intl.PluralRules(LOCALES.en);

/** `counted(3, 'alert', 'alerts')` is `3 alerts`; Chinese has one form and needs no rule. */
export const counted = (n: number, one: string, other: string): string =>
  `${n.toLocaleString(LOCALES.en)} ${ENGLISH.select(n) === 'one' ? one : other}`;
