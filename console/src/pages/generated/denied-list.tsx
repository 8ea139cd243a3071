import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { DeniedFlowsView, NetworkPolicyAnswer } from
  '../../../../collector/api/contract/policies.ts';
import { addressOf } from '../../data/api.ts';
import { Badge } from '../../design/badge.tsx';
import { Name } from '../../design/code.tsx';
import { LongTable } from '../../design/long-table.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState } from '../../design/states.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { generatedWords } from '../../words/generated.ts';
import { endTextOf } from '../egress/flow-words.ts';
import css from './generated.module.css';

/** Each connection that would have been denied, with what says that it was and what it may be. */
export function DeniedList(
  { report: { denied, deniedBeyond } }: { readonly report: NetworkPolicyAnswer['report'] },
): ReactNode {
  const words = useWords(generatedWords);
  return (
    <Panel isFlush title={words.tabs.denied}>
      {denied.length === 0
        ? <EmptyState title={words.noDenied} />
        : (
          <LongTable
            caption={words.tabs.denied}
            rows={denied}
            keyOf={({ pod, process, direction, address, port, protocol }) =>
              JSON.stringify([pod, process, direction, address, port, protocol])}
            foot={deniedBeyond > 0 ? words.deniedBeyond(deniedBeyond) : undefined}
            columns={[
              { key: 'from', label: words.from, cell: (row) => <From row={row} /> },
              { key: 'way', label: words.direction, width: '70px',
                cell: ({ direction }) => words.directions[direction] },
              { key: 'other', label: words.other, cell: (row) => <Other row={row} /> },
              { key: 'count', label: words.connections, width: '80px', isNumber: true,
                cell: ({ connections }) => connections.toLocaleString() },
              { key: 'last', label: words.last, width: '100px', isSpare: true,
                cell: ({ lastTime }) => <Time at={lastTime} as="ago" /> },
              { key: 'cause', label: words.cause, width: '170px',
                cell: (row) => <Cause row={row} /> },
              { key: 'flows', label: words.evidence, width: '110px',
                cell: (row) => <Flows row={row} /> },
            ]}
          />
        )}
    </Panel>
  );
}

function From({ row }: { readonly row: DeniedFlowsView }): ReactNode {
  return (
    <>
      <Name text={row.pod} />
      <span className={css.sub}><Name text={row.process} /></span>
    </>
  );
}

function Other({ row }: { readonly row: DeniedFlowsView }): ReactNode {
  const words = useWords(generatedWords);
  return (
    <>
      <Name text={`${endTextOf(row.address, row.port)} ${row.protocol}`} />
      <span className={css.sub}>
        {row.peer === '' ? words.outside : <Name text={row.peer} />}
      </span>
    </>
  );
}

function Cause({ row }: { readonly row: DeniedFlowsView }): ReactNode {
  const words = useWords(generatedWords);
  return (
    <span className={css.links}>
      <Badge tone={row.cause === 'none' ? 'warn' : 'good'}>
        {words.causes[row.cause]}
      </Badge>
      {row.alerts.map(({ id }) => (
        <Link key={id} href={`/alerts/${encodeURIComponent(id)}`}><Name text={id} /></Link>
      ))}
    </span>
  );
}

function Flows({ row }: { readonly row: DeniedFlowsView }): ReactNode {
  const words = useWords(generatedWords);
  const [namespace = '', pod = ''] = row.pod.includes('/') ? row.pod.split('/') : ['', row.pod];
  return (
    <Link
      href={addressOf('/egress', {
        tab: 'flows', namespace, pod, address: row.address,
        port: row.port < 0 ? undefined : row.port, from: row.firstTime, to: row.lastTime,
      })}
      title={row.flows.join(' ')}
    >
      {words.flow(row.flows.length + row.flowsBeyond)}
    </Link>
  );
}
