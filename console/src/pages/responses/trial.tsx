import type { ReactNode } from 'react';

import type { Response, ResponseReason } from '../../../../collector/respond/response.ts';
import { useOrder } from '../../data/queries.ts';
import { useRefusal } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { Code } from '../../design/code.tsx';
import { ErrorText, Notice } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { reasonWords } from '../../words/response-reasons.ts';
import { responseWords } from '../../words/responses.ts';
import { RESPONSES } from './queries.ts';
import css from './responses.module.css';

type Tried = {
  readonly outcome: {
    readonly kind: string;
    readonly reason?: ResponseReason;
    readonly detail?: string;
  };
};

/** Asks the guardrails and the cluster, and changes nothing. */
export function Trial({ response }: { readonly response: Response }): ReactNode {
  const words = useWords(responseWords);
  const reasons = useWords(reasonWords);
  const refusal = useRefusal('responder', response.target.namespace);
  const order = useOrder<Tried>(['/api/v1/audit']);
  const outcome = order.data?.outcome;
  const isPassed = outcome?.kind === 'done';
  return (
    <div className={css.trial}>
      <Button
        refusal={refusal}
        disabled={order.isPending}
        onClick={() => order.mutate({
          path: `${RESPONSES}/${encodeURIComponent(response.id)}/dry-run`,
        })}
      >
        {words.tryIt}
      </Button>
      {order.isError && <Notice tone="bad"><ErrorText error={order.error} /></Notice>}
      {outcome !== undefined && (
        <Notice tone={isPassed ? 'good' : 'warn'}>
          {isPassed ? words.triedOk : words.nothingDone}{' '}
          {outcome.reason !== undefined && outcome.reason !== '' && reasons[outcome.reason]}{' '}
          {outcome.detail !== undefined && outcome.detail !== '' && <Code text={outcome.detail} />}
        </Notice>
      )}
    </div>
  );
}
