import type { ReactNode } from 'react';

import { SelectField, TextField } from '../../design/field.tsx';
import { useWords } from '../../words/catalogue.ts';
import { auditWords } from '../../words/audit.ts';
import type { SearchState } from '../parts/search-state.ts';
import { Toolbar } from '../parts/toolbar.tsx';
import { auditFamilies } from './audit-query.ts';

/** Each filter is in the address. */
export function AuditFilters(
  { search, change }: Pick<SearchState, 'search' | 'change'>,
): ReactNode {
  const words = useWords(auditWords);
  const text = (key: 'actor' | 'subject', label: string): ReactNode => (
    <TextField
      key={key}
      label={label}
      type="search"
      maxLength={200}
      value={search.get(key) ?? ''}
      onChange={(value) => change({ [key]: value })}
    />
  );
  const day = (key: 'from' | 'to', label: string): ReactNode => (
    <TextField
      key={key}
      label={label}
      type="date"
      value={search.get(key) ?? ''}
      onChange={(value) => change({ [key]: value })}
    />
  );
  return (
    <Toolbar>
      {text('actor', words.findActor)}
      <SelectField
        label={words.findAction}
        value={search.get('action') ?? ''}
        onChange={(action) => change({ action })}
        options={[
          { value: '', label: words.everything },
          ...auditFamilies.map((value) => ({ value, label: words.families[value] })),
        ]}
      />
      {text('subject', words.findSubject)}
      {day('from', words.from)}
      {day('to', words.to)}
    </Toolbar>
  );
}
