import { useId, useRef } from 'react';
import type { KeyboardEvent, ReactNode } from 'react';

import css from './tabs.module.css';

export type Tab = { readonly key: string; readonly label: ReactNode; readonly content: ReactNode };

/** One of several at a time; arrows, Home and End move as in every tab list. */
export function Tabs(
  { label, tabs, selected, onSelect }: {
    readonly label: string;
    readonly tabs: readonly Tab[];
    readonly selected: string;
    readonly onSelect: (key: string) => void;
  },
): ReactNode {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const index = Math.max(0, tabs.findIndex(({ key }) => key === selected));
  const move = (event: KeyboardEvent): void => {
    const targets: Readonly<Record<string, number>> = {
      ArrowRight: (index + 1) % tabs.length,
      ArrowLeft: (index - 1 + tabs.length) % tabs.length,
      Home: 0,
      End: tabs.length - 1,
    };
    const target = targets[event.key];
    const tab = target === undefined ? undefined : tabs[target];
    if (target === undefined || tab === undefined) return;
    event.preventDefault();
    onSelect(tab.key);
    (list.current?.children[target] as HTMLElement | undefined)?.focus();
  };
  return (
    <div className={css.tabs}>
      <div ref={list} role="tablist" aria-label={label} className={css.list} onKeyDown={move}>
        {tabs.map((tab, at) => (
          <button
            key={tab.key}
            type="button"
            role="tab"
            id={`${id}-${at}`}
            aria-selected={at === index}
            aria-controls={`${id}-panel`}
            tabIndex={at === index ? 0 : -1}
            className={css.tab}
            onClick={() => onSelect(tab.key)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${index}`}>
        {tabs[index]?.content}
      </div>
    </div>
  );
}
