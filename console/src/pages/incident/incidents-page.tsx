import type { ReactNode } from 'react';
import { Link } from 'wouter';

import { severities } from '../../../../baseline/alert.ts';
import type { IncidentView } from '../../../../collector/api/contract/incident.ts';
import { useAskPages } from '../../data/queries.ts';
import { useSession } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { Name } from '../../design/code.tsx';
import { CheckField, SelectField, TextField } from '../../design/field.tsx';
import { PageBody, PageHeader, Panel } from '../../design/page.tsx';
import { SeverityLabel } from '../../design/severity.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { designWords } from '../../words/design.ts';
import { severityWords } from '../../words/domain.ts';
import { incidentWords } from '../../words/incident.ts';
import { liveWords } from '../../words/live.ts';
import { useLanguage } from '../../words/language.ts';
import { useSearchState } from '../parts/search-state.ts';
import { Toolbar } from '../parts/toolbar.tsx';
import { IncidentState } from './incident-state.tsx';
import css from './incident.module.css';

const PATH = '/api/v1/incidents';
const PAGE = 50;

export function IncidentsPage(): ReactNode {
  const words = useWords(incidentWords);
  const design = useWords(designWords);
  const { principal } = useSession();
  const { search } = useSearchState();
  const state = search.get('state') ?? 'open';
  const q = (search.get('q') ?? '').trim();
  const asked = useAskPages<IncidentView>(PATH, {
    limit: PAGE,
    state: state === 'all' ? undefined : state,
    severity: search.get('severity') ?? undefined,
    assignee: search.get('mine') === '1' ? principal.name : undefined,
    acknowledged: search.get('new') === '1' ? false : undefined,
    q: q.length > 1 ? q : undefined,
  });
  return (
    <>
      <PageHeader title={words.listTitle} lead={words.listLead} />
      <PageBody>
        <Filters />
        <Panel isFlush>
          {asked.isPending && <Loading />}
          {asked.isError && (
            <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />
          )}
          {asked.data !== undefined && asked.items.length === 0 && (
            <EmptyState title={words.empty}>{words.emptyDetail}</EmptyState>
          )}
          {asked.items.length > 0 && <Incidents items={asked.items} />}
        </Panel>
        {asked.hasNextPage && (
          <div>
            <Button onClick={() => void asked.fetchNextPage()}>{design.showMore}</Button>
          </div>
        )}
      </PageBody>
    </>
  );
}

function Filters(): ReactNode {
  const words = useWords(incidentWords);
  const live = useWords(liveWords);
  const names = useWords(severityWords);
  const { search, change } = useSearchState();
  return (
    <Toolbar>
      <TextField
        label={words.search}
        isLabelHidden
        type="search"
        placeholder={live.textHint}
        value={search.get('q') ?? ''}
        onChange={(q) => change({ q })}
      />
      <SelectField
        label={words.state}
        isLabelHidden
        value={search.get('state') ?? 'open'}
        options={(['open', 'closed', 'all'] as const).map((value) =>
          ({ value, label: words.states[value] }))}
        onChange={(state) => change({ state: state === 'open' ? '' : state })}
      />
      <SelectField
        label={live.severity}
        isLabelHidden
        value={search.get('severity') ?? ''}
        options={[
          { value: '', label: live.anySeverity },
          ...severities.toReversed().map((value) => ({ value, label: live.atLeast(names[value]) })),
        ]}
        onChange={(severity) => change({ severity })}
      />
      <CheckField
        label={words.onlyMine}
        isChecked={search.get('mine') === '1'}
        onChange={(isChecked) => change({ mine: isChecked ? '1' : '' })}
      />
      <CheckField
        label={words.unacknowledged}
        isChecked={search.get('new') === '1'}
        onChange={(isChecked) => change({ new: isChecked ? '1' : '' })}
      />
    </Toolbar>
  );
}

function Incidents({ items }: { readonly items: readonly IncidentView[] }): ReactNode {
  const words = useWords(incidentWords);
  const language = useLanguage();
  const { columns } = words;
  return (
    <Table
      caption={words.listTitle}
      rows={items}
      keyOf={({ id }) => id}
      columns={[
        { key: 'severity', label: columns.severity,
          cell: ({ severity }) => <SeverityLabel severity={severity} /> },
        { key: 'title', label: columns.title, cell: (incident) => (
          <div className={css.title}>
            <Link href={`/incidents/${encodeURIComponent(incident.id)}`}>
              <Name text={incident.title[language]} />
            </Link>
            <IncidentState incident={incident} />
          </div>
        ) },
        { key: 'where', label: columns.where,
          cell: ({ namespace, workload }) => <Name text={`${namespace}/${workload}`} /> },
        { key: 'who', label: columns.who, cell: ({ work }) => work.assignee === null
          ? <span className={css.quiet}>{words.nobody}</span>
          : <Name text={work.assignee} /> },
        { key: 'alerts', label: columns.alerts, isNumber: true,
          cell: ({ alertCount }) => alertCount },
        { key: 'score', label: columns.score, isNumber: true,
          cell: ({ score }) => Math.round(score) },
        { key: 'last', label: columns.last, cell: ({ updatedAtMs }) => <Time at={updatedAtMs} /> },
      ]}
    />
  );
}
