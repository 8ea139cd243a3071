import { Fragment, useMemo, useState } from 'react';
import type { ReactNode } from 'react';

import { useWords } from '../words/catalogue.ts';
import { designWords } from '../words/design.ts';
import { cut, shownParts, visibleText } from './visible-text.ts';
import type { TextPart } from './visible-text.ts';
import css from './code.module.css';

const BLOCK_CHARACTERS = 600;
const LINE_CHARACTERS = 300;

const Parts = ({ parts }: { readonly parts: readonly TextPart[] }): ReactNode =>
  parts.map((part, index) => part.isEscape
    ? <span key={index} className={css.escape}>{part.text}</span>
    : <Fragment key={index}>{part.text}</Fragment>);

/** So many characters of it; memory of what was made of it, because lists draw it often. */
function useShown(text: string, charactersMax: number) {
  return useMemo(() => shownParts(text, charactersMax), [text, charactersMax]);
}

/** Names that come from outside (pods, namespaces, images, people): shown as they are written. */
export function Name(
  { text, className = '', isWhole = false }: {
    readonly text: string;
    readonly className?: string | undefined;
    /** For what is bounded already, e.g. a person's comment. */
    readonly isWhole?: boolean;
  },
): ReactNode {
  const { parts, isCut } = useShown(text, isWhole ? Number.MAX_SAFE_INTEGER : LINE_CHARACTERS);
  return (
    <bdi className={`${css.name} ${className}`} dir="ltr">
      <Parts parts={parts} />
      {isCut && '…'}
    </bdi>
  );
}

/** The same in one line, in the type of code; the whole of it on hover. */
export function CodeLine(
  { text, className = '' }: { readonly text: string; readonly className?: string | undefined },
): ReactNode {
  const { parts, isCut } = useShown(text, LINE_CHARACTERS);
  return (
    <code
      className={`${css.line} ${className}`}
      dir="ltr"
      title={visibleText(cut(text, BLOCK_CHARACTERS))}
    >
      <Parts parts={parts} />
      {isCut && '…'}
    </code>
  );
}

/** A sentence with names in it, in one line. */
export function TextLine(
  { text, title = text, className = '' }: {
    readonly text: string;
    /** Where the line shows a part of it. */
    readonly title?: string;
    readonly className?: string | undefined;
  },
): ReactNode {
  const { parts, isCut } = useShown(text, LINE_CHARACTERS);
  return (
    <bdi
      className={`${css.line} ${css.plain} ${className}`}
      dir="ltr"
      title={visibleText(cut(title, BLOCK_CHARACTERS))}
    >
      <Parts parts={parts} />
      {isCut && '…'}
    </bdi>
  );
}

/** Command lines, paths, values: broken anywhere, cut at some lines, the rest on demand. */
export function Code({ text }: { readonly text: string }): ReactNode {
  const words = useWords(designWords);
  const [isWhole, setWhole] = useState(false);
  const { parts, isCut } = useShown(text, isWhole ? Number.MAX_SAFE_INTEGER : BLOCK_CHARACTERS);
  return (
    <span className={css.block}>
      <code dir="ltr"><Parts parts={parts} /></code>
      {(isCut || isWhole) && (
        <button
          type="button"
          className={css.more}
          aria-expanded={isWhole}
          onClick={() => setWhole(!isWhole)}
        >
          {isWhole ? words.showLess : words.showAllCharacters(text.length)}
        </button>
      )}
    </span>
  );
}
