import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { ProfileDetail, ProfileView } from '../../../../collector/api/contract/profile.ts';
import { Bar } from '../../design/bar.tsx';
import { Name } from '../../design/code.tsx';
import { SelectField } from '../../design/field.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { imageWords, profileWords } from '../../words/images.ts';
import { useSearchState } from '../parts/search-state.ts';
import { nameOf } from './image-rows.ts';
import { StateBadge } from './image-table.tsx';
import { percentOf } from './percent.ts';
import { useVersions } from './queries.ts';
import { inOrderOfVersions, versionBefore } from './version-order.ts';
import { VersionDiff } from './version-diff.tsx';
import css from './images.module.css';

/** The lineage, and what this version does that another one does not. */
export function VersionsTab({ detail }: { readonly detail: ProfileDetail }): ReactNode {
  const words = useWords(profileWords);
  const { profile } = detail;
  const asked = useVersions(profile.image.repository);
  if (profile.image.repository === '') return <EmptyState title={words.onlyVersion} />;
  if (asked.isPending) return <Loading />;
  if (asked.isError) {
    return <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />;
  }
  const versions = inOrderOfVersions(asked.data).toReversed();
  return (
    <>
      <Panel title={words.versionsLead} isFlush>
        <VersionTable versions={versions} id={profile.id} />
      </Panel>
      <Comparison detail={detail} versions={versions} />
    </>
  );
}

function VersionTable(
  { versions, id }: { readonly versions: readonly ProfileView[]; readonly id: string },
): ReactNode {
  const words = useWords(profileWords);
  const images = useWords(imageWords);
  return (
    <Table
      caption={words.versionsLead}
      rows={versions}
      keyOf={({ key }) => key}
      columns={[
        { key: 'version', label: words.version, cell: (row) => (
          <span className={css.name}>
            {row.id === id
              ? <strong><Name text={nameOf(row)} /></strong>
              : <Link href={`/images/${row.id}?tab=versions`}><Name text={nameOf(row)} /></Link>}
            {row.id === id && <span className={css.small}>{words.thisVersion}</span>}
            {row.workload !== '' &&
              <span className={css.small}><Name text={row.workload} /></span>}
          </span>
        ) },
        { key: 'state', label: images.columns.state, cell: (row) => <StateBadge row={row} /> },
        { key: 'coverage', label: images.columns.coverage, cell: (row) => (
          <Bar label={images.coverageText(percentOf(row.coverage))} value={row.coverage} max={1}
            text={percentOf(row.coverage)}
            tone={row.state === 'complete' ? 'good' : 'accent'} />
        ) },
        { key: 'nodes', label: images.columns.nodes, isNumber: true,
          cell: ({ nodes }) => (nodes === 0 ? images.notRunning : nodes) },
        { key: 'seen', label: words.versionSeen, cell: ({ stored }) =>
          (stored === null ? '–' : <Time at={stored.updatedTime} as="ago" />) },
      ]}
    />
  );
}

function Comparison(
  { detail, versions }: {
    readonly detail: ProfileDetail;
    readonly versions: readonly ProfileView[];
  },
): ReactNode {
  const words = useWords(profileWords);
  const { search, change } = useSearchState();
  const { profile } = detail;
  const others = versions.filter(({ id, stored }) => id !== profile.id && stored !== null);
  const asked = others.find(({ id }) => id === search.get('before'));
  const before = asked ?? versionBefore(others.concat(profile), profile) ?? others[0];
  if (before === undefined || profile.stored === null) {
    return <Panel><EmptyState title={words.onlyVersion} /></Panel>;
  }
  return (
    <VersionDiff
      key={before.id}
      detail={detail}
      before={before}
      picker={(
        <SelectField
          label={words.compareFrom}
          value={before.id}
          onChange={(id) => change({ before: id })}
          options={others.map((one) => ({
            value: one.id,
            label: visibleText([nameOf(one), one.workload].filter(Boolean).join(' ')),
          }))}
        />
      )}
    />
  );
}
