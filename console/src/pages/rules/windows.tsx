import { useState } from 'react';
import type { ReactNode } from 'react';

import type { MaintenanceWindowView } from '../../../../collector/api/contract/maintenance.ts';
import { useAsk, useOrder } from '../../data/queries.ts';
import { useRefusal } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import type { Tone } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Code, Name } from '../../design/code.tsx';
import { CheckField } from '../../design/field.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { rulesWords, windowWords } from '../../words/rules.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { useSearchState } from '../parts/search-state.ts';
import { NewWindow } from './new-window.tsx';
import { scopeText } from './window-form.ts';
import { WindowReport } from './window-report.tsx';
import css from './rules.module.css';

/** Labelled times of work. */
export const WINDOWS = '/api/v1/maintenance-windows';
const EVERY_MS = 30_000;
const TONES: Readonly<Record<MaintenanceWindowView['state'], Tone>> =
  { waiting: 'accent', active: 'warn', ended: 'neutral' };

export function Windows(): ReactNode {
  const words = useWords(windowWords);
  const rules = useWords(rulesWords);
  const { search, change } = useSearchState();
  const all = search.get('all') === '1';
  const asked = useAsk<{ readonly items: readonly MaintenanceWindowView[] }>(WINDOWS, { all },
    { everyMs: EVERY_MS });
  const refusal = useRefusal('responder');
  const [isMaking, make] = useState(false);
  const windows = asked.data?.items ?? [];
  return (
    <Panel
      title={rules.tabs.windows}
      isFlush
      actions={(
        <Button look="main" refusal={refusal} onClick={() => make(true)}>{words.make}</Button>
      )}
    >
      <div className={css.lead}>
        <p>{words.lead}</p>
        <CheckField
          label={rules.showEnded}
          isChecked={all}
          onChange={(is) => change({ all: is ? '1' : '' })}
        />
      </div>
      {asked.isPending && <Loading />}
      {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.data !== undefined && windows.length === 0 &&
        <EmptyState title={words.none}>{words.noneHint}</EmptyState>}
      {windows.length > 0 && <WindowTable windows={windows} />}
      {isMaking && <NewWindow onClose={() => make(false)} />}
    </Panel>
  );
}

function WindowTable(
  { windows }: { readonly windows: readonly MaintenanceWindowView[] },
): ReactNode {
  const words = useWords(windowWords);
  const names = useWords(rulesWords);
  const refusal = useRefusal('responder');
  const [asked, ask] =
    useState<{ readonly kind: 'end' | 'report'; readonly window: MaintenanceWindowView }>();
  return (
    <>
      <Table
        caption={names.tabs.windows}
        rows={windows}
        keyOf={({ id }) => id}
        columns={[
          { key: 'label', label: words.label, cell: ({ label, reason, owner }) => (
            <span className={css.cell}>
              <strong><Name text={label} /></strong>
              <Name text={reason} />
              <span className={css.small}>{names.owner}: <Name text={owner} /></span>
            </span>
          ) },
          { key: 'where', label: words.where, cell: ({ scope }) =>
            <Code text={scopeText(scope)} /> },
          { key: 'when', label: words.when, cell: (window) => <When window={window} /> },
          { key: 'state', label: words.state, cell: ({ state }) =>
            <Badge tone={TONES[state]}>{words.states[state]}</Badge> },
          { key: 'actions', label: words.report, isLabelHidden: true, cell: (window) => (
            <span className={css.buttons}>
              <Button
                size="small"
                aria-label={words.reportNamed(visibleText(window.label))}
                onClick={() => ask({ kind: 'report', window })}
              >
                {words.report}
              </Button>
              {window.state !== 'ended' && (
                <Button
                  size="small"
                  refusal={refusal}
                  aria-label={words.endNamed(visibleText(window.label))}
                  onClick={() => ask({ kind: 'end', window })}
                >
                  {words.end}
                </Button>
              )}
            </span>
          ) },
        ]}
      />
      {asked?.kind === 'end' &&
        <EndWindow window={asked.window} onClose={() => ask(undefined)} />}
      {asked?.kind === 'report' &&
        <WindowReport window={asked.window} onClose={() => ask(undefined)} />}
    </>
  );
}

function When({ window }: { readonly window: MaintenanceWindowView }): ReactNode {
  const words = useWords(windowWords);
  const { weekly, fromTime, toTime } = window;
  return (
    <span className={css.cell}>
      {weekly !== null && (
        <span>
          {words.every(words.weekdays[weekly.weekday], weekly.start, weekly.minutes,
            weekly.timeZone)}
        </span>
      )}
      <span className={weekly === null ? '' : css.small}>
        <Time at={fromTime} as="full" /> – <Time at={toTime} as="full" />
      </span>
    </span>
  );
}

function EndWindow(
  { window, onClose }: { readonly window: MaintenanceWindowView; readonly onClose: () => void },
): ReactNode {
  const words = useWords(windowWords);
  const order = useOrder([WINDOWS, '/api/v1/audit']);
  const title = words.endNamed(visibleText(window.label));
  return (
    <DecideDialog
      title={title}
      lead={words.endLead}
      confirm={title}
      onClose={onClose}
      onDecide={(why) => order.mutateAsync({
        path: `${WINDOWS}/${encodeURIComponent(window.id)}/end`,
        body: { why },
      })}
    />
  );
}
