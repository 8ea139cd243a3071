import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';

import type { AlertView } from '../../../../collector/api/contract/alert.ts';
import type { Containment, ResponseReason } from '../../../../collector/respond/response.ts';
import { useOrder } from '../../data/queries.ts';
import { useRefusal } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { Code, Name } from '../../design/code.tsx';
import { Facts, Panel } from '../../design/page.tsx';
import { ErrorText, Notice } from '../../design/states.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { actionWords } from '../../words/domain.ts';
import { incidentWords } from '../../words/incident.ts';
import { reasonWords } from '../../words/response-reasons.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { RESPONSES, TOUCHED } from '../responses/queries.ts';
import { PlanText } from './plan-text.tsx';
import css from './incident.module.css';

/** From the mildest to what cannot be taken back. */
const OFFERED: readonly Containment[] = ['label', 'freeze', 'isolate', 'kill-process', 'kill'];
const DESTRUCTIVE: readonly Containment[] = ['kill-process', 'kill'];

/** Buttons that open the plan; only the plan has the button that proposes. */
export function Respond({ alert }: { readonly alert: AlertView }): ReactNode {
  const words = useWords(incidentWords);
  const actions = useWords(actionWords);
  const refusal = useRefusal('responder', alert.namespace);
  const [asked, ask] = useState<Containment>();
  const [isProposed, setProposed] = useState(false);
  if (alert.podUid === '') {
    return <Panel title={words.respond}><p className={css.quiet}>{words.noPod}</p></Panel>;
  }
  return (
    <Panel title={words.respond}>
      <p><Name text={`${alert.namespace}/${alert.pod}`} /></p>
      <p className={css.quiet}>{words.respondLead}</p>
      <div className={css.buttons}>
        {OFFERED.map((action) => (
          <Button
            key={action}
            look={DESTRUCTIVE.includes(action) ? 'danger' : 'plain'}
            refusal={refusal}
            onClick={() => ask(action)}
          >
            {actions[action]}…
          </Button>
        ))}
      </div>
      {isProposed && <Notice>{words.proposed}</Notice>}
      {asked !== undefined && (
        <ProposeDialog
          alert={alert}
          action={asked}
          onClose={() => ask(undefined)}
          onProposed={() => setProposed(true)}
        />
      )}
    </Panel>
  );
}

type Tried = {
  readonly plan: readonly string[];
  readonly outcome: {
    readonly kind: string;
    readonly reason?: ResponseReason;
    readonly detail?: string;
  };
};

function ProposeDialog(
  { alert, action, onClose, onProposed }: {
    readonly alert: AlertView;
    readonly action: Containment;
    readonly onClose: () => void;
    readonly onProposed: () => void;
  },
): ReactNode {
  const words = useWords(incidentWords);
  const actions = useWords(actionWords);
  const trial = useOrder<Tried>([]);
  const order = useOrder(TOUCHED);
  const subject = { action, alertId: alert.id };
  const { mutate } = trial;
  useEffect(() => {
    mutate({ path: RESPONSES, body: { action, alertId: alert.id, dryRun: true } });
  }, [mutate, action, alert.id]);
  const { fact } = words;
  return (
    <DecideDialog
      title={visibleText(words.propose(actions[action], alert.pod)).slice(0, 160)}
      lead={words.proposeLead}
      confirm={words.proposeConfirm(actions[action])}
      look={DESTRUCTIVE.includes(action) ? 'danger' : 'main'}
      onClose={onClose}
      onDecide={async (why) => {
        await order.mutateAsync({ path: RESPONSES, body: { ...subject, why } });
        onProposed();
      }}
    >
      <Facts
        items={[
          [fact.pod, <Name text={`${alert.namespace}/${alert.pod}`} />],
          [fact.podUid, <Code text={alert.podUid} />],
          [fact.workload, <Name text={alert.workload} />],
          [fact.node, <Name text={`${alert.cluster}/${alert.node}`} />],
        ]}
      />
      {trial.data !== undefined && <PlanText action={action} plan={trial.data.plan} />}
      <Trial tried={trial.data} error={trial.error} />
    </DecideDialog>
  );
}

function Trial(
  { tried, error }: { readonly tried: Tried | undefined; readonly error: unknown },
): ReactNode {
  const words = useWords(incidentWords);
  const reasons = useWords(reasonWords);
  if (error !== null) return <Notice tone="bad"><ErrorText error={error} /></Notice>;
  if (tried === undefined) return <p className={css.quiet} role="status">{words.trying}</p>;
  const { kind, reason, detail } = tried.outcome;
  if (kind === 'done' || kind === 'pending') return <Notice>{words.triedOk}</Notice>;
  return (
    <Notice tone="warn">
      {words.triedNot}{' '}
      {reason !== undefined && reason !== '' && reasons[reason]}{' '}
      {detail !== undefined && detail !== '' && <Code text={detail} />}
    </Notice>
  );
}
