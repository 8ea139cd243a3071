import type { AgentRecord } from './faces.ts';
import type { Db } from './tables.ts';

/**
 * Which node has which address, as the agents say it. Said with every heartbeat and written when it
 * is new; what was said before stays, because a question is about a time that is over.
 */
const NODES_REMEMBERED_MAX = 10_000;
const ROWS_PER_STATEMENT = 200;

export class SaidAddresses {
  readonly #said = new Map<string, string>();

  async save(db: Db, records: readonly AgentRecord[], nowMs: number): Promise<void> {
    const fresh = records.filter(({ cluster, node, addresses = [] }) =>
      addresses.length > 0 && this.#said.get(keyOf(cluster, node)) !== addresses.join(' '));
    if (fresh.length === 0) return;
    const rows = fresh.flatMap(({ cluster, node, addresses = [] }) =>
      [...new Set(addresses)].map((address) => ({ address, cluster, node, said_at: nowMs })));
    rows.sort((a, b) => (keyOf(a.cluster, a.node, a.address) <
      keyOf(b.cluster, b.node, b.address) ? -1 : 1));
    for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
      await db.insertInto('agent_addresses').values(rows.slice(start, start + ROWS_PER_STATEMENT))
        .onConflict((conflict) => conflict.columns(['address', 'cluster', 'node'])
          .doUpdateSet((eb) => ({ said_at: eb.ref('excluded.said_at') })))
        .execute();
    }
    if (this.#said.size + fresh.length > NODES_REMEMBERED_MAX) this.#said.clear();
    for (const { cluster, node, addresses = [] } of fresh) {
      this.#said.set(keyOf(cluster, node), addresses.join(' '));
    }
  }
}

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);
