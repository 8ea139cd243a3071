import type { ReactNode } from 'react';

import { themes } from '../data/preferences.ts';
import { SelectField } from '../design/field.tsx';
import { useWords } from '../words/catalogue.ts';
import { languageNames, languages } from '../words/language.ts';
import { shellWords } from '../words/shell.ts';
import { usePreferences } from './preferences-context.ts';
import css from './shell.module.css';

export function PreferenceFields(): ReactNode {
  const words = useWords(shellWords);
  const { preferences, change } = usePreferences();
  return (
    <div className={css.preferences}>
      <SelectField
        label={words.language}
        isLabelHidden
        value={preferences.language}
        options={languages.map((value) => ({ value, label: languageNames[value] }))}
        onChange={(chosen) => {
          const language = languages.find((one) => one === chosen);
          if (language !== undefined) change({ language });
        }}
      />
      <SelectField
        label={words.theme}
        isLabelHidden
        value={preferences.theme}
        options={themes.map((value) => ({ value, label: words.themes[value] }))}
        onChange={(chosen) => {
          const theme = themes.find((one) => one === chosen);
          if (theme !== undefined) change({ theme });
        }}
      />
    </div>
  );
}
