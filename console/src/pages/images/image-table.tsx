import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { ProfileView } from '../../../../collector/api/contract/profile.ts';
import { Badge } from '../../design/badge.tsx';
import { Bar } from '../../design/bar.tsx';
import { Name } from '../../design/code.tsx';
import { Table } from '../../design/table.tsx';
import type { Column } from '../../design/table.tsx';
import { useWords } from '../../words/catalogue.ts';
import { profileStateWords } from '../../words/domain.ts';
import { imageWords } from '../../words/images.ts';
import { forecastOf, nameOf } from './image-rows.ts';
import { percentOf } from './percent.ts';
import css from './images.module.css';

export function ImageTable(
  { rows, alerts }: {
    readonly rows: readonly ProfileView[];
    /** By repository: versions of one image share what was raised. */
    readonly alerts: ReadonlyMap<string, number>;
  },
): ReactNode {
  const words = useWords(imageWords);
  const columns: readonly Column<ProfileView>[] = [
    { key: 'name', label: words.columns.name, cell: (row) => <NameCell row={row} /> },
    { key: 'state', label: words.columns.state, cell: (row) => <StateBadge row={row} /> },
    { key: 'coverage', label: words.columns.coverage, cell: (row) => <CoverageBar row={row} /> },
    { key: 'forecast', label: words.columns.forecast,
      cell: (row) => <span className={css.line}>{words.forecast(forecastOf(row))}</span> },
    { key: 'pods', label: words.columns.pods, isNumber: true, cell: ({ pods }) => pods },
    { key: 'nodes', label: words.columns.nodes, isNumber: true,
      cell: ({ nodes }) => 
        (nodes === 0 ? <span className={css.line}>{words.notRunning}</span> : nodes) },
    { key: 'alerts', label: words.columns.alerts, isNumber: true,
      cell: ({ image }) => alerts.get(image.repository) ?? 0 },
  ];
  return <Table caption={words.title} columns={columns} rows={rows} keyOf={({ key }) => key} />;
}

function NameCell({ row }: { readonly row: ProfileView }): ReactNode {
  const words = useWords(imageWords);
  return (
    <span className={css.name}>
      <Link href={`/images/${row.id}`}><Name text={nameOf(row)} /></Link>
      {row.workload !== '' && <span className={css.workload}><Name text={row.workload} /></span>}
      {row.stored === null && <span className={css.workload}>{words.noEvidence}</span>}
    </span>
  );
}

export function StateBadge(
  { row }: { readonly row: Pick<ProfileView, 'state' | 'isLocked'> },
): ReactNode {
  const words = useWords(imageWords);
  const states = useWords(profileStateWords);
  const tone = row.state === 'complete' ? 'good' : row.state === 'learning' ? 'accent' : 'warn';
  return (
    <span className={css.badges}>
      <Badge tone={tone}>{states[row.state]}</Badge>
      {row.isLocked && <Badge>{words.locked}</Badge>}
    </span>
  );
}

function CoverageBar({ row }: { readonly row: ProfileView }): ReactNode {
  const words = useWords(imageWords);
  const percent = percentOf(row.coverage);
  return (
    <Bar
      label={words.coverageText(percent)}
      value={row.coverage}
      max={1}
      text={percent}
      tone={row.state === 'complete' ? 'good' : 'accent'}
    />
  );
}
