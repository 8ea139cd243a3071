import { useState } from 'react';
import type { ReactNode } from 'react';

import type { AuditVerdictAnswer } from '../../../../collector/api/contract/audit.ts';
import { callApi } from '../../data/api.ts';
import { Button } from '../../design/button.tsx';
import { Code } from '../../design/code.tsx';
import { ErrorText, Notice } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { auditWords } from '../../words/audit.ts';
import css from './audit.module.css';

type Check =
  | { readonly kind: 'none' | 'running' }
  | { readonly kind: 'told'; readonly verdict: AuditVerdictAnswer }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Reads the whole chain when somebody asks, and says what the answer means. */
export function ChainCheck(): ReactNode {
  const words = useWords(auditWords);
  const [check, setCheck] = useState<Check>({ kind: 'none' });
  const verify = async (): Promise<void> => {
    setCheck({ kind: 'running' });
    try {
      const verdict = await callApi<AuditVerdictAnswer>('GET', '/api/v1/audit/verify');
      setCheck({ kind: 'told', verdict });
    } catch (error) {
      setCheck({ kind: 'failed', error });
    }
  };
  return (
    <div className={css.check}>
      <Button icon="check" disabled={check.kind === 'running'} onClick={() => void verify()}>
        {check.kind === 'running' ? `${words.verifying}…` : words.verify}
      </Button>
      {check.kind === 'told' && <Verdict verdict={check.verdict} />}
      {check.kind === 'failed' && <Notice tone="bad"><ErrorText error={check.error} /></Notice>}
    </div>
  );
}

function Verdict({ verdict }: { readonly verdict: AuditVerdictAnswer }): ReactNode {
  const words = useWords(auditWords);
  return verdict.ok
    ? <Notice>{words.verified(verdict.rows)}</Notice>
    : <Notice tone="bad">{words.broken(verdict.at)} <Code text={verdict.problem} /></Notice>;
}
