import { useState } from 'react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { AlertBehaviour } from '../../../../baseline/alert.ts';
import type { Decision, DecisionScope } from '../../../../baseline/profile/decisions.ts';
import type { AlertContext, AlertView } from '../../../../collector/api/contract/alert.ts';
import { useAsk, useOrder } from '../../data/queries.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Code, Name } from '../../design/code.tsx';
import { SelectField } from '../../design/field.tsx';
import { Panel } from '../../design/page.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { channelWords } from '../../words/domain.ts';
import { incidentWords } from '../../words/incident.ts';
import { useLanguage } from '../../words/language.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import { SuppressLink } from '../rules/suppress-link.tsx';
import css from './incident.module.css';

const DECISIONS = '/api/v1/decisions';
const TOUCHED = [DECISIONS, '/api/v1/incidents', '/api/v1/profiles', '/api/v1/audit'] as const;
const DECISIONS_SHOWN = 500;
const scopes: readonly DecisionScope[] = ['image', 'lineage', 'everywhere'];
/** Others show nothing that a profile could hold. */
const LEARNABLE: readonly AlertView['kind'][] = ['anomaly', 'rule'];

/** Each behaviour beside what the same actor normally does. */
export function Behaviours(
  { alert, context }: { readonly alert: AlertView; readonly context: AlertContext | undefined },
): ReactNode {
  const words = useWords(incidentWords);
  const decisions = useAsk<{ readonly items: readonly Decision[] }>(DECISIONS,
    { limit: DECISIONS_SHOWN });
  const profileId = context?.profileId ?? null;
  return (
    <Panel
      title={words.behaviours}
      actions={(
        <>
          <SuppressLink alertId={alert.id} />
          {profileId !== null && (
            <Link href={`/images/${encodeURIComponent(profileId)}`}>{words.openProfile}</Link>
          )}
        </>
      )}
    >
      {context !== undefined && profileId === null && (
        <p className={css.quiet}>{words.noProfile}</p>
      )}
      {alert.behaviours.map((behaviour, index) => (
        <Behaviour
          key={index}
          alert={alert}
          index={index}
          behaviour={behaviour}
          normal={context?.normal.find(({ channel, value }) =>
            channel === behaviour.channel && value === behaviour.value)}
          decision={decisions.data?.items.find((one) => one.kind === 'accept' &&
            one.channel === behaviour.channel && one.value === behaviour.value &&
            (one.scope === 'everywhere' || one.repository === alert.image.repository))}
        />
      ))}
      {alert.behavioursDropped > 0 && (
        <p className={css.quiet}>{words.dropped(alert.behavioursDropped)}</p>
      )}
    </Panel>
  );
}

type BehaviourProps = {
  readonly alert: AlertView;
  readonly index: number;
  readonly behaviour: AlertBehaviour;
  readonly normal: AlertContext['normal'][number] | undefined;
  readonly decision: Decision | undefined;
};

function Behaviour({ alert, index, behaviour, normal, decision }: BehaviourProps): ReactNode {
  const words = useWords(incidentWords);
  const channels = useWords(channelWords);
  const language = useLanguage();
  return (
    <div className={css.behaviour}>
      <div className={css.this}>
        <p className={css.label}>
          {words.thisOne} <Badge>{channels[behaviour.channel]}</Badge>
        </p>
        <Code text={behaviour.value} />
        <p className={css.reason}><Name text={behaviour.reason[language]} /></p>
      </div>
      {normal !== undefined && (
        <div className={css.normal}>
          <p className={css.label}>{visibleText(words.normalOf(normal.actor)).slice(0, 120)}</p>
          {normal.known.length === 0 && (
            <p className={css.quiet}>{visibleText(words.noneKnown(normal.actor)).slice(0, 160)}</p>
          )}
          <ul>
            {normal.known.map(({ value, pods }) => (
              <li key={value}>
                <Code text={value} /> <span className={css.quiet}>{words.inPods(pods)}</span>
              </li>
            ))}
          </ul>
          {normal.knownTotal > normal.known.length && (
            <p className={css.quiet}>{words.moreKnown(normal.knownTotal - normal.known.length)}</p>
          )}
        </div>
      )}
      {LEARNABLE.includes(alert.kind) && (
        <Learn alert={alert} index={index} decision={decision} value={behaviour.value} />
      )}
    </div>
  );
}

function Learn(
  { alert, index, decision, value }: {
    readonly alert: AlertView;
    readonly index: number;
    readonly decision: Decision | undefined;
    readonly value: string;
  },
): ReactNode {
  const words = useWords(incidentWords);
  const refusal = useRefusalEverywhere('analyst');
  const order = useOrder(TOUCHED);
  const [isAsking, ask] = useState(false);
  const [scope, setScope] = useState<DecisionScope>('image');
  const close = (): void => ask(false);
  if (decision !== undefined) {
    return (
      <div className={css.buttons}>
        <Badge tone="good">{visibleText(words.learnedBy(decision.by))}</Badge>
        <Button size="small" refusal={refusal} onClick={() => ask(true)}>{words.undo}</Button>
        {isAsking && (
          <DecideDialog
            title={words.undoTitle}
            lead={<>{words.undoLead} <Code text={value} /></>}
            confirm={words.undoTitle}
            onClose={close}
            onDecide={(why) => order.mutateAsync({
              method: 'DELETE',
              path: `${DECISIONS}/${encodeURIComponent(decision.id)}`,
              body: { why },
            })}
          />
        )}
      </div>
    );
  }
  return (
    <div className={css.buttons}>
      <Button size="small" refusal={refusal} onClick={() => ask(true)}>{words.learn}</Button>
      {isAsking && (
        <DecideDialog
          title={words.learnTitle}
          lead={<>{words.learnLead} <Code text={value} /></>}
          confirm={words.learnTitle}
          onClose={close}
          onDecide={(why) => order.mutateAsync({
            path: `/api/v1/alerts/${encodeURIComponent(alert.id)}/learn`,
            body: { behaviour: index, scope, why },
          })}
        >
          <SelectField
            label={words.scope}
            value={scope}
            options={scopes.map((one) => ({ value: one, label: words.scopes[one] }))}
            onChange={(chosen) => setScope(scopes.find((one) => one === chosen) ?? 'image')}
          />
        </DecideDialog>
      )}
    </div>
  );
}
