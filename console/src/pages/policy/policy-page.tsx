import type { ReactNode } from 'react';

import type { PolicyAnswer } from '../../../../collector/api/contract/policy.ts';
import type { Policy } from '../../../../collector/policy/policy.ts';
import { useAsk } from '../../data/queries.ts';
import { Name } from '../../design/code.tsx';
import { Facts, PageBody, PageHeader, Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { actionWords } from '../../words/domain.ts';
import { partsWords } from '../../words/parts.ts';
import { policyWords } from '../../words/policy.ts';
import { useLasting } from '../parts/lasting-text.ts';
import { PolicyChanges } from './policy-changes.tsx';
import { RuleCard } from './rule-card.tsx';
import css from './policy.module.css';

/** The policy in force, in words. It is a file that the operator keeps; here it is only read. */
const EVERY_MS = 10_000;

export function PolicyPage(): ReactNode {
  const words = useWords(policyWords);
  const asked = useAsk<PolicyAnswer>('/api/v1/policy', {}, { everyMs: EVERY_MS });
  return (
    <>
      <PageHeader
        title={words.title}
        lead={words.lead}
        actions={asked.data !== undefined &&
          <span>{words.revision} <Name text={asked.data.hash} className={css.mono} /></span>}
      />
      <PageBody>
        {asked.isPending && <Loading />}
        {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
        <PolicyChanges hash={asked.data?.hash ?? ''} part="problem" />
        {asked.data !== undefined && <Sections policy={asked.data.policy} />}
        <PolicyChanges hash={asked.data?.hash ?? ''} part="list" />
      </PageBody>
    </>
  );
}

function Sections({ policy }: { readonly policy: Policy }): ReactNode {
  const words = useWords(policyWords);
  const lasting = useLasting();
  return (
    <>
      <p className={css.lead}>{words.source}</p>
      <Panel title={words.rules}>
        <p className={css.lead}>{words.rulesLead}</p>
        {policy.rules.length === 0 && <EmptyState title={words.noRules} />}
        <ol className={css.rules}>
          {policy.rules.map((rule) => <li key={rule.name}><RuleCard rule={rule} /></li>)}
        </ol>
      </Panel>
      <Panel title={words.guardrails}>
        <p className={css.lead}>{words.guardrailsLead}</p>
        <Guardrails policy={policy} />
      </Panel>
      <Panel title={words.limits}>
        <p className={css.lead}>{words.limitsLead(lasting(policy.limits.windowSeconds))}</p>
        <Facts
          items={[
            [words.perWorkload, policy.limits.perWorkload],
            [words.perNamespace, policy.limits.perNamespace],
            [words.perNode, policy.limits.perNode],
            [words.perCluster, policy.limits.perCluster],
          ]}
        />
      </Panel>
    </>
  );
}

function Guardrails({ policy }: { readonly policy: Policy }): ReactNode {
  const words = useWords(policyWords);
  const parts = useWords(partsWords);
  const actions = useWords(actionWords);
  const lasting = useLasting();
  const names = (list: readonly string[]): ReactNode => (list.length === 0 ? parts.none : (
    <ul>{[...new Set(list)].map((name) => <li key={name}><Name text={name} /></li>)}</ul>
  ));
  const allowed = [
    ...policy.scaleToZero ? [actions['scale-to-zero']] : [],
    ...policy.cordon ? [actions.cordon] : [],
  ];
  return (
    <Facts
      items={[
        [words.protectedNamespaces, names(policy.protectedNamespaces)],
        [words.protectedLabels, names(policy.protectedLabels)],
        [words.protectedKinds, names(policy.protectedKinds)],
        [words.minHealthy, words.minHealthyText(policy.minHealthyPercent)],
        [words.killLoop,
          words.killLoopText(policy.killLoop.kills, lasting(policy.killLoop.windowSeconds))],
        [words.fourEyesActions, policy.fourEyes.length === 0
          ? parts.none
          : policy.fourEyes.map((action) => actions[action]).join(' · ')],
        [words.approval, lasting(policy.approvalSeconds)],
        [words.evidenceTitle, words.evidence[policy.evidence]],
        [words.watchTitle, lasting(policy.watchSeconds)],
        [words.allowed, allowed.length === 0 ? parts.none : allowed.join(' · ')],
        [words.forensics, policy.forensicsNamespace === ''
          ? parts.none
          : <Name key="forensics" text={policy.forensicsNamespace} />],
      ]}
    />
  );
}
