import { useState } from 'react';
import type { ReactNode, Ref } from 'react';

import { alertKinds, severities } from '../../../../baseline/alert.ts';
import { Button } from '../../design/button.tsx';
import { SelectField, TextField } from '../../design/field.tsx';
import { useWords } from '../../words/catalogue.ts';
import { alertKindWords, severityWords } from '../../words/domain.ts';
import { liveWords } from '../../words/live.ts';
import { NO_FILTERS, handlings, isFiltered } from './filters.ts';
import type { Filters } from './filters.ts';
import css from './live.module.css';

const SEVERITY_OPTIONS = severities.toReversed().slice(0, -1);

export function FilterBar(
  { filters, onChange, searchRef }: {
    readonly filters: Filters;
    readonly onChange: (filters: Filters) => void;
    readonly searchRef: Ref<HTMLDivElement>;
  },
): ReactNode {
  const words = useWords(liveWords);
  const names = useWords(severityWords);
  const kinds = useWords(alertKindWords);
  const [isOpen, setOpen] = useState(false);
  const set = (over: Partial<Record<keyof Filters, string>>): void =>
    onChange({ ...filters, ...over } as Filters);
  return (
    <search className={css.filters} aria-label={words.filters}>
      <div ref={searchRef} className={css.search}>
        <TextField
          label={words.text}
          isLabelHidden
          type="search"
          placeholder={`${words.textHint}  ( / )`}
          value={filters.q}
          onChange={(q) => set({ q })}
        />
      </div>
      <SelectField
        label={words.severity}
        isLabelHidden
        value={filters.severity}
        options={[
          { value: '', label: words.anySeverity },
          ...SEVERITY_OPTIONS.map((value) => ({
            value,
            label: value === 'critical' ? names[value] : words.atLeast(names[value]),
          })),
        ]}
        onChange={(severity) => set({ severity })}
      />
      <div className={css.toggle}>
        <Button aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{words.moreFilters}</Button>
      </div>
      <div className={`${css.more} ${isOpen ? css.open : ''}`}>
        <SelectField
          label={words.kind}
          isLabelHidden
          value={filters.kind}
          options={[
            { value: '', label: words.anyKind },
            ...alertKinds.map((value) => ({ value, label: kinds[value] })),
          ]}
          onChange={(kind) => set({ kind })}
        />
        <SelectField
          label={words.handling}
          isLabelHidden
          value={filters.handling}
          options={handlings.map((value) => ({ value, label: words.handlings[value] }))}
          onChange={(handling) => set({ handling })}
        />
        {(['namespace', 'image', 'technique'] as const).map((name) => (
          <TextField
            key={name}
            label={words[name]}
            isLabelHidden
            placeholder={name === 'technique' ? 'T1059.004' : words[name]}
            value={filters[name]}
            onChange={(value) => set({ [name]: value })}
          />
        ))}
      </div>
      {isFiltered(filters) && (
        <Button look="quiet" icon="close" onClick={() => onChange(NO_FILTERS)}>
          {words.clear}
        </Button>
      )}
    </search>
  );
}
