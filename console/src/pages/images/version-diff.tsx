import { useMemo, useState } from 'react';
import type { ReactNode } from 'react';

import type { DiffAnswer, ProfileDetail, ProfileView } from
  '../../../../collector/api/contract/profile.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Code } from '../../design/code.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { cut, visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { channelWords } from '../../words/domain.ts';
import { profileWords } from '../../words/images.ts';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import { rulingsOf } from './behaviour-rows.ts';
import type { Asked } from './behaviours-tab.tsx';
import { JudgeButtons } from './judge-buttons.tsx';
import { JUDGED_MAX, JudgeDialog } from './judge-dialog.tsx';
import { useDiff } from './queries.ts';
import css from './version-diff.module.css';

type Row = DiffAnswer['items'][number];

/** What this version has that the other has not, and the reverse, channel by channel. */
export function VersionDiff(
  { detail, before, picker }: {
    readonly detail: ProfileDetail;
    readonly before: ProfileView;
    readonly picker: ReactNode;
  },
): ReactNode {
  const words = useWords(profileWords);
  const asked = useDiff(before.id, detail.profile.id);
  const rows = asked.data?.items ?? [];
  const count = (change: Row['change']): number =>
    rows.filter((row) => row.change === change).length;
  return (
    <Panel
      title={words.compare}
      actions={asked.data !== undefined &&
        <span>{words.diffSummary(count('added'), count('removed'), count('changed'))}</span>}
    >
      <div className={css.picker}>{picker}</div>
      {asked.isPending && <Loading />}
      {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.data !== undefined && rows.length === 0 &&
        <EmptyState title={words.noDiff}>{words.noDiffHint}</EmptyState>}
      {rows.length > 0 && <Rows detail={detail} rows={rows} />}
    </Panel>
  );
}

function Rows(
  { detail, rows }: { readonly detail: ProfileDetail; readonly rows: readonly Row[] },
): ReactNode {
  const channels = useWords(channelWords);
  const [asked, ask] = useState<Asked | null>(null);
  const [selected, select] = useState<ReadonlySet<string>>(new Set());
  const rulingOn = useMemo(() => rulingsOf(detail), [detail]);
  const open = rows.filter((row) =>
    row.change === 'added' && rulingOn(row.channel, row.value) === null);
  const chosen = open.filter((row) => selected.has(keyOf(row)));
  const groups = Map.groupBy(rows, ({ channel }) => channel);
  const toggle = (row: Row): void => {
    const next = new Set(selected);
    if (!next.delete(keyOf(row))) next.add(keyOf(row));
    select(next);
  };
  return (
    <>
      {open.length > 0 && (
        <Selection
          chosen={chosen}
          isAll={chosen.length === Math.min(open.length, JUDGED_MAX)}
          onAll={(isAll) => select(new Set(isAll ? open.slice(0, JUDGED_MAX).map(keyOf) : []))}
          onJudge={ask}
        />
      )}
      {[...groups].map(([channel, of]) => (
        <section key={channel} className={css.group} aria-label={channels[channel]}>
          <h3>{channels[channel]}</h3>
          <ul className={css.rows}>
            {of.map((row) => (
              <DiffRow
                key={keyOf(row)}
                row={row}
                ruling={rulingOn(row.channel, row.value)}
                isSelected={open.includes(row) ? selected.has(keyOf(row)) : null}
                onSelect={() => toggle(row)}
                onJudge={ask}
              />
            ))}
          </ul>
        </section>
      ))}
      {asked !== null && (
        <JudgeDialog
          {...asked}
          profileId={detail.profile.id}
          onClose={() => ask(null)}
          onDone={() => select(new Set())}
        />
      )}
    </>
  );
}

function Selection(
  { chosen, isAll, onAll, onJudge }: {
    readonly chosen: readonly Row[];
    readonly isAll: boolean;
    readonly onAll: (isAll: boolean) => void;
    readonly onJudge: (asked: Asked) => void;
  },
): ReactNode {
  const words = useWords(profileWords);
  const refusal = useRefusalEverywhere('analyst');
  return (
    <div className={css.selection}>
      <label>
        <input type="checkbox" checked={isAll} onChange={() => onAll(!isAll)} />
        {words.selectAll}
      </label>
      <Button
        size="small"
        refusal={refusal}
        disabled={chosen.length === 0}
        onClick={() => onJudge({ judgement: 'approve', behaviours: chosen })}
      >
        {words.acceptSelected(chosen.length)}
      </Button>
      <Button
        size="small"
        refusal={refusal}
        disabled={chosen.length === 0}
        onClick={() => onJudge({ judgement: 'reject', behaviours: chosen })}
      >
        {words.rejectSelected(chosen.length)}
      </Button>
    </div>
  );
}

const MARKS = { added: '+', removed: '−', changed: '~' } as const;
const TONES = { added: 'accent', removed: 'neutral', changed: 'warn' } as const;
const NAME_CHARACTERS = 120;

function DiffRow(
  { row, ruling, isSelected, onSelect, onJudge }: {
    readonly row: Row;
    readonly ruling: 'accept' | 'reject' | null;
    /** Null for what is not to be selected. */
    readonly isSelected: boolean | null;
    readonly onSelect: () => void;
    readonly onJudge: (asked: Asked) => void;
  },
): ReactNode {
  const words = useWords(profileWords);
  return (
    <li className={`${css.row} ${css[row.change]}`}>
      <span className={css.mark}>
        {isSelected !== null && (
          <input
            type="checkbox"
            checked={isSelected}
            aria-label={words.select(visibleText(cut(row.value, NAME_CHARACTERS)))}
            onChange={onSelect}
          />
        )}
        <span className={css.sign} aria-hidden="true">{MARKS[row.change]}</span>
      </span>
      <span className={css.what}>
        <Code text={row.value} />
        {row.change === 'changed' && <span className={css.detail}>{row.detail}</span>}
      </span>
      <span className={css.end}>
        <Badge tone={TONES[row.change]}>{words[row.change]}</Badge>
        {row.change === 'added' &&
          <JudgeButtons behaviour={row} ruling={ruling} onJudge={onJudge} />}
      </span>
    </li>
  );
}

const keyOf = ({ change, channel, value }: Row): string => `${change} ${channel} ${value}`;
