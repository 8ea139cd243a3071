import type { Alert } from '../../baseline/alert.ts';
import type { BatchOutcome, Store } from '../../collector/store/faces.ts';
import type { GapRecord } from '../../proto/lanner/v1/frames.ts';
import { FlowLedgerTruth } from './flow-ledger.ts';

/**
 * What the agents promised (raised alerts, noted gaps), against what the store holds in the end:
 * every alert exactly once in its newest revision, or counted in a summary; every gap once.
 */
const PAGE = 500;

export class Ledger {
  readonly #raised = new Map<string, number>();
  readonly #noted: { readonly node: string; readonly gap: GapRecord }[] = [];
  readonly #stored = new Set<string>();
  readonly flows = new FlowLedgerTruth();
  readonly problems: string[] = [];
  readonly counts = { raised: 0, gaps: 0, batches: 0, duplicates: 0, folded: 0,
    connections: 0, connectionsDropped: 0 };

  raised({ id, revision }: Alert): void {
    if (!this.#raised.has(id)) this.counts.raised += 1;
    this.#raised.set(id, Math.max(revision, this.#raised.get(id) ?? 0));
  }

  noted(node: string, gap: GapRecord): void {
    this.counts.gaps += 1;
    this.#noted.push({ node, gap });
  }

  committed({ duplicate, stored }: BatchOutcome): void {
    this.counts.batches += 1;
    if (duplicate) this.counts.duplicates += 1;
    for (const { id, revision } of stored) {
      const stored = `${id} revision ${revision}`;
      if (this.#stored.has(stored)) this.wrong(`${stored} was stored twice`);
      this.#stored.add(stored);
    }
  }

  wrong(problem: string): void {
    this.problems.push(problem);
  }

  async check(store: Store): Promise<void> {
    const stored = await allAlerts(store);
    let summarised = 0;
    const found = new Map<string, number>();
    for (const alert of stored) {
      if (alert.id.startsWith('folded-')) summarised += alert.count;
      else if (found.has(alert.id)) this.wrong(`${alert.id} is in the store twice`);
      else found.set(alert.id, alert.revision);
    }
    this.counts.folded = summarised;
    let missing = 0;
    for (const [id, revision] of this.#raised) {
      const known = found.get(id);
      if (known === undefined) missing += 1;
      else if (known < revision) this.wrong(`${id}: revision ${known} of ${revision} is stored`);
    }
    if (missing !== summarised) {
      this.wrong(`${missing} raised alerts are not in the store, summaries count ${summarised}`);
    }
    for (const id of found.keys()) {
      if (!this.#raised.has(id)) this.wrong(`${id} is in the store and was never raised`);
    }
    await this.#checkGaps(store);
    await this.flows.check(store, (problem) => this.wrong(problem));
    this.counts.connections = this.flows.counts.connections;
    this.counts.connectionsDropped = this.flows.counts.dropped;
  }

  /** A full table joins neighbours, so a gap may be part of a wider one. */
  async #checkGaps(store: Store): Promise<void> {
    const rows = await store.listGaps({ limit: 10_000 });
    for (const { node, gap } of this.#noted) {
      const isThere = rows.some((row) =>
        row.node === node && row.cause === gap.cause && row.from <= gap.from && row.to >= gap.to);
      if (!isThere) this.wrong(`the gap of ${node} from ${gap.from} is not in the store`);
    }
  }
}

async function allAlerts(store: Store): Promise<readonly Alert[]> {
  const alerts: Alert[] = [];
  let before: number | undefined;
  for (;;) {
    const rows = await store.listAlerts({}, { limit: PAGE, ...(before === undefined ? {} : { before }) });
    alerts.push(...rows.map(({ alert }) => alert));
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return alerts;
    before = last.number;
  }
}
