import { useState } from 'react';
import type { ReactNode } from 'react';

import type { IncidentDetail, IncidentsAnswer, IncidentView } from
  '../../../../collector/api/contract/incident.ts';
import { useAsk } from '../../data/queries.ts';
import { useSession } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { Name } from '../../design/code.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { TextField } from '../../design/field.tsx';
import { useWords } from '../../words/catalogue.ts';
import { designWords } from '../../words/design.ts';
import { incidentWords } from '../../words/incident.ts';
import { peopleOf } from './people.ts';
import css from './incident.module.css';

/** One's own name and those known from work so far to choose from; any other can be typed. */
const LOOKED_AT_MAX = 200;

export function AssignDialog(
  { incident, assignee, onClose, onAssign }: {
    readonly incident: IncidentView;
    readonly assignee: string | null;
    readonly onClose: () => void;
    readonly onAssign: (assignee: string | null) => void;
  },
): ReactNode {
  const words = useWords(incidentWords);
  const design = useWords(designWords);
  const { principal } = useSession();
  const [name, setName] = useState(assignee ?? '');
  const recent = useAsk<IncidentsAnswer>('/api/v1/incidents', { limit: LOOKED_AT_MAX });
  const own = useAsk<IncidentDetail>(`/api/v1/incidents/${encodeURIComponent(incident.id)}`);
  const people = peopleOf(recent.data?.items ?? [], own.data?.work.comments ?? [], principal.name);
  const save = (): void => {
    onAssign(name.trim() === '' ? null : name.trim());
    onClose();
  };
  return (
    <Dialog
      title={words.assignTitle}
      onClose={onClose}
      actions={(
        <>
          <Button onClick={onClose}>{design.cancel}</Button>
          <Button look="main" onClick={save}>{words.save}</Button>
        </>
      )}
    >
      <form
        className={css.assign}
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <div role="group" aria-label={words.people} className={css.people}>
          <Button isPressed={name === principal.name} icon="person"
            onClick={() => setName(principal.name)}
          >
            {words.me}
          </Button>
          {people.map((one) => (
            <Button key={one} isPressed={name === one} onClick={() => setName(one)}>
              <Name text={one} />
            </Button>
          ))}
        </div>
        <TextField label={words.assignee} hint={words.assigneeHint} maxLength={200} value={name}
          onChange={setName} />
      </form>
    </Dialog>
  );
}
