import type { ReactNode } from 'react';

import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { cut, visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { profileWords } from '../../words/images.ts';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import type { Asked } from './behaviours-tab.tsx';
import type { Judged } from './judge-dialog.tsx';
import css from './images.module.css';

/** What was said of a behaviour, and the other word for it. */
export function JudgeButtons(
  { behaviour, ruling, onJudge }: {
    readonly behaviour: Judged;
    readonly ruling: 'accept' | 'reject' | null;
    readonly onJudge: (asked: Asked) => void;
  },
): ReactNode {
  const words = useWords(profileWords);
  const refusal = useRefusalEverywhere('analyst');
  const name = visibleText(cut(behaviour.value, NAME_CHARACTERS));
  return (
    <span className={css.judge}>
      <RulingBadge ruling={ruling} />
      {ruling !== 'accept' && (
        <Button
          size="small"
          refusal={refusal}
          aria-label={words.acceptOne(name)}
          onClick={() => onJudge({ judgement: 'approve', behaviours: [behaviour] })}
        >
          {words.accept}
        </Button>
      )}
      {ruling !== 'reject' && (
        <Button
          size="small"
          refusal={refusal}
          aria-label={words.rejectOne(name)}
          onClick={() => onJudge({ judgement: 'reject', behaviours: [behaviour] })}
        >
          {words.reject}
        </Button>
      )}
    </span>
  );
}

const NAME_CHARACTERS = 120;

export function RulingBadge(
  { ruling }: { readonly ruling: 'accept' | 'reject' | null },
): ReactNode {
  const words = useWords(profileWords);
  if (ruling === null) return null;
  return <Badge tone={ruling === 'accept' ? 'good' : 'bad'}>{words.kinds[ruling]}</Badge>;
}
