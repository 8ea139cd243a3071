import { severities } from '../../baseline/alert.ts';
import type { Alert, Severity } from '../../baseline/alert.ts';
import { sensorAlert } from '../sensor-alert.ts';

/** What the full outbox folded, per severity and workload. */
export type SummaryRow = {
  readonly severity: Severity;
  readonly namespace: string;
  readonly workload: string;
  readonly count: number;
  readonly firstTime: string;
  readonly lastTime: string;
};

export type SummaryOrigin = {
  readonly id: string;
  readonly cluster: string;
  readonly node: string;
};

const WORKLOADS_NAMED_MAX = 10;
/** Stands for the workloads that are not named. */
export const OTHER_WORKLOADS = '(others)';
const ID_PREFIX = 'folded-';

export const summaryId = (epoch: string, sequence: number): string =>
  `${ID_PREFIX}${epoch}-${sequence}`;

/** Ids of other alerts are made by this agent, too, and never begin like that. */
export const isSummary = ({ id, kind }: Alert): boolean =>
  kind === 'sensor' && id.startsWith(ID_PREFIX);

/** The folded alerts as one alert, so that the collector learns how many there were, and whose. */
export function summaryAlert(rows: readonly SummaryRow[], origin: SummaryOrigin): Alert {
  const count = rows.reduce((sum, row) => sum + row.count, 0);
  const named = rows
    .toSorted((left, right) => right.count - left.count)
    .slice(0, WORKLOADS_NAMED_MAX)
    .map((row) => `${row.count} ${row.severity} in ${row.namespace || '-'}/${row.workload || '-'}`);
  const more = rows.length > named.length ? ` and ${rows.length - named.length} more` : '';
  const list = named.join(', ') + more;
  return sensorAlert({
    id: origin.id,
    revision: 1,
    severity: worst(rows),
    cluster: origin.cluster,
    node: origin.node,
    firstTime: least(rows.map((row) => row.firstTime)),
    lastTime: greatest(rows.map((row) => row.lastTime)),
    count,
    reason: {
      en: `the node's outbox was full while the collector was away: ${count} alerts were folded ` +
        `into this one (${list})`,
      zh: `采集中心不可达期间节点发件箱已满：${count} 条告警合并为此条（${list}）`,
    },
  });
}

export const rankOf = (severity: Severity): number => severities.indexOf(severity);

function worst(rows: readonly SummaryRow[]): Severity {
  return severities[Math.max(0, ...rows.map((row) => rankOf(row.severity)))] ?? 'low';
}

/** RFC 3339 with nine digits: text order is time order. */
const least = (times: readonly string[]): string => times.toSorted()[0] ?? '';
const greatest = (times: readonly string[]): string => times.toSorted().at(-1) ?? '';
