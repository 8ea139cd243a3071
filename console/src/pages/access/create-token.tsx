import { useState } from 'react';
import type { ReactNode } from 'react';

import { roles as allRoles } from '../../../../collector/access/principal.ts';
import type { TokenView } from '../../../../collector/api/contract/access.ts';
import { useOrder } from '../../data/queries.ts';
import { SelectField, TextField } from '../../design/field.tsx';
import { useWords } from '../../words/catalogue.ts';
import { accessWords } from '../../words/access.ts';
import { roleWords } from '../../words/domain.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import type { Secret } from './secret-dialog.tsx';
import { readTokenForm } from './token-form.ts';
import type { TokenForm } from './token-form.ts';
import { TOKENS } from './tokens.tsx';
import css from './access.module.css';

const DAYS = ['7', '30', '90', '365'] as const;
const EMPTY: TokenForm = { name: '', role: 'viewer', namespaces: '', days: '90' };

type Created = { readonly token: TokenView; readonly text: string };

export function CreateToken(
  { onClose, onCreated }: {
    readonly onClose: () => void;
    readonly onCreated: (secret: Secret) => void;
  },
): ReactNode {
  const words = useWords(accessWords);
  const roles = useWords(roleWords);
  const order = useOrder<Created>([TOKENS, '/api/v1/audit']);
  const [form, setForm] = useState(EMPTY);
  const change = (over: Partial<TokenForm>): void => setForm({ ...form, ...over });
  const read = readTokenForm(form);
  const isTaken = !read.ok && read.wrong === 'name-taken';
  return (
    <DecideDialog
      title={words.create}
      lead={words.createLead}
      confirm={read.ok ? words.createNamed(read.body.name) : words.create}
      asksWhy={false}
      isReady={read.ok}
      onClose={onClose}
      onDecide={async () => {
        if (!read.ok) return;
        const { token, text } = await order.mutateAsync({ path: TOKENS, body: read.body });
        onCreated({ name: token.name, text });
      }}
    >
      <TextField
        label={words.tokenName}
        hint={isTaken ? words.tokenNameTaken : words.tokenNameHint}
        isRequired
        maxLength={63}
        value={form.name}
        onChange={(name) => change({ name })}
      />
      <div className={css.pair}>
        <SelectField
          label={words.role}
          hint={words.roles[form.role]}
          value={form.role}
          onChange={(role) =>
            change({ role: allRoles.find((one) => one === role) ?? 'viewer' })}
          options={allRoles.map((value) => ({ value, label: roles[value] }))}
        />
        <SelectField
          label={words.expires}
          value={form.days}
          onChange={(days) => change({ days })}
          options={[
            ...DAYS.map((value) => ({ value, label: words.expiresDays(Number(value)) })),
            { value: '', label: words.expiresNever },
          ]}
        />
      </div>
      <TextField
        label={words.namespaces}
        hint={words.namespacesHint}
        value={form.namespaces}
        onChange={(namespaces) => change({ namespaces })}
      />
    </DecideDialog>
  );
}
