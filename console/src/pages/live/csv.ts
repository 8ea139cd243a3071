import type { AlertView } from '../../../../collector/api/contract/alert.ts';
import { csvTable } from '../parts/csv-table.ts';
import type { CsvColumn } from '../parts/csv-table.ts';

const COLUMNS: readonly CsvColumn<AlertView>[] = [
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

export const csvOf = (alerts: readonly AlertView[]): string => csvTable(alerts, COLUMNS);
