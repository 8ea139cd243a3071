import { useMemo, useState } from 'react';
import type { ReactNode } from 'react';

import { channels as allChannels } from '../../../../baseline/alert.ts';
import type { ProfileDetail } from '../../../../collector/api/contract/profile.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Code } from '../../design/code.tsx';
import { SelectField, TextField } from '../../design/field.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { useWords } from '../../words/catalogue.ts';
import { channelWords } from '../../words/domain.ts';
import { profileWords } from '../../words/images.ts';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import { useSearchState } from '../parts/search-state.ts';
import { Toolbar } from '../parts/toolbar.tsx';
import { behavioursFor, totalOf } from './behaviour-rows.ts';
import { BehaviourList } from './behaviour-list.tsx';
import { JudgeButtons } from './judge-buttons.tsx';
import { JudgeDialog } from './judge-dialog.tsx';
import type { Judged, Judgement } from './judge-dialog.tsx';
import css from './images.module.css';

export type Asked = { readonly judgement: Judgement; readonly behaviours: readonly Judged[] };

export function BehavioursTab({ detail }: { readonly detail: ProfileDetail }): ReactNode {
  const words = useWords(profileWords);
  const { search, change } = useSearchState();
  const channel = allChannels.find((one) => one === search.get('channel')) ?? null;
  const text = search.get('q') ?? '';
  const rows = useMemo(
    () => behavioursFor(detail, { channel, text }),
    [detail, channel, text],
  );
  const [asked, ask] = useState<Asked | null>(null);
  const total = totalOf(detail, channel);
  return (
    <>
      {detail.waiting.length > 0 && <Waiting detail={detail} onJudge={ask} />}
      <Filters detail={detail} channel={channel ?? ''} text={text} change={change} />
      <Panel title={words.shownBehaviours(rows.length, total)} isFlush>
        {rows.length > 0 && <BehaviourList rows={rows} onJudge={ask} />}
        {rows.length === 0 && total > 0 && <EmptyState title={words.noMatch} />}
        {total === 0 &&
          <EmptyState title={words.noBehaviours}>{words.noBehavioursHint}</EmptyState>}
      </Panel>
      {asked !== null &&
        <JudgeDialog {...asked} profileId={detail.profile.id} onClose={() => ask(null)} />}
    </>
  );
}

function Filters(
  { detail, channel, text, change }: {
    readonly detail: ProfileDetail;
    readonly channel: string;
    readonly text: string;
    readonly change: (values: Readonly<Record<string, string>>) => void;
  },
): ReactNode {
  const words = useWords(profileWords);
  const names = useWords(channelWords);
  return (
    <Toolbar>
      <TextField
        label={words.findBehaviour}
        isLabelHidden
        type="search"
        placeholder={words.findBehaviour}
        value={text}
        onChange={(q) => change({ q })}
      />
      <SelectField
        label={words.channel}
        isLabelHidden
        value={channel}
        onChange={(value) => change({ channel: value })}
        options={[
          { value: '', label: words.allChannels },
          ...detail.channels.map((one) =>
            ({ value: one.channel, label: `${names[one.channel]} (${one.total})` })),
        ]}
      />
    </Toolbar>
  );
}

/** What one pod alone showed of a new version: the place to say that it is meant to be so. */
function Waiting(
  { detail, onJudge }: {
    readonly detail: ProfileDetail;
    readonly onJudge: (asked: Asked) => void;
  },
): ReactNode {
  const words = useWords(profileWords);
  const names = useWords(channelWords);
  const refusal = useRefusalEverywhere('analyst');
  return (
    <Panel
      title={words.waiting}
      isFlush
      actions={(
        <Button
          size="small"
          refusal={refusal}
          onClick={() => onJudge({ judgement: 'approve', behaviours: detail.waiting })}
        >
          {words.acceptSelected(detail.waiting.length)}
        </Button>
      )}
    >
      <p className={css.note}>{words.waitingLead}</p>
      <Table
        caption={words.waiting}
        rows={detail.waiting}
        keyOf={({ channel, value }) => `${channel} ${value}`}
        columns={[
          { key: 'value', label: words.behaviour, cell: ({ value }) => <Code text={value} /> },
          { key: 'channel', label: words.channel, cell: ({ channel }) => names[channel] },
          { key: 'pods', label: words.seenIn, cell: (one) => words.seenPods(one.pods, false) },
          { key: 'marks', label: words.stateShort, cell: ({ raised, suspicious }) => (
            <span className={css.badges}>
              {raised && <Badge tone="warn">{words.raised}</Badge>}
              {suspicious && <Badge tone="bad">{words.suspicious}</Badge>}
            </span>
          ) },
          { key: 'judge', label: words.ruling, isLabelHidden: true, cell: (one) =>
            <JudgeButtons behaviour={one} ruling={null} onJudge={onJudge} /> },
        ]}
      />
    </Panel>
  );
}
