import type { BlastRadiusView } from '../../../../collector/api/contract/blast-radius.ts';
import type { CsvColumn } from '../parts/csv-table.ts';

/** Each list as it goes into a spreadsheet, with the columns of the API. */
export const blastLists = ['workloads', 'images', 'nodes', 'namespaces'] as const;
export type BlastList = (typeof blastLists)[number];
export type BlastImage = BlastRadiusView['images'][number];

const COLUMNS: Readonly<Record<BlastList, readonly string[]>> = {
  workloads: ['cluster', 'namespace', 'workload', 'images', 'pods', 'podsNow', 'nodes', 'runsNow',
    'firstSeen', 'lastSeen'],
  images: ['repository', 'tag', 'digest', 'reason', 'sharedLayers', 'layers', 'pods', 'runsNow',
    'firstSeen', 'lastSeen'],
  nodes: ['cluster', 'node', 'pods', 'podsNow', 'runsNow', 'firstSeen', 'lastSeen'],
  namespaces: ['cluster', 'namespace', 'workloads', 'pods', 'podsNow', 'runsNow', 'firstSeen',
    'lastSeen'],
};

export const csvColumns = <Row>(list: BlastList): readonly CsvColumn<Row>[] =>
  COLUMNS[list].map((name) => [name, (row) => cellOf((row as Record<string, unknown>)[name])]);

function cellOf(value: unknown): string | number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? value.join(' ') : '';
}

export const imageTextOf = (
  { repository, tag, digest }: Pick<BlastImage, 'repository' | 'tag' | 'digest'>,
): string => {
  if (repository === '') return digest;
  return tag === '' ? repository : `${repository}:${tag}`;
};
