/**
 * Overload. Falco keeps what is not fetched in its own memory without a bound, so the agent must
 * never fall behind for long: when events are `SHED_LAG_MS` old on arrival, opens for reading go
 * unjudged (the most frequent and the weakest evidence) until the lag is below `CALM_LAG_MS`.
 * What was shed is counted, and becomes a gap: the picture had a hole.
 */
import type { FalcoEvent, Gap } from './source/event.ts';

export const SHED_LAG_MS = 10_000;
export const CALM_LAG_MS = 2_000;
const NS_PER_MS = 1_000_000n;

export class Shedding {
  #fromNs: bigint | null = null;
  #shed = 0;
  #total = 0;

  get total(): number {
    return this.#total;
  }

  get isShedding(): boolean {
    return this.#fromNs !== null;
  }

  /** Once per batch; the hole when it is over. */
  judge(newestNs: bigint, wallNs: bigint): Gap | null {
    const lagMs = (wallNs - newestNs) / NS_PER_MS;
    if (this.#fromNs === null) {
      if (lagMs > SHED_LAG_MS) this.#fromNs = newestNs;
      return null;
    }
    if (lagMs > CALM_LAG_MS) return null;
    const fromNs = this.#fromNs < newestNs ? this.#fromNs : newestNs;
    const gap: Gap = { fromNs, toNs: newestNs, cause: 'overload', eventsEstimate: this.#shed };
    this.#fromNs = null;
    this.#shed = 0;
    return gap;
  }

  drops(event: FalcoEvent): boolean {
    if (this.#fromNs === null || !isReading(event)) return false;
    this.#shed += 1;
    this.#total += 1;
    return true;
  }
}

function isReading({ fields, tags, source }: FalcoEvent): boolean {
  if (source !== 'syscall' || !tags.includes('lanner')) return false;
  const type = fields.get('evt.type');
  if (type !== 'openat' && type !== 'open' && type !== 'openat2') return false;
  if (fields.get('evt.is_open_write') === 'true') return false;
  const flags = fields.get('evt.arg.flags') ?? '';
  return !flags.includes('O_WRONLY') && !flags.includes('O_RDWR');
}
