import type { ReactNode } from 'react';

import type { Response } from '../../../../collector/respond/response.ts';
import { useWords } from '../../words/catalogue.ts';
import { planWords } from '../../words/response-plan.ts';
import { planSteps } from './plan-steps.ts';
import css from './responses.module.css';

/** What will be touched, in order. */
export function PlanList({ response }: { readonly response: Response }): ReactNode {
  const words = useWords(planWords);
  return (
    <ol className={css.plan}>
      {planSteps(response).map((step, index) => <li key={index}>{words.step(step)}</li>)}
    </ol>
  );
}
