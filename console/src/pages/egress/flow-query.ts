import type { FlowDirection } from '../../../../proto/lanner/v1/frames.ts';
import type { Query } from '../../data/api.ts';
import { isAddress } from './who-query.ts';

/** The filters as the address of the page says them. What is half typed is left out. */
export const flowFields = ['namespace', 'workload', 'pod', 'node', 'address', 'port'] as const;
export type FlowField = (typeof flowFields)[number];

export const directions: readonly FlowDirection[] = ['out', 'in'];

export function flowQueryOf(search: URLSearchParams): Query {
  const text = (key: FlowField | 'direction' | 'from' | 'to'): string | undefined =>
    search.get(key)?.trim() || undefined;
  const address = text('address');
  const port = text('port');
  return {
    namespace: text('namespace'),
    workload: text('workload'),
    pod: text('pod'),
    node: text('node'),
    direction: directions.find((one) => one === text('direction')),
    dst: address !== undefined && isAddress(address) ? address : undefined,
    dstPort: port !== undefined && /^\d{1,5}$/.test(port) && Number(port) <= 65_535
      ? Number(port) : undefined,
    from: timeOf(text('from')),
    to: timeOf(text('to')),
  };
}

const timeOf = (text: string | undefined): string | undefined =>
  text !== undefined && Number.isFinite(Date.parse(text)) && Date.parse(text) >= 0
    ? new Date(text).toISOString()
    : undefined;
