import type { AlertView } from '../../../../collector/api/contract/alert.ts';
import { visibleText } from '../../design/visible-text.ts';

/**
 * The rows as a table for a spreadsheet. A cell that a spreadsheet would calculate gets an
 * apostrophe in front, which it shows as text; line breaks and invisible characters stand as
 * escapes, so that a cell stays a cell.
 */
const FORMULA = /^[\s'"]*[=+\-@\uff1d\uff0b\uff0d\uff20|%]/;

export function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = visibleText(value);
  const guarded = FORMULA.test(text) ? `'${text}` : text;
  return `"${guarded.replaceAll('"', '""')}"`;
}

const COLUMNS: readonly (readonly [string, (alert: AlertView) => string | number])[] = [
  ['id', ({ id }) => id],
  ['received', ({ receivedTime }) => receivedTime],
  ['first', ({ firstTime }) => firstTime],
  ['last', ({ lastTime }) => lastTime],
  ['severity', ({ severity }) => severity],
  ['kind', ({ kind }) => kind],
  ['score', ({ score }) => score],
  ['cluster', ({ cluster }) => cluster],
  ['node', ({ node }) => node],
  ['namespace', ({ namespace }) => namespace],
  ['pod', ({ pod }) => pod],
  ['workload', ({ workload }) => workload],
  ['image', ({ image: { repository, tag } }) => (tag === '' ? repository : `${repository}:${tag}`)],
  ['digest', ({ image }) => image.digest],
  ['reason', ({ reason }) => reason.en],
  ['process', ({ process }) => process.exe],
  ['command line', ({ process }) => process.commandLine],
  ['behaviours', ({ behaviours }) => behaviours.map(({ value }) => value).join(' | ')],
  ['techniques', ({ techniques }) => techniques.join(' ')],
  ['events', ({ count }) => count],
  ['incident', ({ incidentId }) => incidentId],
  ['handling', ({ handling }) => handling.kind],
];

/** With a byte order mark: without one a spreadsheet takes Chinese for something else. */
export function csvOf(alerts: readonly AlertView[]): string {
  const lines = [
    COLUMNS.map(([name]) => csvCell(name)).join(','),
    ...alerts.map((alert) => COLUMNS.map(([, cell]) => csvCell(cell(alert))).join(',')),
  ];
  return `\ufeff${lines.join('\r\n')}\r\n`;
}
