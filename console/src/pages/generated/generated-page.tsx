import type { ReactNode } from 'react';

import { PageBody, PageHeader, Panel } from '../../design/page.tsx';
import { EmptyState } from '../../design/states.tsx';
import { useRefusal } from '../../data/session.ts';
import { useWords } from '../../words/catalogue.ts';
import { generatedWords } from '../../words/generated.ts';
import { useSearchState } from '../parts/search-state.ts';
import { ImagePolicy } from './image-policy.tsx';
import { NetworkPolicyAnswer } from './network-policy.tsx';
import { PolicyForm } from './policy-form.tsx';
import { policyFormOf, policyQuestionOf, valuesOf } from './policy-query.ts';

/** What was learned as policies that others enforce. Nothing here changes a cluster. */
export function GeneratedPage(): ReactNode {
  const words = useWords(generatedWords);
  const refusal = useRefusal('analyst');
  const { search, change } = useSearchState();
  const form = policyFormOf(search);
  const question = policyQuestionOf(form);
  return (
    <>
      <PageHeader title={words.title} lead={words.lead} />
      <PageBody>
        {refusal === undefined ? (
          <>
            <PolicyForm key={JSON.stringify(form)} form={form}
              onAsk={(asked) => change({ ...valuesOf(asked), tab: '' })} />
            {question === null &&
              <Panel><EmptyState title={words.asked}>{words.askedHint}</EmptyState></Panel>}
            {question?.of === 'namespace' && <NetworkPolicyAnswer question={question} />}
            {question?.of === 'image' && <ImagePolicy question={question} />}
          </>
        ) : <Panel><EmptyState title={refusal}>{words.role}</EmptyState></Panel>}
      </PageBody>
    </>
  );
}
