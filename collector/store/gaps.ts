import type { GapRecord } from '../../proto/lanner/v1/frames.ts';
import type { AgentName } from './faces.ts';
import type { Tx } from './tables.ts';

export type AgentGap = { readonly agent: AgentName; readonly gap: GapRecord };

const ROWS_PER_STATEMENT = 500;

/** What the live stream shows of a gap; also its id there, because a gap never changes. */
export function gapDocument({ agent, gap }: AgentGap): string {
  const { cluster, node } = agent;
  const { from, to, cause, eventsEstimate } = gap;
  return JSON.stringify({ cluster, node, from, to, cause, eventsEstimate });
}

/** The documents of those that were not stored yet. */
export async function insertGaps(
  tx: Tx,
  gaps: readonly AgentGap[],
  nowMs: number,
): Promise<readonly string[]> {
  const fresh: string[] = [];
  const rows = gaps.map(({ agent, gap }) => ({
    cluster: agent.cluster,
    node: agent.node,
    from_time: gap.from,
    to_time: gap.to,
    cause: gap.cause,
    events_estimate: gap.eventsEstimate,
    received_at: nowMs,
  }));
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    const written = await tx.insertInto('gaps')
      .values(rows.slice(start, start + ROWS_PER_STATEMENT))
      .onConflict((conflict) => conflict.doNothing())
      .returning(['cluster', 'node', 'from_time', 'to_time', 'cause', 'events_estimate'])
      .execute();
    for (const row of written) {
      fresh.push(gapDocument({
        agent: row,
        gap: {
          from: row.from_time,
          to: row.to_time,
          cause: row.cause as GapRecord['cause'],
          eventsEstimate: row.events_estimate,
        },
      }));
    }
  }
  return fresh;
}
