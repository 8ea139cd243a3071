import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { counted } from './catalogue.ts';
import { languageOf } from './language.ts';
import { techniqueName } from './techniques.ts';

test('the plural is the language’s', () => {
  expect([0, 1, 2, 21, 1_000].map((n) => counted(n, 'alert', 'alerts')))
    .toEqual(['0 alerts', '1 alert', '2 alerts', '21 alerts', '1,000 alerts']);
});

test('the first language that the browser wants and that is there', () => {
  expect(languageOf(['fr-FR', 'zh-Hant-TW', 'en'])).toBe('zh');
  expect(languageOf(['de'])).toBe('en');
});

/** Whether two catalogues have the same keys the compiler says; not whether one was translated. */
test('every text is translated: Chinese is not English with another key', async () => {
  const same: string[] = [];
  const look = (en: unknown, zh: unknown, path: string): void => {
    if (typeof en === 'object' && en !== null) {
      for (const [key, value] of Object.entries(en)) {
        look(value, (zh as Record<string, unknown>)[key], `${path}.${key}`);
      }
    } else if (typeof en === 'string' && en === zh && /[a-z]{3}.* [a-z]{3}/.test(en)) {
      same.push(path);
    }
  };
  for (const file of readdirSync(import.meta.dirname)) {
    if (!/^[a-z-]+\.ts$/.test(file) || file.endsWith('.test.ts')) continue;
    const module = await import(/* @vite-ignore */ join(import.meta.dirname, file)) as Record<string, unknown>;
    for (const [name, words] of Object.entries(module)) {
      if (typeof words !== 'object' || words === null || !('en' in words && 'zh' in words)) continue;
      look(words.en, words.zh, `${file} ${name}`);
    }
  }
  expect(same).toEqual([]);
});

test('every technique that Lanner names has a name in both languages', () => {
  const root = join(import.meta.dirname, '..', '..', '..', 'baseline');
  const missing = new Set<string>();
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    for (const [id] of readFileSync(join(root, file), 'utf8').matchAll(/\bT1\d{3}(\.\d{3})?\b/g)) {
      if (techniqueName(id, 'en') === '' || techniqueName(id, 'zh') === '') missing.add(id);
    }
  }
  expect([...missing]).toEqual([]);
});
