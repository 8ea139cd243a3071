import type { ReactNode } from 'react';

import { channels as allChannels } from '../../../../baseline/alert.ts';
import { mayEverywhere, mayIn } from '../../../../collector/access/roles.ts';
import { useSession } from '../../data/session.ts';
import { CheckField, SelectField, TextArea, TextField } from '../../design/field.tsx';
import { useWords } from '../../words/catalogue.ts';
import { channelWords } from '../../words/domain.ts';
import { rulesWords, suppressionWords } from '../../words/rules.ts';
import type { SuppressionForm } from './suppression-form.ts';
import css from './rules.module.css';

export function SuppressionFields(
  { form, onChange }: {
    readonly form: SuppressionForm;
    readonly onChange: (form: SuppressionForm) => void;
  },
): ReactNode {
  const words = useWords(suppressionWords);
  const rules = useWords(rulesWords);
  const channels = useWords(channelWords);
  const { principal } = useSession();
  const change = (over: Partial<SuppressionForm>): void => onChange({ ...form, ...over });
  const mayHideAll = mayEverywhere(principal, 'approver') ||
    (form.namespace !== '' && mayIn(principal, 'approver', form.namespace));
  return (
    <>
      <div className={css.pair}>
        <TextField
          label={rules.namespace}
          hint={rules.globHint}
          value={form.namespace}
          onChange={(namespace) => change({ namespace })}
        />
        <TextField
          label={rules.workload}
          value={form.workload}
          onChange={(workload) => change({ workload })}
        />
        <TextField
          label={rules.image}
          value={form.image}
          onChange={(image) => change({ image })}
        />
        <SelectField
          label={words.channel}
          value={form.channel}
          onChange={(channel) => change({ channel })}
          options={[
            { value: '', label: words.anyChannel },
            ...allChannels.map((value) => ({ value, label: channels[value] })),
          ]}
        />
      </div>
      <TextArea
        label={words.behaviours}
        hint={words.behavioursHint}
        value={form.behaviours}
        onChange={(behaviours) => change({ behaviours })}
      />
      <TextField
        label={words.techniques}
        hint={words.techniquesHint}
        value={form.techniques}
        onChange={(techniques) => change({ techniques })}
      />
      <CheckField
        label={words.destructive}
        {...mayHideAll ? {} : { hint: words.destructiveRefusal }}
        isDisabled={!mayHideAll}
        isChecked={form.includesDestructive}
        onChange={(includesDestructive) => change({ includesDestructive })}
      />
    </>
  );
}
