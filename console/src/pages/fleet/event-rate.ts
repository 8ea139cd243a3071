/**
 * Agents report totals; a rate is what two reports differ by. One report is kept per agent, of at
 * most `AGENTS_MAX`; an agent that restarted counts from zero again, which is no rate.
 */
const AGENTS_MAX = 10_000;

export type Totals = {
  readonly cluster: string;
  readonly node: string;
  readonly lastSeenTime: string;
  readonly eventsReceived: number;
  readonly eventsDropped: number;
};

export type Rate = { readonly events: number; readonly drops: number };

type Report = { readonly ms: number; readonly received: number; readonly dropped: number };

export class EventRates {
  readonly #reports = new Map<string, Report>();
  readonly #rates = new Map<string, Rate>();

  /** Takes what the agents report now. */
  take(agents: readonly Totals[]): void {
    for (const agent of agents) this.#takeOne(agent);
  }

  /** Events and drops per second; null until two reports are there. */
  of({ cluster, node }: Pick<Totals, 'cluster' | 'node'>): Rate | null {
    return this.#rates.get(nameOf(cluster, node)) ?? null;
  }

  #takeOne({ cluster, node, lastSeenTime, eventsReceived, eventsDropped }: Totals): void {
    const name = nameOf(cluster, node);
    const ms = Date.parse(lastSeenTime);
    const before = this.#reports.get(name);
    if (before === undefined && this.#reports.size >= AGENTS_MAX) return;
    if (!Number.isFinite(ms) || (before !== undefined && ms <= before.ms)) return;
    this.#reports.set(name, { ms, received: eventsReceived, dropped: eventsDropped });
    if (before === undefined || eventsReceived < before.received) {
      this.#rates.delete(name);
      return;
    }
    const seconds = (ms - before.ms) / 1_000;
    this.#rates.set(name, {
      events: (eventsReceived - before.received) / seconds,
      drops: Math.max(0, eventsDropped - before.dropped) / seconds,
    });
  }
}

const nameOf = (cluster: string, node: string): string => `${cluster}\u0000${node}`;
