import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { AuditAnswer, AuditEntryView } from '../../../../collector/api/contract/audit.ts';
import { useAsk } from '../../data/queries.ts';
import { Badge } from '../../design/badge.tsx';
import { Code, CodeLine, Name } from '../../design/code.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { policyWords } from '../../words/policy.ts';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import { hashOf, problemsOf } from './policy-problems.ts';
import css from './policy.module.css';

/** What the audit says of the policy's file: what came into force, and what was refused and why. */
const CHANGES = 10;
const EVERY_MS = 10_000;

export function PolicyChanges(
  { hash, part }: { readonly hash: string; readonly part: 'problem' | 'list' },
): ReactNode {
  const words = useWords(policyWords);
  const refusal = useRefusalEverywhere('viewer');
  const asked = useAsk<AuditAnswer>('/api/v1/audit', { action: 'policy', limit: CHANGES },
    { isEnabled: refusal === undefined, everyMs: EVERY_MS });
  if (asked.data === undefined) return null;
  const changes = asked.data.items;
  if (part === 'problem') {
    const [newest] = changes;
    return newest?.action === 'policy.refused' ? <Problem change={newest} hash={hash} /> : null;
  }
  return (
    <Panel title={words.changes} isFlush>
      {changes.length === 0
        ? <EmptyState title={words.changesNone} />
        : <ChangeTable changes={changes} />}
      <p className={css.more}>
        <Link href="/audit?action=policy">{words.allChanges}</Link>
      </p>
    </Panel>
  );
}

function Problem(
  { change, hash }: { readonly change: AuditEntryView; readonly hash: string },
): ReactNode {
  const words = useWords(policyWords);
  return (
    <div className={css.problem} role="alert">
      <h2>{words.refusedTitle}</h2>
      <ul>
        {problemsOf(change.detail).map(({ key, problem }) => (
          <li key={`${key} ${problem}`}>
            {key !== '' && <><Name text={key} className={css.mono} />: </>}
            <Code text={problem} />
          </li>
        ))}
      </ul>
      <p>{words.refusedHint} {words.stays(hash)}</p>
    </div>
  );
}

function ChangeTable({ changes }: { readonly changes: readonly AuditEntryView[] }): ReactNode {
  const words = useWords(policyWords);
  return (
    <Table
      caption={words.changes}
      rows={changes}
      keyOf={({ number }) => String(number)}
      columns={[
        { key: 'time', label: words.when2, cell: ({ time }) => <Time at={time} as="full" /> },
        { key: 'subject', label: words.revision, cell: ({ detail }) =>
          <CodeLine text={hashOf(detail)} /> },
        { key: 'file', label: words.file, cell: ({ subject }) => <Code text={subject} /> },
        { key: 'what', label: words.what, cell: ({ action }) => (action === 'policy.refused'
          ? <Badge tone="bad">{words.refused}</Badge>
          : <Badge tone="good">{words.loaded}</Badge>) },
      ]}
    />
  );
}
