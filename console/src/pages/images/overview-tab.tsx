import type { ReactNode } from 'react';

import type { ProfileDetail } from '../../../../collector/api/contract/profile.ts';
import { ApiError } from '../../data/api.ts';
import { Badge } from '../../design/badge.tsx';
import { Bar } from '../../design/bar.tsx';
import { CodeLine, Name } from '../../design/code.tsx';
import { Facts, Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { channelWords } from '../../words/domain.ts';
import { imageWords, profileWords } from '../../words/images.ts';
import { CoverageFigure } from './coverage-figure.tsx';
import { forecastOf } from './image-rows.ts';
import { percentOf } from './percent.ts';
import { useHistory } from './queries.ts';
import css from './images.module.css';

export function OverviewTab({ detail }: { readonly detail: ProfileDetail }): ReactNode {
  const words = useWords(profileWords);
  return (
    <>
      <Panel><ProfileFacts detail={detail} /></Panel>
      <Panel title={words.coverage}><Coverage id={detail.profile.id} /></Panel>
      <Panel title={words.channels} isFlush><ChannelTable detail={detail} /></Panel>
    </>
  );
}

function ProfileFacts({ detail: { profile } }: { readonly detail: ProfileDetail }): ReactNode {
  const words = useWords(profileWords);
  const images = useWords(imageWords);
  const { facts } = words;
  const { image, stored } = profile;
  const percent = percentOf(profile.coverage);
  return (
    <Facts
      items={[
        [images.columns.coverage,
          <Bar key="bar" label={images.coverageText(percent)} value={profile.coverage} max={1}
            text={percent} tone={profile.state === 'complete' ? 'good' : 'accent'} />],
        [facts.complete, images.forecast(forecastOf(profile))],
        [facts.pods, profile.pods],
        [facts.nodes, profile.nodes === 0 ? images.notRunning : profile.nodes],
        [facts.observations, profile.observations.toLocaleString()],
        ...stored === null ? [] : [
          [facts.windows, stored.windows.toLocaleString()] as const,
          [facts.updated,
            <Time key="time" at={stored.updatedTime} as="ago" isFocusable />] as const,
        ],
        ...stored === null || stored.generation === 0 ? [] : [
          [facts.generation, <Time key="time" at={stored.generation} as="full" isFocusable />] as
            const,
        ],
        ...profile.workload === ''
          ? []
          : [[facts.workload, <Name key="name" text={profile.workload} />] as const],
        ...image.digest === ''
          ? []
          : [[facts.digest, <CodeLine key="digest" text={image.digest} />] as const],
      ]}
    />
  );
}

function Coverage({ id }: { readonly id: string }): ReactNode {
  const words = useWords(profileWords);
  const asked = useHistory(id);
  if (asked.isPending) return <Loading />;
  if (asked.isError) {
    // Nothing was sampled yet.
    if (asked.error instanceof ApiError && asked.error.status === 404) {
      return <EmptyState title={words.coverageNone} />;
    }
    return <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />;
  }
  return <CoverageFigure history={asked.data.points} />;
}

type ChannelRow = ProfileDetail['channels'][number];

function ChannelTable({ detail }: { readonly detail: ProfileDetail }): ReactNode {
  const words = useWords(profileWords);
  const channels = useWords(channelWords);
  return (
    <Table<ChannelRow>
      caption={words.channels}
      rows={detail.channels}
      keyOf={({ channel }) => channel}
      columns={[
        { key: 'channel', label: words.channel, cell: ({ channel, learning }) => (
          <span className={css.name}>
            <span>{channels[channel]}</span>
            {learning !== null &&
              <span className={css.small}>{learning.isStrong ? words.strong : words.weak}</span>}
          </span>
        ) },
        { key: 'total', label: words.behaviours, isNumber: true,
          cell: ({ total }) => total.toLocaleString() },
        { key: 'state', label: words.stateShort, cell: ({ learning }) => (
          learning === null ? '–' : (
            <Badge tone={learning.isComplete ? 'good' : 'accent'}>
              {learning.isComplete ? words.isComplete : words.isLearning}
            </Badge>
          )) },
        { key: 'clean', label: words.progress, cell: ({ learning }) =>
          learning !== null && <CleanRun learning={learning} /> },
      ]}
    />
  );
}

function CleanRun(
  { learning }: { readonly learning: NonNullable<ChannelRow['learning']> },
): ReactNode {
  const words = useWords(profileWords);
  const { cleanWindows, neededWindows, basis, isComplete } = learning;
  const text = words.clean(Math.min(cleanWindows, neededWindows), neededWindows);
  return (
    <span className={css.name}>
      <Bar label={words.progress} value={cleanWindows} max={neededWindows} text={text}
        tone={isComplete ? 'good' : 'accent'} />
      <span className={css.small}>{basis === 'pods' ? words.byPods : words.byWindows}</span>
    </span>
  );
}
