import { useContext, useState } from 'react';
import type { ReactNode } from 'react';

import type { Response } from '../../../../collector/respond/response.ts';
import { useOrder } from '../../data/queries.ts';
import { useRefusal } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { NowContext } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { actionWords } from '../../words/domain.ts';
import { planWords } from '../../words/response-plan.ts';
import { responseWords } from '../../words/responses.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import { actionFacts } from './plan-steps.ts';
import { PlanList } from './plan-list.tsx';
import { RESPONSES, TOUCHED, useApprover, useControl } from './queries.ts';
import { approvalBar, approvalsMissing, hasWayBack } from './standing.ts';
import css from './responses.module.css';

/** What can be done with it where it stands: approve and reject, or take it back. */
export function ResponseActions({ response }: { readonly response: Response }): ReactNode {
  if (response.state === 'proposed') return <ApprovalButtons response={response} />;
  return hasWayBack(response) ? <UndoButton response={response} /> : null;
}

function ApprovalButtons({ response }: { readonly response: Response }): ReactNode {
  const words = useWords(responseWords);
  const actions = useWords(actionWords);
  const now = useContext(NowContext);
  const control = useControl();
  const approver = useApprover(response);
  const [asked, ask] = useState<'approve' | 'reject' | null>(null);
  const { kind } = approvalBar(response, approver,
    { isPaused: control.data?.isPaused ?? false, nowMs: now });
  const pod = visibleText(response.target.pod);
  const name = { approve: words.approve(actions[response.action], pod),
    reject: words.reject(actions[response.action], pod) };
  return (
    <span className={css.buttons}>
      <Button
        look="main"
        size="small"
        refusal={words.bars[kind]}
        aria-label={name.approve}
        onClick={() => ask('approve')}
      >
        {words.approveShort}
      </Button>
      <Button
        size="small"
        refusal={approver.isAllowed ? undefined : words.bars.role}
        aria-label={name.reject}
        onClick={() => ask('reject')}
      >
        {words.rejectShort}
      </Button>
      {kind !== 'none' && <span className={css.bar} aria-hidden="true">{words.bars[kind]}</span>}
      {asked !== null && (
        <VerdictDialog
          response={response}
          verb={asked}
          title={name[asked]}
          onClose={() => ask(null)}
        />
      )}
    </span>
  );
}

function VerdictDialog(
  { response, verb, title, onClose }: {
    readonly response: Response;
    readonly verb: 'approve' | 'reject';
    readonly title: string;
    readonly onClose: () => void;
  },
): ReactNode {
  const words = useWords(responseWords);
  const order = useOrder(TOUCHED);
  const isApproval = verb === 'approve';
  const lead = approvalsMissing(response) > 1 ? words.approveLeadMore : words.approveLead;
  return (
    <DecideDialog
      title={title}
      lead={isApproval ? lead : words.rejectLead}
      confirm={title}
      look={isApproval && actionFacts[response.action].isDestructive ? 'danger' : 'main'}
      asksWhy={false}
      onClose={onClose}
      onDecide={() => order.mutateAsync({
        path: `${RESPONSES}/${encodeURIComponent(response.id)}/${verb}`,
      })}
    >
      {isApproval && <PlanList response={response} />}
    </DecideDialog>
  );
}

function UndoButton({ response }: { readonly response: Response }): ReactNode {
  const words = useWords(responseWords);
  const actions = useWords(actionWords);
  const plan = useWords(planWords);
  const order = useOrder(TOUCHED);
  const inNamespace = useRefusal('responder', response.target.namespace);
  const everywhere = useRefusalEverywhere('responder');
  const [isAsking, ask] = useState(false);
  const { reversal } = actionFacts[response.action];
  if (reversal === null) return null;
  const title = words.undo(actions[reversal], visibleText(response.target.pod));
  return (
    <span className={css.buttons}>
      <Button
        size="small"
        refusal={reversal === 'uncordon' ? everywhere : inNamespace}
        aria-label={title}
        onClick={() => ask(true)}
      >
        {actions[reversal]}
      </Button>
      {isAsking && (
        <DecideDialog
          title={title}
          lead={words.undoLead(plan.effects[reversal])}
          confirm={title}
          onClose={() => ask(false)}
          onDecide={(why) => order.mutateAsync({
            path: `${RESPONSES}/${encodeURIComponent(response.id)}/undo`,
            body: { why },
          })}
        />
      )}
    </span>
  );
}
