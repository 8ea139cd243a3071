import { useState } from 'react';
import type { ReactNode } from 'react';

import type { PreviewAnswer } from '../../../../collector/api/contract/suppression.ts';
import { useOrder } from '../../data/queries.ts';
import { Button } from '../../design/button.tsx';
import { SelectField, TextField } from '../../design/field.tsx';
import { ErrorText, Notice } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { rulesWords, suppressionWords } from '../../words/rules.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { SuppressionFields } from './suppression-fields.tsx';
import { readMatch } from './suppression-form.ts';
import type { SuppressionForm } from './suppression-form.ts';
import { SuppressionPreview } from './suppression-preview.tsx';
import { SUPPRESSIONS } from './suppressions.tsx';
import css from './rules.module.css';

/** A rule is tried before it is made: what it would have hidden stands above the button. */
const DAYS = ['1', '7', '30', '90', '180'] as const;
const DAYS_DEFAULT = '30';
const DAY_MS = 86_400_000;

export function NewSuppression(
  { form: filled, onClose }: { readonly form: SuppressionForm; readonly onClose: () => void },
): ReactNode {
  const words = useWords(suppressionWords);
  const rules = useWords(rulesWords);
  const [form, setForm] = useState(filled);
  const [owner, setOwner] = useState('');
  const [days, setDays] = useState<string>(DAYS_DEFAULT);
  const make = useOrder([SUPPRESSIONS, '/api/v1/audit']);
  const preview = useOrder<PreviewAnswer>([]);
  const [previewed, setPreviewed] = useState('');
  const read = readMatch(form);
  const asked = read.ok
    ? JSON.stringify({ match: read.match, includesDestructive: form.includesDestructive })
    : '';
  const isPreviewed = asked !== '' && asked === previewed && preview.data !== undefined;
  return (
    <DecideDialog
      title={words.make}
      lead={words.lead}
      confirm={words.create}
      isWide
      isReady={isPreviewed && owner.trim() !== ''}
      onClose={onClose}
      onDecide={(reason) => make.mutateAsync({
        path: SUPPRESSIONS,
        body: {
          ...JSON.parse(asked) as object,
          owner: owner.trim(),
          reason,
          expiresTime: new Date(Date.now() + Number(days) * DAY_MS).toISOString(),
        },
      })}
    >
      <SuppressionFields form={form} onChange={setForm} />
      <div className={css.preview}>
        <Button
          disabled={!read.ok || preview.isPending}
          onClick={() => {
            setPreviewed(asked);
            preview.mutate({ path: `${SUPPRESSIONS}/preview`, body: JSON.parse(asked) as object });
          }}
        >
          {words.preview}
        </Button>
        {!read.ok && <p className={css.small}>{words.problems[read.wrong]}</p>}
        {read.ok && !isPreviewed && !preview.isError &&
          <p className={css.small}>{words.previewFirst}</p>}
        {preview.isError && <Notice tone="bad"><ErrorText error={preview.error} /></Notice>}
        {isPreviewed && preview.data !== undefined &&
          <SuppressionPreview preview={preview.data} />}
      </div>
      <div className={css.pair}>
        <TextField
          label={rules.owner}
          hint={rules.ownerHint}
          isRequired
          maxLength={200}
          value={owner}
          onChange={setOwner}
        />
        <SelectField
          label={words.expires}
          value={days}
          onChange={setDays}
          options={DAYS.map((value) => ({ value, label: words.expiresDays(Number(value)) }))}
        />
      </div>
    </DecideDialog>
  );
}
