import { useState } from 'react';
import type { ReactNode } from 'react';

import { useOrder } from '../../data/queries.ts';
import { CheckField, SelectField, TextField } from '../../design/field.tsx';
import { useWords } from '../../words/catalogue.ts';
import { rulesWords, windowWords } from '../../words/rules.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { EMPTY_WINDOW, readWindow, weekdays } from './window-form.ts';
import type { WindowForm } from './window-form.ts';
import { WINDOWS } from './windows.tsx';
import css from './rules.module.css';

type FieldsProps = {
  readonly form: WindowForm;
  readonly change: (over: Partial<WindowForm>) => void;
};

export function NewWindow({ onClose }: { readonly onClose: () => void }): ReactNode {
  const words = useWords(windowWords);
  const rules = useWords(rulesWords);
  const order = useOrder([WINDOWS, '/api/v1/audit']);
  const [form, setForm] = useState(EMPTY_WINDOW);
  const [timeZone] = useState(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
  const change = (over: Partial<WindowForm>): void => setForm({ ...form, ...over });
  const read = readWindow(form, { nowMs: Date.now(), timeZone });
  return (
    <DecideDialog
      title={words.make}
      lead={words.createLead}
      confirm={form.label === '' ? words.make : words.create(form.label)}
      isWide
      isReady={read.ok && form.owner.trim() !== ''}
      onClose={onClose}
      onDecide={async (reason) => {
        const now = readWindow(form, { nowMs: Date.now(), timeZone });
        if (now.ok) await order.mutateAsync({ path: WINDOWS, body: { ...now.body, reason } });
      }}
    >
      <PlaceFields form={form} change={change} />
      <TimeFields form={form} change={change} timeZone={timeZone} />
      <TextField
        label={rules.owner}
        hint={rules.ownerHint}
        isRequired
        maxLength={200}
        value={form.owner}
        onChange={(owner) => change({ owner })}
      />
      {!read.ok && <p className={css.small}>{words.problems[read.wrong]}</p>}
    </DecideDialog>
  );
}

function PlaceFields({ form, change }: FieldsProps): ReactNode {
  const words = useWords(windowWords);
  const rules = useWords(rulesWords);
  return (
    <>
      <TextField
        label={words.label}
        hint={words.labelHint}
        isRequired
        maxLength={100}
        value={form.label}
        onChange={(label) => change({ label })}
      />
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
        <TextField label={rules.node} value={form.node} onChange={(node) => change({ node })} />
      </div>
    </>
  );
}

function TimeFields(
  { form, change, timeZone }: FieldsProps & { readonly timeZone: string },
): ReactNode {
  const words = useWords(windowWords);
  return (
    <>
      <div className={css.pair}>
        <TextField
          label={words.from}
          hint={words.fromHint}
          type="datetime-local"
          value={form.from}
          onChange={(from) => change({ from })}
        />
        <TextField
          label={words.to}
          hint={words.toHint}
          type="datetime-local"
          isRequired
          value={form.to}
          onChange={(to) => change({ to })}
        />
      </div>
      <CheckField
        label={words.weekly}
        isChecked={form.isWeekly}
        onChange={(isWeekly) => change({ isWeekly })}
      />
      {form.isWeekly && (
        <div className={css.triple}>
          <SelectField
            label={words.weekday}
            value={form.weekday}
            onChange={(value) =>
              change({ weekday: weekdays.find((one) => one === value) ?? 'sun' })}
            options={weekdays.map((value) => ({ value, label: words.weekdays[value] }))}
          />
          <TextField
            label={words.start}
            hint={words.zone(timeZone)}
            type="time"
            value={form.start}
            onChange={(start) => change({ start })}
          />
          <TextField
            label={words.minutes}
            type="number"
            min={1}
            max={8_640}
            value={form.minutes}
            onChange={(minutes) => change({ minutes })}
          />
        </div>
      )}
    </>
  );
}
