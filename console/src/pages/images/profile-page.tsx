import { useState } from 'react';
import type { ReactNode } from 'react';
import { Link, useParams } from 'wouter';

import type { ProfileDetail } from '../../../../collector/api/contract/profile.ts';
import { Button } from '../../design/button.tsx';
import { Name } from '../../design/code.tsx';
import { PageBody, PageHeader } from '../../design/page.tsx';
import { ErrorState, Loading } from '../../design/states.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { blastWords } from '../../words/blast.ts';
import { profileWords } from '../../words/images.ts';
import { blastAddressOf } from '../blast/blast-query.ts';
import { DownloadLink } from '../parts/download-link.tsx';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import { useSearchState } from '../parts/search-state.ts';
import { BehavioursTab } from './behaviours-tab.tsx';
import { DecisionsTab } from './decisions-tab.tsx';
import { nameOf } from './image-rows.ts';
import { StateBadge } from './image-table.tsx';
import { OverviewTab } from './overview-tab.tsx';
import { PlaceDialog } from './place-dialog.tsx';
import type { PlaceKind } from './place-dialog.tsx';
import { PROFILES, useProfile } from './queries.ts';
import { VersionsTab } from './versions-tab.tsx';
import css from './images.module.css';

/** One profile: how far it is learned, what it holds, where it came from, what people decided. */
const tabs = ['overview', 'behaviours', 'versions', 'decisions'] as const;

export function ProfilePage(): ReactNode {
  const words = useWords(profileWords);
  const { id } = useParams<{ readonly id: string }>();
  const asked = useProfile(id);
  if (asked.isPending) return <Loading />;
  if (asked.isError) {
    return (
      <>
        <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />
        <PageBody><Link href="/images">{words.back}</Link></PageBody>
      </>
    );
  }
  return <Profile key={id} detail={asked.data} />;
}

function Profile({ detail }: { readonly detail: ProfileDetail }): ReactNode {
  const words = useWords(profileWords);
  const { search, change } = useSearchState();
  const selected = tabs.find((tab) => tab === search.get('tab')) ?? 'overview';
  const content = {
    overview: <OverviewTab detail={detail} />,
    behaviours: <BehavioursTab detail={detail} />,
    versions: <VersionsTab detail={detail} />,
    decisions: <DecisionsTab detail={detail} />,
  };
  const { profile } = detail;
  const name = nameOf(profile);
  return (
    <>
      <PageHeader
        title={visibleText(name)}
        name={<Name text={name} />}
        lead={<Lead detail={detail} />}
        actions={<Actions detail={detail} />}
      />
      <PageBody>
        <Tabs
          label={words.tabsLabel}
          selected={selected}
          onSelect={(tab) => change({ tab: tab === 'overview' ? '' : tab })}
          tabs={tabs.map((key) => ({
            key,
            label: words.tabs[key],
            content: <div className={css.stack}>{content[key]}</div>,
          }))}
        />
      </PageBody>
    </>
  );
}

function Lead({ detail: { profile } }: { readonly detail: ProfileDetail }): ReactNode {
  const words = useWords(profileWords);
  const blast = useWords(blastWords);
  const name = nameOf(profile);
  return (
    <span className={css.badges}>
      <Link href="/images">{words.back}</Link>
      <StateBadge row={profile} />
      {profile.workload !== '' && <Name text={profile.workload} />}
      {profile.image.repository !== '' && (
        <Link href={blastAddressOf('image', profile.image.digest === ''
          ? name : `${profile.image.repository}@${profile.image.digest}`)}
        >
          {blast.toImage}
        </Link>
      )}
    </span>
  );
}

function Actions({ detail: { profile } }: { readonly detail: ProfileDetail }): ReactNode {
  const words = useWords(profileWords);
  const refusal = useRefusalEverywhere('analyst');
  const [asked, ask] = useState<PlaceKind | null>(null);
  const name = nameOf(profile);
  const file = `${name.replace(/[^\w.-]+/g, '-').slice(0, 100)}.yaml`;
  return (
    <>
      {profile.stored !== null && (
        <DownloadLink
          href={`${PROFILES}/${profile.id}/export`}
          fileName={file}
          label={words.exportName}
        >
          {words.export}
        </DownloadLink>
      )}
      <Button
        icon="lock"
        refusal={refusal}
        onClick={() => ask(profile.isLocked ? 'unlock' : 'lock')}
      >
        {profile.isLocked ? words.unlock : words.lock}
      </Button>
      <Button look="danger" refusal={refusal} onClick={() => ask('reset')}>{words.reset}</Button>
      {asked !== null &&
        <PlaceDialog kind={asked} profile={profile} onClose={() => ask(null)} />}
    </>
  );
}
