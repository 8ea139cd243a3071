import { useState } from 'react';
import type { ReactNode } from 'react';

import { useOrder } from '../../data/queries.ts';
import { Button } from '../../design/button.tsx';
import { Name } from '../../design/code.tsx';
import { ErrorText } from '../../design/states.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { responseWords } from '../../words/responses.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import { CONTROL, TOUCHED, useControl } from './queries.ts';
import css from './responses.module.css';

/** The stop button. To stop takes a responder; to let go again takes what an approval takes. */
export function Control(): ReactNode {
  const words = useWords(responseWords);
  const asked = useControl();
  const order = useOrder(TOUCHED);
  const mayPause = useRefusalEverywhere('responder');
  const mayResume = useRefusalEverywhere('approver');
  const [isAsking, ask] = useState(false);
  if (asked.isError) return <p role="alert"><ErrorText error={asked.error} /></p>;
  if (asked.data === undefined) return null;
  const { isPaused, by, why, atMs } = asked.data;
  const { control } = words;
  const verb = isPaused ? control.resume : control.pause;
  return (
    <section className={`${css.control} ${isPaused ? css.paused : ''}`} aria-label={words.title}>
      <div className={css.controlText}>
        <strong>{isPaused ? control.paused : control.running}</strong>
        <span>{isPaused ? control.pausedText : control.runningText}</span>
        {atMs > 0 && (
          <span className={css.small}>
            <Time at={atMs} as="full" isFocusable /> · {control.by} <Name text={by} />
            {why !== '' && <> · <Name text={why} /></>}
          </span>
        )}
      </div>
      <Button
        look={isPaused ? 'plain' : 'danger'}
        icon={isPaused ? 'play' : 'pause'}
        refusal={isPaused ? mayResume : mayPause}
        onClick={() => ask(true)}
      >
        {verb}
      </Button>
      {isAsking && (
        <DecideDialog
          title={verb}
          lead={isPaused ? control.resumeLead : control.pauseLead}
          confirm={verb}
          look={isPaused ? 'main' : 'danger'}
          onClose={() => ask(false)}
          onDecide={(reason) => order.mutateAsync({
            path: CONTROL,
            body: { isPaused: !isPaused, why: reason },
          })}
        />
      )}
    </section>
  );
}
