import type { FlowRow } from '../../collector/flows/flow-store.ts';
import type { Store } from '../../collector/store/faces.ts';
import type { FlowChunk } from '../../proto/lanner/v1/frames.ts';

/**
 * Flows that the agents had on disk, against the flow ledger in the end: every connection once, or
 * told by a gap of its node and time. Each chunk has a port of its own, by which it is known.
 */
const PAGE = 1_000;
const MINUTE_MS = 60_000;

type Sent = { readonly node: string; readonly minute: number; readonly count: number };

export class FlowLedgerTruth {
  readonly #sent = new Map<string, Sent>();
  readonly counts = { connections: 0, dropped: 0 };

  sent(node: string, { minute, flows }: FlowChunk): void {
    for (const { port, count } of flows) {
      this.#sent.set(`${node} ${port}`, { node, minute, count });
      this.counts.connections += count;
    }
  }

  async check(store: Store, wrong: (problem: string) => void): Promise<void> {
    const stored = new Map<string, number>();
    for (const { who: { node }, port, count } of await allFlows(store)) {
      const key = `${node} ${port}`;
      stored.set(key, (stored.get(key) ?? 0) + count);
      if (!this.#sent.has(key)) wrong(`the flow ${key} is in the ledger and nobody sent it`);
    }
    const gaps = (await store.listGaps({ limit: 10_000 }))
      .filter(({ cause }) => cause === 'flows-dropped');
    for (const [key, { node, minute, count }] of this.#sent) {
      const found = stored.get(key) ?? 0;
      if (found === count) continue;
      const isTold = found === 0 && gaps.some((gap) => gap.node === node &&
        Date.parse(gap.from) <= minute && Date.parse(gap.to) >= minute + MINUTE_MS);
      if (isTold) this.counts.dropped += count;
      else wrong(`of the flow ${key} ${found} connections of ${count} are in the ledger`);
    }
  }
}

async function allFlows(store: Store): Promise<readonly FlowRow[]> {
  const rows: FlowRow[] = [];
  let before: number | undefined;
  do {
    const page = await store.listFlows({ scope: 'all' },
      { limit: PAGE, ...(before === undefined ? {} : { before }) });
    rows.push(...page.rows);
    before = page.next;
  } while (before !== undefined);
  return rows;
}
