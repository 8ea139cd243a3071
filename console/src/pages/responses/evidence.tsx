import type { ReactNode } from 'react';

import type { ResponseDetail } from '../../../../collector/api/contract/response.ts';
import { useAsk } from '../../data/queries.ts';
import { useRefusal } from '../../data/session.ts';
import { Code, CodeLine, Name } from '../../design/code.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { responseWords } from '../../words/responses.ts';
import { DownloadLink } from '../parts/download-link.tsx';
import { bytesText } from '../parts/bytes-text.ts';
import { RESPONSES } from './queries.ts';
import css from './responses.module.css';

type File = {
  readonly name: string;
  readonly mediaType: string;
  readonly size: number;
  readonly takenTime: string;
};

/** What was kept before the action. Saved, never shown: an attacker wrote what is in it. */
export function Evidence({ response }: { readonly response: ResponseDetail }): ReactNode {
  const words = useWords(responseWords);
  const path = `${RESPONSES}/${encodeURIComponent(response.id)}/evidence`;
  const asked = useAsk<{ readonly items: readonly File[] }>(path);
  const problems = response.evidence.filter(({ problem }) => problem !== '');
  return (
    <Panel title={words.evidence} isFlush>
      {asked.isError && <ErrorState error={asked.error} />}
      {asked.data !== undefined && asked.data.items.length === 0 &&
        <EmptyState title={words.evidenceNone} />}
      {asked.data !== undefined && asked.data.items.length > 0 &&
        <FileTable response={response} files={asked.data.items} path={path} />}
      {problems.length > 0 && (
        <ul className={css.problems}>
          {problems.map(({ name, problem }) => (
            <li key={name}><Name text={name} />: <Code text={problem} /></li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function FileTable(
  { response, files, path }: {
    readonly response: ResponseDetail;
    readonly files: readonly File[];
    readonly path: string;
  },
): ReactNode {
  const words = useWords(responseWords);
  const refusal = useRefusal('responder', response.target.namespace);
  const hashOf = (name: string): string =>
    response.evidence.find((one) => one.name === name)?.sha256 ?? '';
  return (
    <>
      <p className={css.note}>{words.evidenceWarning}</p>
      <Table
        caption={words.evidence}
        rows={files}
        keyOf={({ name }) => name}
        columns={[
          { key: 'name', label: words.columns.file, cell: ({ name }) => <Name text={name} /> },
          { key: 'taken', label: words.columns.taken, cell: ({ takenTime }) =>
            <Time at={takenTime} as="full" /> },
          { key: 'size', label: words.size, isNumber: true, cell: ({ size }) => bytesText(size) },
          { key: 'hash', label: words.hash, cell: ({ name }) => <CodeLine text={hashOf(name)} /> },
          { key: 'get', label: words.columns.actions, isLabelHidden: true, cell: ({ name }) => (
            <DownloadLink
              href={`${path}/${encodeURIComponent(name)}`}
              fileName={name}
              label={words.download(visibleText(name))}
              refusal={refusal}
            >
              {words.downloadShort}
            </DownloadLink>
          ) },
        ]}
      />
    </>
  );
}
