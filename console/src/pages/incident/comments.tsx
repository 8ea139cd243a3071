import { useState } from 'react';
import type { ReactNode } from 'react';

import type { IncidentComment } from '../../../../collector/api/contract/incident.ts';
import { useOrder } from '../../data/queries.ts';
import { useRefusal } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { Name } from '../../design/code.tsx';
import { TextArea } from '../../design/field.tsx';
import { Panel } from '../../design/page.tsx';
import { ErrorText, Notice } from '../../design/states.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { incidentWords } from '../../words/incident.ts';
import { CommentText } from './comment-text.tsx';
import css from './incident.module.css';

const COMMENT_CHARACTERS_MAX = 4_000;

export function Comments(
  { incidentId, namespace, comments }: {
    readonly incidentId: string;
    readonly namespace: string;
    readonly comments: readonly IncidentComment[];
  },
): ReactNode {
  const words = useWords(incidentWords);
  const refusal = useRefusal('analyst', namespace);
  const order = useOrder(['/api/v1/incidents', '/api/v1/audit']);
  const [text, setText] = useState('');
  const send = (): void => order.mutate({
    path: `/api/v1/incidents/${encodeURIComponent(incidentId)}/comments`,
    body: { text: text.trim() },
  }, { onSuccess: () => setText('') });
  return (
    <Panel title={words.comments}>
      {comments.length === 0 && <p className={css.quiet}>{words.noComments}</p>}
      <ul className={css.comments}>
        {comments.map((comment) => (
          <li key={comment.id}>
            <p className={css.label}>
              <Name text={comment.by} /> · <Time at={comment.time} isFocusable />
            </p>
            <CommentText text={comment.text} />
          </li>
        ))}
      </ul>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== '' && refusal === undefined) send();
        }}
      >
        <TextArea
          label={words.commentLabel}
          isLabelHidden
          placeholder={words.commentLabel}
          rows={2}
          maxLength={COMMENT_CHARACTERS_MAX}
          disabled={refusal !== undefined}
          value={text}
          onChange={setText}
        />
        <div>
          <Button
            type="submit"
            refusal={refusal}
            disabled={refusal === undefined && (text.trim() === '' || order.isPending)}
          >
            {words.addComment}
          </Button>
        </div>
        {order.isError && <Notice tone="bad"><ErrorText error={order.error} /></Notice>}
      </form>
    </Panel>
  );
}
