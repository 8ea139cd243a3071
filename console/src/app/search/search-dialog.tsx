import { useId, useState } from 'react';
import type { KeyboardEvent, ReactNode } from 'react';
import { Link, useLocation } from 'wouter';

import type { SearchAnswer } from '../../../../collector/api/contract/search.ts';
import { useAsk } from '../../data/queries.ts';
import { TextLine } from '../../design/code.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { ErrorState } from '../../design/states.tsx';
import { useSettled } from '../../pages/parts/use-settled.ts';
import { useWords } from '../../words/catalogue.ts';
import { useLanguage } from '../../words/language.ts';
import { searchWords } from '../../words/search.ts';
import { hitGroups, hitsOf, moved, pagesFor } from './hits.ts';
import type { Hit, NamedPage } from './hits.ts';
import css from './search.module.css';

/**
 * One box for everything. The focus stays in the box while the arrows choose; the dialog gives it
 * back to where it was, and to the page when it leads somewhere.
 */
const CHARACTERS_MIN = 2;
const CHARACTERS_MAX = 200;
const OF_EACH_MAX = 6;

export function SearchDialog(
  { pages, onClose }: { readonly pages: readonly NamedPage[]; readonly onClose: () => void },
): ReactNode {
  const words = useWords(searchWords);
  const [text, setText] = useState('');
  const [chosen, choose] = useState(-1);
  const [, navigate] = useLocation();
  const id = useId();
  const found = useHits(text, pages);
  const { hits } = found;
  const go = (): void => {
    onClose();
    // After the dialog has given the focus back, which is no longer wanted there.
    requestAnimationFrame(() => document.getElementById('content')?.focus());
  };
  const press = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    const next = moved(chosen, event.key, hits.length);
    if (next !== null) {
      event.preventDefault();
      choose(next);
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: 'nearest' });
      return;
    }
    const hit = hits[Math.max(0, chosen)];
    if (event.key !== 'Enter' || hit === undefined || found.isWaiting) return;
    event.preventDefault();
    navigate(hit.href);
    go();
  };
  return (
    <Dialog title={words.title} onClose={onClose} isWide>
      <input
        ref={(input) => input?.setAttribute('autofocus', '')}
        className={css.box}
        type="search"
        role="combobox"
        aria-label={words.label}
        placeholder={words.label}
        aria-expanded={hits.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        {...(chosen >= 0 && chosen < hits.length
          ? { 'aria-activedescendant': `${id}-${chosen}` } : {})}
        autoComplete="off"
        spellCheck={false}
        maxLength={CHARACTERS_MAX}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          choose(-1);
        }}
        onKeyDown={press}
      />
      <Said found={found} text={text} />
      <div id={`${id}-list`} role="listbox" aria-label={words.results} className={css.list}>
        <Groups hits={hits} chosen={Math.max(0, chosen)} id={id} onGo={go} />
      </div>
    </Dialog>
  );
}

type Found = {
  readonly hits: readonly Hit[];
  /** What is shown is not yet the answer to what is typed. */
  readonly isWaiting: boolean;
  readonly isPartial: boolean;
  readonly error: unknown;
};

function useHits(text: string, pages: readonly NamedPage[]): Found {
  const language = useLanguage();
  const q = text.trim();
  const settled = useSettled(q);
  const isLong = settled.length >= CHARACTERS_MIN;
  const asked = useAsk<SearchAnswer>('/api/v1/search', { q: settled, limit: OF_EACH_MAX },
    { isEnabled: isLong, keepsPrevious: true });
  if (q.length < CHARACTERS_MIN) {
    return { hits: [], isWaiting: false, isPartial: false, error: null };
  }
  const answer = isLong ? asked.data : undefined;
  return {
    hits: [...pagesFor(pages, q), ...(answer === undefined ? [] : hitsOf(answer, language))],
    isWaiting: settled !== q || asked.isFetching,
    isPartial: answer?.isPartial === true,
    error: asked.error,
  };
}

function Said({ found, text }: { readonly found: Found; readonly text: string }): ReactNode {
  const words = useWords(searchWords);
  if (found.error !== null) return <ErrorState error={found.error} />;
  const isShort = text.trim().length < CHARACTERS_MIN;
  const isNothing = found.hits.length === 0 && !found.isWaiting && !isShort;
  const said = isShort ? words.short
    : isNothing ? `${words.none}. ${words.noneHint}`
      : found.isWaiting ? '' : words.count(found.hits.length);
  return (
    <p className={css.said} role="status">
      {said}{said !== '' && ' · '}{found.isPartial ? words.partial : words.hint}
    </p>
  );
}

function Groups(
  { hits, chosen, id, onGo }: {
    readonly hits: readonly Hit[];
    readonly chosen: number;
    readonly id: string;
    readonly onGo: () => void;
  },
): ReactNode {
  const words = useWords(searchWords);
  return hitGroups
    .filter((group) => hits.some((hit) => hit.group === group))
    .map((group) => (
      <div key={group} role="group" aria-label={words.groups[group]} className={css.group}>
        <div className={css.name} aria-hidden="true">{words.groups[group]}</div>
        {hits.map((hit, index) => hit.group === group && (
          <Link
            key={hit.key}
            id={`${id}-${index}`}
            href={hit.href}
            role="option"
            aria-selected={index === chosen}
            tabIndex={-1}
            className={css.hit}
            onClick={onGo}
          >
            <TextLine text={hit.text} />
            {hit.detail !== '' &&
              <span className={css.detail}><TextLine text={hit.detail} /></span>}
          </Link>
        ))}
      </div>
    ));
}
