import { useState } from 'react';
import type { ReactNode } from 'react';

import { verdicts } from './verdicts.ts';
import type { IncidentView, IncidentWork, Verdict } from
  '../../../../collector/api/contract/incident.ts';
import { useOrder } from '../../data/queries.ts';
import { useRefusal, useSession } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { SelectField } from '../../design/field.tsx';
import { ErrorText, Notice } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { verdictWords } from '../../words/domain.ts';
import { incidentWords } from '../../words/incident.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { AssignDialog } from './assign-dialog.tsx';
import css from './incident.module.css';

export const INCIDENT_TOUCHED = ['/api/v1/incidents', '/api/v1/audit'] as const;

/** Each step names the revision of the work it was decided on: two people do not undo each other. */
export function WorkButtons(
  { incident, work }: { readonly incident: IncidentView; readonly work: IncidentWork },
): ReactNode {
  const words = useWords(incidentWords);
  const { principal } = useSession();
  const refusal = useRefusal('analyst', incident.namespace);
  const [asked, ask] = useState<'assign' | 'close' | 'reopen'>();
  const order = useOrder(INCIDENT_TOUCHED);
  const path = `/api/v1/incidents/${encodeURIComponent(incident.id)}`;
  const { revision } = work;
  const assign = (assignee: string | null): void =>
    order.mutate({ path: `${path}/assign`, body: { revision, assignee } });
  return (
    <div className={css.work}>
      <div className={css.buttons}>
        {work.acknowledged === null && work.closed === null && (
          <Button look="main" icon="check" refusal={refusal} onClick={() =>
            order.mutate({ path: `${path}/acknowledge`, body: { revision } })}
          >
            {words.acknowledge}
          </Button>
        )}
        {work.closed === null && work.assignee !== principal.name && (
          <Button icon="person" refusal={refusal} onClick={() => assign(principal.name)}>
            {words.assignToMe}
          </Button>
        )}
        {work.closed === null && (
          <>
            <Button refusal={refusal} onClick={() => ask('assign')}>{words.assign}</Button>
            <Button refusal={refusal} onClick={() => ask('close')}>{words.close}</Button>
          </>
        )}
        {work.closed !== null && (
          <Button refusal={refusal} onClick={() => ask('reopen')}>{words.reopen}</Button>
        )}
      </div>
      {order.isError && <Notice tone="bad"><ErrorText error={order.error} /></Notice>}
      {asked === 'assign' && (
        <AssignDialog incident={incident} assignee={work.assignee} onClose={() => ask(undefined)}
          onAssign={assign} />
      )}
      {asked === 'close' && (
        <CloseDialog path={path} revision={revision} incidentRevision={incident.revision}
          onClose={() => ask(undefined)} />
      )}
      {asked === 'reopen' && (
        <DecideDialog
          title={words.reopenTitle}
          lead={words.reopenTitle}
          confirm={words.reopenTitle}
          onClose={() => ask(undefined)}
          onDecide={(why) => order.mutateAsync({ path: `${path}/reopen`, body: { revision, why } })}
        />
      )}
    </div>
  );
}

function CloseDialog(
  { path, revision, incidentRevision, onClose }: {
    readonly path: string;
    readonly revision: number;
    readonly incidentRevision: number;
    readonly onClose: () => void;
  },
): ReactNode {
  const words = useWords(incidentWords);
  const names = useWords(verdictWords);
  const order = useOrder(INCIDENT_TOUCHED);
  const [verdict, setVerdict] = useState<Verdict>('unclear');
  return (
    <DecideDialog
      title={words.closeTitle}
      lead={words.closeLead}
      confirm={words.closeTitle}
      onClose={onClose}
      onDecide={(why) => order.mutateAsync({
        path: `${path}/close`,
        body: { revision, verdict, why, incidentRevision },
      })}
    >
      <SelectField
        label={words.verdict}
        value={verdict}
        options={verdicts.map((value) => ({ value, label: names[value] }))}
        onChange={(chosen) => setVerdict(verdicts.find((one) => one === chosen) ?? 'unclear')}
      />
    </DecideDialog>
  );
}
