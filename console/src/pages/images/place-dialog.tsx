import { useState } from 'react';
import type { ReactNode } from 'react';

import type { ProfileView } from '../../../../collector/api/contract/profile.ts';
import { CheckField, SelectField } from '../../design/field.tsx';
import { useOrder } from '../../data/queries.ts';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { profileWords } from '../../words/images.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { nameOf } from './image-rows.ts';
import { PROFILES } from './queries.ts';

/** Lock, unlock, reset: what is about a whole profile. */
export type PlaceKind = 'lock' | 'unlock' | 'reset';

export function PlaceDialog(
  { kind, profile, onClose }: {
    readonly kind: PlaceKind;
    readonly profile: ProfileView;
    readonly onClose: () => void;
  },
): ReactNode {
  const words = useWords(profileWords);
  const order = useOrder([PROFILES, '/api/v1/decisions', '/api/v1/audit']);
  const [scope, setScope] = useState<'image' | 'lineage'>('image');
  const [isUnderstood, setUnderstood] = useState(false);
  const name = visibleText(scope === 'image' ? nameOf(profile) : `${profile.image.repository}:*`);
  const text = {
    lock: { title: words.lockThing(name), lead: words.lockLead },
    unlock: { title: words.unlockThing(name), lead: words.unlockLead },
    reset: { title: words.resetThing(name), lead: words.resetLead },
  }[kind];
  return (
    <DecideDialog
      title={text.title}
      lead={text.lead}
      confirm={text.title}
      look={kind === 'reset' ? 'danger' : 'main'}
      isReady={kind !== 'reset' || isUnderstood}
      onClose={onClose}
      onDecide={(why) =>
        order.mutateAsync({ path: `${PROFILES}/${profile.id}/${kind}`, body: { scope, why } })}
    >
      {profile.image.repository !== '' && (
        <SelectField
          label={words.scope}
          value={scope}
          onChange={(value) => setScope(value === 'lineage' ? 'lineage' : 'image')}
          options={(['image', 'lineage'] as const).map((value) =>
            ({ value, label: words.scopes[value] }))}
        />
      )}
      {kind === 'reset' && (
        <CheckField
          label={words.resetConfirm}
          isChecked={isUnderstood}
          onChange={setUnderstood}
        />
      )}
    </DecideDialog>
  );
}
