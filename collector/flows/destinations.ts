import { BlockList, isIP } from 'node:net';

import type { Destination } from './flow-store.ts';

/**
 * What an application reached, as a list that a firewall's owner can take over: the same list is
 * the same bytes, in the order of names and then of addresses as numbers.
 */
export const EXCLUDES_MAX = 64;

/** Null for what is no network: `10.244.0.0/16`, `2001:db8::/32` or one address. */
export function networksOf(texts: readonly string[]): BlockList | null {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', bits, ...more] = text.split('/');
    const family = isIP(address);
    if (family === 0 || more.length > 0) return null;
    const bitsMax = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? bitsMax : Number(bits);
    if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return null;
    if (prefix > bitsMax) return null;
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

export function destinationList(
  items: readonly Destination[],
  excluded: BlockList,
): readonly Destination[] {
  return items
    .filter(({ address }) => {
      const family = isIP(address);
      // What is no address is nobody's network, and is shown.
      return family === 0 || !excluded.check(address, family === 4 ? 'ipv4' : 'ipv6');
    })
    .map((item) => ({ item, key: sortKey(item) }))
    .toSorted((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ item }) => ({ ...item, names: item.names.toSorted() }));
}

/** Numbers are as wide as they get, so that text order is their order. */
function sortKey({ namespace, workload, cluster, address, port, protocol }: Destination): string {
  const numeric = isIP(address) === 4
    ? `4${address.split('.').map((part) => part.padStart(3, '0')).join('.')}`
    : `6${address}`;
  return [namespace, workload, cluster, numeric, String(port).padStart(5, '0'), protocol]
    .join('\0');
}

const TIMES: ReadonlySet<string> = new Set(['first', 'last']);

const COLUMNS: readonly (readonly [string, (item: Destination) => string])[] = [
  ['cluster', ({ cluster }) => cluster],
  ['namespace', ({ namespace }) => namespace],
  ['workload', ({ workload }) => workload],
  ['address', ({ address }) => address],
  ['port', ({ port }) => String(port)],
  ['protocol', ({ protocol }) => protocol],
  ['names', ({ names }) => names.join(' ')],
  ['first', ({ firstMs }) => new Date(firstMs).toISOString()],
  ['last', ({ lastMs }) => new Date(lastMs).toISOString()],
];

/** The last time changes all day: without times a list can be compared with that of yesterday. */
export function destinationsCsv(
  items: readonly Destination[],
  { hasTimes }: { readonly hasTimes: boolean },
): string {
  const columns = hasTimes ? COLUMNS : COLUMNS.filter(([name]) => !TIMES.has(name));
  const lines = [
    columns.map(([name]) => name),
    ...items.map((item) => columns.map(([, cell]) => csvCell(cell(item)))),
  ];
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}

/** A spreadsheet takes some beginnings for a formula: a quote in front makes them text. */
function csvCell(text: string): string {
  const safe = /^[\s]*[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
