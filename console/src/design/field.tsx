import { useId } from 'react';
import type { InputHTMLAttributes, ReactNode, SelectHTMLAttributes } from 'react';

import { useWords } from '../words/catalogue.ts';
import { designWords } from '../words/design.ts';
import css from './field.module.css';

type Shell = {
  readonly label: string;
  /** One line below: what it is for, what it may be. */
  readonly hint?: ReactNode;
  readonly isLabelHidden?: boolean;
  readonly isRequired?: boolean;
};

function Labelled(
  { label, hint, isLabelHidden, isRequired, id, children }: Shell & {
    readonly id: string;
    readonly children: ReactNode;
  },
): ReactNode {
  const words = useWords(designWords);
  return (
    <div className={css.field}>
      <label htmlFor={id} className={isLabelHidden === true ? 'for-screen-readers' : css.label}>
        {label}
        {isRequired === true && <span className={css.required}> ({words.required})</span>}
      </label>
      {children}
      {hint !== undefined && <p id={`${id}-hint`} className={css.hint}>{hint}</p>}
    </div>
  );
}

type Own<T> = Omit<T, 'className' | 'style' | 'onChange' | 'value'> & Shell & {
  readonly value: string;
  readonly onChange: (value: string) => void;
};

export function TextField(
  { label, hint, isLabelHidden, isRequired, onChange, ...rest }:
    Own<InputHTMLAttributes<HTMLInputElement>>,
): ReactNode {
  const id = useId();
  return (
    <Labelled {...shellOf({ label, hint, isLabelHidden, isRequired })} id={id}>
      <input
        type="text"
        autoComplete="off"
        spellCheck={false}
        {...rest}
        id={id}
        className={css.control}
        required={isRequired}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      />
    </Labelled>
  );
}

export function TextArea(
  { label, hint, isLabelHidden, isRequired, onChange, rows = 3, ...rest }:
    Own<InputHTMLAttributes<HTMLTextAreaElement>> & { readonly rows?: number },
): ReactNode {
  const id = useId();
  return (
    <Labelled {...shellOf({ label, hint, isLabelHidden, isRequired })} id={id}>
      <textarea
        {...rest}
        rows={rows}
        id={id}
        className={css.area}
        required={isRequired}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      />
    </Labelled>
  );
}

export function SelectField(
  { label, hint, isLabelHidden, isRequired, onChange, options, ...rest }:
    Own<SelectHTMLAttributes<HTMLSelectElement>> & {
      readonly options: readonly { readonly value: string; readonly label: string }[];
    },
): ReactNode {
  const id = useId();
  return (
    <Labelled {...shellOf({ label, hint, isLabelHidden, isRequired })} id={id}>
      <select
        {...rest}
        id={id}
        className={css.control}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>{option.label}</option>
        ))}
      </select>
    </Labelled>
  );
}

export function CheckField(
  { label, hint, isChecked, onChange, isDisabled = false }: {
    readonly label: ReactNode;
    readonly hint?: ReactNode;
    readonly isChecked: boolean;
    readonly onChange: (isChecked: boolean) => void;
    readonly isDisabled?: boolean;
  },
): ReactNode {
  const id = useId();
  return (
    <div className={css.check}>
      <input
        type="checkbox"
        id={id}
        checked={isChecked}
        disabled={isDisabled}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.checked)}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint !== undefined && <p id={`${id}-hint`} className={css.hint}>{hint}</p>}
      </div>
    </div>
  );
}

/** With `exactOptionalPropertyTypes` an absent property is not one that is undefined. */
function shellOf(shell: {
  readonly label: string;
  readonly hint: ReactNode;
  readonly isLabelHidden: boolean | undefined;
  readonly isRequired: boolean | undefined;
}): Shell {
  const { label, hint, isLabelHidden = false, isRequired = false } = shell;
  return { label, isLabelHidden, isRequired, ...(hint === undefined ? {} : { hint }) };
}
