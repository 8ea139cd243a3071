import { useState } from 'react';
import type { ReactNode } from 'react';

import type { Channel } from '../../../../baseline/alert.ts';
import type { DecisionScope } from '../../../../baseline/profile/decisions.ts';
import { useOrder } from '../../data/queries.ts';
import { Code } from '../../design/code.tsx';
import { SelectField } from '../../design/field.tsx';
import { cut, visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { profileWords } from '../../words/images.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { PROFILES } from './queries.ts';
import css from './images.module.css';

export type Judged = { readonly channel: Channel; readonly value: string };
export type Judgement = 'approve' | 'reject';

/** Approve or reject behaviours: one by its name, several by their number and the list of them. */
const SCOPES: readonly DecisionScope[] = ['image', 'lineage', 'everywhere'];
const TITLE_CHARACTERS = 40;
/** As many as the API takes at once. */
export const JUDGED_MAX = 256;

const shortened = (value: string): string =>
  visibleText(cut(value, TITLE_CHARACTERS)) + (value.length > TITLE_CHARACTERS ? '…' : '');

export function JudgeDialog(
  { judgement, behaviours, profileId, onClose, onDone }: {
    readonly judgement: Judgement;
    readonly behaviours: readonly Judged[];
    readonly profileId: string;
    readonly onClose: () => void;
    readonly onDone?: () => void;
  },
): ReactNode {
  const words = useWords(profileWords);
  const order = useOrder([PROFILES, '/api/v1/decisions', '/api/v1/audit']);
  const [scope, setScope] = useState<DecisionScope>('image');
  const isApproval = judgement === 'approve';
  const only = behaviours.length === 1 ? behaviours[0] : undefined;
  const title = only === undefined
    ? (isApproval ? words.acceptSelected : words.rejectSelected)(behaviours.length)
    : (isApproval ? words.acceptOne : words.rejectOne)(
      shortened(only.value));
  return (
    <DecideDialog
      title={title}
      lead={isApproval ? words.acceptLead : words.rejectLead}
      confirm={title}
      look={isApproval ? 'main' : 'danger'}
      isReady={behaviours.length > 0 && behaviours.length <= JUDGED_MAX}
      onClose={onClose}
      onDecide={async (why) => {
        await order.mutateAsync({
          path: `${PROFILES}/${profileId}/${judgement}`,
          body: { scope, why, behaviours: behaviours.map(({ channel, value }) =>
            ({ channel, value })) },
        });
        onDone?.();
      }}
    >
      <ul className={css.judged}>
        {behaviours.map(({ channel, value }) => (
          <li key={`${channel} ${value}`}><Code text={value} /></li>
        ))}
      </ul>
      <SelectField
        label={words.scope}
        value={scope}
        onChange={(value) => setScope(SCOPES.find((one) => one === value) ?? 'image')}
        options={SCOPES.map((value) => ({ value, label: words.scopes[value] }))}
      />
    </DecideDialog>
  );
}
