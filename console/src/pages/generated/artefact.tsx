import { Fragment, useMemo, useState } from 'react';
import type { ReactNode } from 'react';

import { saveText } from '../../data/download.ts';
import { Button } from '../../design/button.tsx';
import { Panel } from '../../design/page.tsx';
import { Notice } from '../../design/states.tsx';
import { visibleParts } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { generatedWords } from '../../words/generated.ts';
import css from './generated.module.css';

/**
 * A file to be read before it is taken: line ends are its own, whatever else does not show by
 * itself stands as an escape. What is copied and downloaded is the file, not what is shown.
 */
const LINES_SHOWN_MAX = 2_000;
/** The report stands in the file's head, too; here it has tabs of its own. */
const HEAD_LINES_MAX = 6;

export function Artefact(
  { text, fileName }: { readonly text: string; readonly fileName: string },
): ReactNode {
  const words = useWords(generatedWords);
  const [copied, setCopied] = useState<boolean | null>(null);
  const lines = useMemo(() => text.replace(/\n$/, '').split('\n'), [text]);
  const [isUnfolded, unfold] = useState(false);
  const end = lines.findIndex((line) => !line.startsWith('#'));
  const folded = isUnfolded || end <= HEAD_LINES_MAX ? 0 : end - HEAD_LINES_MAX;
  const head = folded === 0 ? [] : lines.slice(0, HEAD_LINES_MAX);
  const rest = lines.slice(folded === 0 ? 0 : end, LINES_SHOWN_MAX);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Not over plain HTTP, and not where a policy forbids it: said below.
      setCopied(false);
    }
  };
  return (
    <Panel
      title={words.file}
      isFlush
      actions={(
        <>
          <Button size="small" onClick={() => void copy()}>
            {copied === true ? words.copied : words.copy}
          </Button>
          <Button size="small" icon="download" aria-label={words.downloadName(fileName)}
            onClick={() => saveText(fileName, 'text/plain', text)}
          >
            {words.download}
          </Button>
        </>
      )}
    >
      {copied === false && <Notice tone="warn">{words.copyFailed}</Notice>}
      <pre className={css.file} dir="ltr" tabIndex={0} aria-label={fileName}>
        {head.map((line, index) =>
          <Fragment key={index}><Line text={line} />{'\n'}</Fragment>)}
        {folded > 0 && (
          <>
            <Button size="small" look="quiet" onClick={() => unfold(true)}>
              {words.moreComments(folded)}
            </Button>
            {'\n'}
          </>
        )}
        {rest.map((line, index) =>
          <Fragment key={index}><Line text={line} />{'\n'}</Fragment>)}
      </pre>
      {lines.length > LINES_SHOWN_MAX &&
        <p className={css.note}>{words.lines(LINES_SHOWN_MAX, lines.length)}</p>}
    </Panel>
  );
}

const Line = ({ text }: { readonly text: string }): ReactNode =>
  visibleParts(text).map((part, index) => part.isEscape
    ? <span key={index} className={css.escape}>{part.text}</span>
    : <Fragment key={index}>{part.text}</Fragment>);
