import { useState } from 'react';
import type { ReactNode } from 'react';

import { Button } from '../../design/button.tsx';
import { CheckField, SelectField, TextField } from '../../design/field.tsx';
import { Panel } from '../../design/page.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { generatedWords } from '../../words/generated.ts';
import { nameOf } from '../images/image-rows.ts';
import { useProfiles } from '../images/queries.ts';
import { dayChoices, networkKinds, policyKinds, policyQuestionOf } from './policy-query.ts';
import type { PolicyForm as Form } from './policy-query.ts';
import css from './generated.module.css';

export function PolicyForm(
  { form: asked, onAsk }: { readonly form: Form; readonly onAsk: (form: Form) => void },
): ReactNode {
  const words = useWords(generatedWords);
  const [form, setForm] = useState(asked);
  const set = (over: Partial<Form>): void => setForm({ ...form, ...over });
  const isNetwork = networkKinds.some((kind) => kind === form.kind);
  const question = policyQuestionOf(form);
  return (
    <Panel>
      <p className={css.lead}>{words.leads[form.kind]}</p>
      <form
        className={css.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (question !== null) onAsk(form);
        }}
      >
        <SelectField
          label={words.kind}
          value={form.kind}
          onChange={(value) =>
            set({ kind: policyKinds.find((kind) => kind === value) ?? 'kubernetes' })}
          options={policyKinds.map((value) => ({ value, label: words.kinds[value] }))}
        />
        {isNetwork
          ? (
            <TextField label={words.namespace} hint={words.namespaceHint} isRequired maxLength={63}
              value={form.namespace} onChange={(namespace) => set({ namespace })} />
          )
          : <ProfileField value={form.profile} onChange={(profile) => set({ profile })} />}
        {isNetwork && (
          <SelectField label={words.days} value={form.days} onChange={(days) => set({ days })}
            options={dayChoices.map((value) =>
              ({ value, label: words.lastDays(Number(value)) }))} />
        )}
        <Button type="submit" look="main" disabled={question === null}>{words.make}</Button>
      </form>
      {isNetwork && (
        <CheckField label={words.incomplete} isChecked={form.incomplete}
          onChange={(incomplete) => set({ incomplete })} />
      )}
    </Panel>
  );
}

function ProfileField(
  { value, onChange }: { readonly value: string; readonly onChange: (id: string) => void },
): ReactNode {
  const words = useWords(generatedWords);
  const profiles = useProfiles();
  const options = (profiles.data ?? [])
    .filter(({ stored }) => stored !== null)
    .map((profile) => ({
      value: profile.id,
      label: visibleText(profile.workload === ''
        ? nameOf(profile) : `${nameOf(profile)} (${profile.workload})`).slice(0, 120),
    }))
    .toSorted((left, right) => (left.label < right.label ? -1 : 1));
  return (
    <SelectField
      label={words.profile}
      value={value}
      onChange={onChange}
      options={[{ value: '', label: words.chooseProfile }, ...options]}
    />
  );
}
