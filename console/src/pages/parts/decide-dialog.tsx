import { useState } from 'react';
import type { ReactNode } from 'react';

import { Button } from '../../design/button.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { TextArea } from '../../design/field.tsx';
import { ErrorText, Notice } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { designWords } from '../../words/design.ts';
import { partsWords } from '../../words/parts.ts';
import css from './decide-dialog.module.css';

/**
 * Before anything is changed: what it does, on what, and why. The button names its object; a
 * refusal of the collector is shown here and nothing is lost of what was typed.
 */
export type DecideDialogProps = {
  readonly title: string;
  /** What happens when it is done. */
  readonly lead: ReactNode;
  readonly confirm: string;
  readonly look?: 'main' | 'danger';
  readonly onDecide: (why: string) => Promise<unknown>;
  readonly onClose: () => void;
  readonly children?: ReactNode;
  /** `false`: the API keeps no reason for this. */
  readonly asksWhy?: boolean;
  readonly isWhyRequired?: boolean;
  /** Something else has to be filled in before. */
  readonly isReady?: boolean;
  readonly isWide?: boolean;
};

const WHY_CHARACTERS_MAX = 1_000;

export function DecideDialog(props: DecideDialogProps): ReactNode {
  const { title, lead, confirm, look = 'main', onDecide, onClose, children } = props;
  const { asksWhy = true, isWhyRequired = true, isReady = true, isWide = false } = props;
  const words = useWords(partsWords);
  const design = useWords(designWords);
  const [why, setWhy] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const canDecide = isReady && !isBusy && (!asksWhy || !isWhyRequired || why.trim() !== '');
  const decide = async (): Promise<void> => {
    if (!canDecide) return;
    setBusy(true);
    setError(null);
    try {
      await onDecide(why.trim());
      onClose();
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      isWide={isWide}
      actions={(
        <>
          <Button onClick={onClose}>{design.cancel}</Button>
          <Button look={look} disabled={!canDecide} onClick={() => void decide()}>{confirm}</Button>
        </>
      )}
    >
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          void decide();
        }}
      >
        <div className={css.lead}>{lead}</div>
        {children}
        {asksWhy && (
          <TextArea
            label={words.why}
            hint={words.whyHint}
            isRequired={isWhyRequired}
            maxLength={WHY_CHARACTERS_MAX}
            value={why}
            onChange={setWhy}
          />
        )}
        {error !== null && <Notice tone="bad"><ErrorText error={error} /></Notice>}
      </form>
    </Dialog>
  );
}
