import type { ReactNode } from 'react';

import type { AlertContext, AlertView } from '../../../../collector/api/contract/alert.ts';
import { useAsk } from '../../data/queries.ts';
import { Bar } from '../../design/bar.tsx';
import { Code, CodeLine } from '../../design/code.tsx';
import { Panel } from '../../design/page.tsx';
import { ErrorState, Loading } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { useWords } from '../../words/catalogue.ts';
import { channelWords } from '../../words/domain.ts';
import { incidentWords } from '../../words/incident.ts';
import { useLanguage } from '../../words/language.ts';
import { techniqueName } from '../../words/techniques.ts';
import { Behaviours } from './behaviours.tsx';
import { ProcessTree } from './process-tree.tsx';
import css from './incident.module.css';

export const useAlertContext = ({ id }: Pick<AlertView, 'id'>) =>
  useAsk<AlertContext>(`/api/v1/alerts/${encodeURIComponent(id)}/context`);

/** One alert: the processes, what is normal instead, the score, the event itself. */
export function AlertDetails({ alert }: { readonly alert: AlertView }): ReactNode {
  const words = useWords(incidentWords);
  const context = useAlertContext(alert);
  return (
    <>
      <Panel title={words.tree}>
        {context.isPending && <Loading />}
        {context.isError && <ErrorState error={context.error} />}
        {context.data !== undefined && <ProcessTree roots={context.data.process} />}
      </Panel>
      <Behaviours alert={alert} context={context.data} />
      <Score alert={alert} />
      <Techniques techniques={alert.techniques} />
      <RawFields alert={alert} />
    </>
  );
}

function Score({ alert }: { readonly alert: AlertView }): ReactNode {
  const words = useWords(incidentWords);
  const channels = useWords(channelWords);
  return (
    <Panel title={words.score}>
      <p>{words.scoreLead(String(Math.round(alert.score)))}</p>
      <dl className={css.score}>
        {alert.scoreParts.map(({ name, value }) => {
          const label = name in channels ? channels[name as keyof typeof channels] : name;
          return (
            <div key={name}>
              <dt>{label}</dt>
              <dd><Bar label={label} value={value} max={100} text={String(Math.round(value))} /></dd>
            </div>
          );
        })}
      </dl>
    </Panel>
  );
}

function Techniques({ techniques }: { readonly techniques: readonly string[] }): ReactNode {
  const words = useWords(incidentWords);
  const language = useLanguage();
  return (
    <Panel title={words.techniques}>
      {techniques.length === 0 && <p className={css.quiet}>{words.noTechniques}</p>}
      <ul className={css.techniques}>
        {techniques.map((id) => (
          <li key={id}><code>{id}</code> {techniqueName(id, language)}</li>
        ))}
      </ul>
    </Panel>
  );
}

function RawFields({ alert }: { readonly alert: AlertView }): ReactNode {
  const words = useWords(incidentWords);
  return (
    <Panel title={words.raw}>
      <p className={css.quiet}>{words.rawOf}</p>
      {alert.behaviours.map((behaviour, index) => (
        <details key={index} className={css.raw}>
          <summary><CodeLine text={behaviour.value} /></summary>
          <Table
            caption={words.raw}
            rows={Object.entries(behaviour.fields)}
            keyOf={([name]) => name}
            columns={[
              { key: 'field', label: words.field, cell: ([name]) => <Code text={name} /> },
              { key: 'value', label: words.value, cell: ([, value]) => <Code text={value} /> },
            ]}
          />
        </details>
      ))}
    </Panel>
  );
}
