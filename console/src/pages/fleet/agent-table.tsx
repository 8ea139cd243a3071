import { Fragment, useState } from 'react';
import type { ReactNode } from 'react';

import { Badge } from '../../design/badge.tsx';
import type { Tone } from '../../design/badge.tsx';
import { IconButton } from '../../design/button.tsx';
import { Name } from '../../design/code.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { fleetWords } from '../../words/fleet.ts';
import type { AgentHealth } from './agent-health.ts';
import { AgentDetails } from './agent-details.tsx';
import type { Agent } from './fleet-page.tsx';
import css from './agent-table.module.css';

const TONES: Readonly<Record<AgentHealth, Tone>> = {
  silent: 'bad', blind: 'bad', waiting: 'warn', behind: 'warn', losing: 'warn', well: 'good',
};
/** More are a filter away; a page of five thousand rows helps nobody. */
const ROWS_MAX = 500;
const COLUMNS = 10;

/** A row opens to its details, so that what to do stands beside what is wrong. */
export function AgentTable({ agents }: { readonly agents: readonly Agent[] }): ReactNode {
  const words = useWords(fleetWords);
  const [open, setOpen] = useState('');
  const { columns } = words;
  return (
    <table className={css.table}>
      <caption className="for-screen-readers">{words.title}</caption>
      <thead>
        <tr>
          <th scope="col">{columns.node}</th>
          <th scope="col">{columns.state}</th>
          <th scope="col">{columns.seen}</th>
          <th scope="col" className={css.number}>{columns.rate}</th>
          <th scope="col" className={css.number}>{columns.drops}</th>
          <th scope="col" className={css.number}>{columns.lag}</th>
          <th scope="col" className={css.number}>{columns.pending}</th>
          <th scope="col" className={css.number}>{columns.images}</th>
          <th scope="col">{columns.versions}</th>
          <th scope="col"><span className="for-screen-readers">{words.whatToDo}</span></th>
        </tr>
      </thead>
      <tbody>
        {agents.slice(0, ROWS_MAX).map((agent) => {
          const key = `${agent.node.cluster} ${agent.node.node}`;
          return (
            <Fragment key={key}>
              <Row
                agent={agent}
                isOpen={open === key}
                onToggle={() => setOpen(open === key ? '' : key)}
              />
              {open === key && (
                <tr className={css.details}>
                  <td colSpan={COLUMNS}><AgentDetails agent={agent} /></td>
                </tr>
              )}
            </Fragment>
          );
        })}
      </tbody>
    </table>
  );
}

function Row(
  { agent: { node, health, rate }, isOpen, onToggle }: {
    readonly agent: Agent;
    readonly isOpen: boolean;
    readonly onToggle: () => void;
  },
): ReactNode {
  const words = useWords(fleetWords);
  const { columns } = words;
  const number = (value: number): string => Math.round(value).toLocaleString();
  return (
    <tr>
      <th scope="row"><Name text={node.node} /></th>
      <td data-label={columns.state}>
        <Badge tone={TONES[health]}>{words.health[health]}</Badge>
      </td>
      <td data-label={columns.seen}><Time at={node.lastSeenTime} as="ago" /></td>
      <td data-label={columns.rate} className={css.number}>
        {rate === null ? <span title={words.noRate}>–</span> : number(rate.events)}
      </td>
      <td data-label={columns.drops} className={css.number}>{number(node.eventsDropped)}</td>
      <td data-label={columns.lag} className={css.number}>{node.lagSeconds.toFixed(1)} s</td>
      <td data-label={columns.pending} className={css.number}>{number(node.outboxPending)}</td>
      <td data-label={columns.images} className={css.number}>{node.images}</td>
      <td data-label={columns.versions}>
        <Name text={node.agentVersion} /> · Falco <Name text={node.falcoVersion || '?'} />
      </td>
      <td className={css.open}>
        <IconButton
          size="small"
          icon={isOpen ? 'up' : 'down'}
          label={words.details(visibleText(node.node))}
          aria-expanded={isOpen}
          onClick={onToggle}
        />
      </td>
    </tr>
  );
}
