import type { ReactNode } from 'react';

import type { MaintenanceWindowView, WindowReportAnswer } from
  '../../../../collector/api/contract/maintenance.ts';
import { useAsk } from '../../data/queries.ts';
import { Code, Name } from '../../design/code.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { Facts } from '../../design/page.tsx';
import { SeverityLabel } from '../../design/severity.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { useLanguage } from '../../words/language.ts';
import { windowWords } from '../../words/rules.ts';
import { WINDOWS } from './windows.tsx';

/** What happened while it was quiet: for whoever signs the work off. */
export function WindowReport(
  { window, onClose }: { readonly window: MaintenanceWindowView; readonly onClose: () => void },
): ReactNode {
  const words = useWords(windowWords);
  const asked = useAsk<WindowReportAnswer>(`${WINDOWS}/${encodeURIComponent(window.id)}/report`);
  return (
    <Dialog title={words.reportNamed(visibleText(window.label))} onClose={onClose} isWide>
      {asked.isPending && <Loading />}
      {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.data !== undefined && <Report report={asked.data} />}
    </Dialog>
  );
}

function Report({ report }: { readonly report: WindowReportAnswer }): ReactNode {
  const words = useWords(windowWords);
  const language = useLanguage();
  if (report.looked === 0) return <EmptyState title={words.nothing} />;
  return (
    <>
      <Facts
        items={[
          [words.quietened, report.quietened],
          [words.raised, report.raised],
          [words.suppressed, report.suppressed],
        ]}
      />
      <p>{words.looked(report.looked)}</p>
      <Table
        caption={words.behaviours}
        rows={report.behaviours}
        keyOf={({ value }) => value}
        columns={[
          { key: 'value', label: words.behaviour, cell: ({ value }) => <Code text={value} /> },
          { key: 'alerts', label: words.alerts, isNumber: true, cell: ({ alerts }) => alerts },
        ]}
      />
      <Table
        caption={words.alerts}
        rows={report.alerts}
        keyOf={({ id }) => id}
        columns={[
          { key: 'time', label: words.when, cell: ({ time }) => <Time at={time} as="full" /> },
          { key: 'severity', label: words.state, cell: ({ severity }) =>
            <SeverityLabel severity={severity} /> },
          { key: 'pod', label: words.where, cell: ({ namespace, pod }) =>
            <Name text={`${namespace}/${pod}`} /> },
          { key: 'reason', label: words.behaviour, cell: ({ reason }) =>
            <Code text={reason[language]} /> },
        ]}
      />
    </>
  );
}
