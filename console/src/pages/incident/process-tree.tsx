import { useRef, useState } from 'react';
import type { KeyboardEvent, ReactNode } from 'react';

import type { ProcessNode } from '../../../../collector/api/contract/alert.ts';
import { Badge } from '../../design/badge.tsx';
import { Code, Name } from '../../design/code.tsx';
import { Icon } from '../../design/icon.tsx';
import { useWords } from '../../words/catalogue.ts';
import { incidentWords } from '../../words/incident.ts';
import { processRows } from './process-rows.ts';
import type { ProcessRow } from './process-rows.ts';
import css from './incident.module.css';

/** Up and down walk, right opens or goes in, left closes or goes out: as in every tree. */
export function ProcessTree({ roots }: { readonly roots: readonly ProcessNode[] }): ReactNode {
  const words = useWords(incidentWords);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState('');
  const list = useRef<HTMLUListElement>(null);
  const rows = processRows(roots, closed);
  const at = Math.max(0, rows.findIndex(({ key }) => key === current));
  const goTo = (index: number): void => {
    const row = rows[index];
    if (row === undefined) return;
    setCurrent(row.key);
    (list.current?.children[index] as HTMLElement | undefined)?.focus();
  };
  const toggle = ({ key }: ProcessRow): void => {
    const next = new Set(closed);
    if (!next.delete(key)) next.add(key);
    setClosed(next);
  };
  const press = (event: KeyboardEvent): void => {
    const row = rows[at];
    if (row === undefined) return;
    const isOpen = row.hasChildren && !closed.has(row.key);
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown: () => goTo(at + 1),
      ArrowUp: () => goTo(at - 1),
      Home: () => goTo(0),
      End: () => goTo(rows.length - 1),
      ArrowRight: () => (isOpen ? goTo(at + 1) : row.hasChildren && toggle(row)),
      ArrowLeft: () => (isOpen
        ? toggle(row)
        : goTo(rows.findIndex(({ key }) => key === row.parent))),
      Enter: () => row.hasChildren && toggle(row),
    };
    const move = moves[event.key];
    // A button in a row has keys of its own.
    const isOnRow = (event.target as Element).getAttribute('role') === 'treeitem';
    if (move === undefined || !isOnRow) return;
    event.preventDefault();
    move();
  };
  if (rows.length === 0) return <p className={css.quiet}>{words.treeEmpty}</p>;
  return (
    <>
      <p className={css.quiet}>{words.treeHint}</p>
      <ul ref={list} role="tree" aria-label={words.tree} className={css.tree} onKeyDown={press}>
        {rows.map((row, index) => (
          <li
            key={row.key}
            role="treeitem"
            aria-level={row.level}
            aria-posinset={row.position}
            aria-setsize={row.siblings}
            {...(row.hasChildren ? { 'aria-expanded': !closed.has(row.key) } : {})}
            aria-selected={index === at}
            tabIndex={index === at ? 0 : -1}
            data-novel={row.node.behaviours.length > 0}
            style={{ paddingInlineStart: `${Math.min(row.level - 1, 12) * 16 + 4}px` }}
            onFocus={() => setCurrent(row.key)}
          >
            <button
              type="button"
              tabIndex={-1}
              className={css.fold}
              aria-hidden="true"
              onClick={() => row.hasChildren && toggle(row)}
            >
              {row.hasChildren && <Icon name={closed.has(row.key) ? 'right' : 'down'} size={12} />}
            </button>
            <Process node={row.node} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Process({ node }: { readonly node: ProcessNode }): ReactNode {
  const words = useWords(incidentWords);
  const isNovel = node.behaviours.length > 0;
  return (
    <div className={css.process}>
      <span className={css.processHead}>
        <strong><Name text={node.name || node.exe} /></strong>
        {node.pid !== null && <span className={css.quiet}>{words.pid(node.pid)}</span>}
        {node.uid !== null && <span className={css.quiet}>{words.user(node.uid)}</span>}
        {isNovel && <Badge tone="bad">{words.novel}</Badge>}
      </span>
      {node.commandLine !== '' && <Code text={node.commandLine} />}
      {node.behaviours.map((behaviour, index) => (
        <span key={index} className={css.shown}><Code text={behaviour} /></span>
      ))}
    </div>
  );
}
