import type { ReactNode } from 'react';

import type { Response } from '../../../../collector/respond/response.ts';
import { Icon } from '../../design/icon.tsx';
import { Name } from '../../design/code.tsx';
import { Panel } from '../../design/page.tsx';
import { useWords } from '../../words/catalogue.ts';
import { responseWords } from '../../words/responses.ts';
import { approvalsMissing } from './standing.ts';
import css from './responses.module.css';

/** Who looked at it, and who is still missing. */
export function Approvals({ response }: { readonly response: Response }): ReactNode {
  const words = useWords(responseWords);
  const { approvals, terms } = response;
  const missing = approvalsMissing(response);
  return (
    <Panel title={words.approvals}>
      <ul className={css.plain}>
        {approvals.map((name) => (
          <li key={name} className={css.approval}>
            <Icon name="check" size={14} />
            <Name text={name} />
          </li>
        ))}
        {approvals.length === 0 && <li>{words.noApprovals}</li>}
        {missing > 0 && <li className={css.missing}>{words.missing(missing)}</li>}
      </ul>
      {terms.fourEyes && <p className={css.small}>{words.fourEyes}</p>}
    </Panel>
  );
}
