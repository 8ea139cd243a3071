import type { ReactNode } from 'react';

import type { PolicyAnswer } from '../../../../collector/api/contract/policy.ts';
import type { Containment } from '../../../../collector/respond/response.ts';
import { useAsk } from '../../data/queries.ts';
import { useWords } from '../../words/catalogue.ts';
import { planWords } from '../../words/response-plan.ts';
import { planSteps } from '../responses/plan-steps.ts';
import css from './incident.module.css';

/**
 * The plan of a dry run, which the collector says in English. In another language the steps are
 * those that the policy gives, and only when in English they are the collector's own, word for
 * word; else the English stays: a plan that is readable and wrong is the worse one.
 */
export function PlanText(
  { action, plan }: { readonly action: Containment; readonly plan: readonly string[] },
): ReactNode {
  const words = useWords(planWords);
  const { policy } = useAsk<PolicyAnswer>('/api/v1/policy').data ?? {};
  const steps = policy === undefined ? [] : planSteps({
    action,
    terms: {
      graceSeconds: 0,
      ttlSeconds: 0,
      watchSeconds: policy.watchSeconds,
      evidence: policy.evidence,
      fourEyes: policy.fourEyes.includes(action),
      fallback: [],
      isAutomatic: false,
    },
    reverseAtMs: 0,
  });
  const isSame = steps.length === plan.length &&
    steps.every((step, index) => planWords.en.step(step) === plan[index]);
  return (
    <ol className={css.plan}>
      {isSame
        ? steps.map((step, index) => <li key={index}>{words.step(step)}</li>)
        : plan.map((step) => <li key={step} lang="en">{step}</li>)}
    </ol>
  );
}
