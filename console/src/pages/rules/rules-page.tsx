import type { ReactNode } from 'react';

import { PageBody, PageHeader } from '../../design/page.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { useWords } from '../../words/catalogue.ts';
import { rulesWords } from '../../words/rules.ts';
import { useSearchState } from '../parts/search-state.ts';
import { Budget } from './budget.tsx';
import { Suppressions } from './suppressions.tsx';
import { Windows } from './windows.tsx';
import css from './rules.module.css';

/** What keeps the alerts few: rules, windows, and the budget that says whether they are. */
const tabs = ['suppressions', 'windows', 'budget'] as const;

export function RulesPage(): ReactNode {
  const words = useWords(rulesWords);
  const { search, change } = useSearchState();
  const selected = tabs.find((tab) => tab === search.get('tab')) ?? 'suppressions';
  const content = { suppressions: <Suppressions />, windows: <Windows />, budget: <Budget /> };
  return (
    <>
      <PageHeader title={words.title} lead={words.lead} />
      <PageBody>
        <Tabs
          label={words.tabsLabel}
          selected={selected}
          onSelect={(tab) => change({ tab: tab === 'suppressions' ? '' : tab })}
          tabs={tabs.map((key) => ({
            key,
            label: words.tabs[key],
            content: <div className={css.stack}>{content[key]}</div>,
          }))}
        />
      </PageBody>
    </>
  );
}
