import type { DestinationView } from '../../../../collector/api/contract/egress.ts';
import type { CsvColumn } from '../parts/csv-table.ts';

/** What of the list is shown, and so exported, in the collector's order: always the same. */
export const sinces = ['1', '7', '30'] as const;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** As the collector is asked; to the hour, so that the same question is asked for an hour. */
export function newSinceOf(days: string, nowMs: number): string {
  const known = sinces.find((one) => one === days);
  if (known === undefined) return '';
  return new Date(Math.floor(nowMs / HOUR_MS) * HOUR_MS - Number(known) * DAY_MS).toISOString();
}

export function destinationsFor(
  items: readonly DestinationView[],
  text: string,
): readonly DestinationView[] {
  const words = text.trim().toLowerCase();
  return words === '' ? items : items.filter(({ address, names }) =>
    [address, ...names].some((one) => one.toLowerCase().includes(words)));
}

const NETWORKS_MAX = 64;
const NETWORK = /^[0-9a-f.:]{2,39}(\/\d{1,3})?$/i;

/** Null while it is half typed: that is not asked for. */
export function excludeOf(text: string): string | null {
  const networks = text.split(',').map((one) => one.trim()).filter((one) => one !== '');
  return networks.length <= NETWORKS_MAX && networks.every((one) => NETWORK.test(one))
    ? networks.join(',')
    : null;
}

export const DESTINATION_COLUMNS: readonly CsvColumn<DestinationView>[] = [
  ['cluster', ({ cluster }) => cluster],
  ['namespace', ({ namespace }) => namespace],
  ['workload', ({ workload }) => workload],
  ['address', ({ address }) => address],
  ['port', ({ port }) => port],
  ['protocol', ({ protocol }) => protocol],
  ['names', ({ names }) => names.join(' ')],
  ['first', ({ firstTime }) => firstTime],
  ['last', ({ lastTime }) => lastTime],
];
