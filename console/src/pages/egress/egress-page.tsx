import type { ReactNode } from 'react';

import { PageBody, PageHeader } from '../../design/page.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { useWords } from '../../words/catalogue.ts';
import { egressWords } from '../../words/egress.ts';
import { useSearchState } from '../parts/search-state.ts';
import { DestinationsTab } from './destinations-tab.tsx';
import { FlowsTab } from './flows-tab.tsx';
import { PlaintextTab } from './plaintext-tab.tsx';
import { WhoTab } from './who-tab.tsx';
import css from './egress.module.css';

/** Who talked to whom: who was behind an address, what applications reach, and how. */
const tabs = ['who', 'destinations', 'flows', 'plaintext'] as const;

export function EgressPage(): ReactNode {
  const words = useWords(egressWords);
  const { search, change } = useSearchState();
  const selected = tabs.find((tab) => tab === search.get('tab')) ?? 'who';
  const content = {
    who: <WhoTab />,
    destinations: <DestinationsTab />,
    flows: <FlowsTab />,
    plaintext: <PlaintextTab />,
  };
  return (
    <>
      <PageHeader title={words.title} lead={words.lead} />
      <PageBody>
        <Tabs
          label={words.tabsLabel}
          selected={selected}
          onSelect={(tab) => change({ tab: tab === 'who' ? '' : tab })}
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
