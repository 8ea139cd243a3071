/**
 * Overload. Falco keeps what is not fetched in its own memory without a bound, so the agent must
 * never fall behind for long: reading goes on whatever happens, and what arrives too old goes
 * unjudged, class by class, the weakest evidence first. Opens for reading go when events are
 * `SHED_LAG_MS` old on arrival, other file operations and exits at twice that, connections and
 * privileged calls at three times; what is executed, and what Falco's own rules say, never. All of
 * them are judged again as soon as the lag is below `CALM_LAG_MS`.
 *
 * What was shed is counted, and becomes a gap: the picture had a hole. What is as old although
 * nothing waited for the agent (`backlog.ts`) is judged, and counted as stale.
 */
import type { FalcoEvent, Gap } from './source/event.ts';
import { RepeatedEvent } from './source/repeated-event.ts';

export const SHED_LAG_MS = 10_000;
export const CALM_LAG_MS = 2_000;
const NS_PER_MS = 1_000_000n;

/** In the order in which they go. */
export const shedClasses = ['read', 'file', 'network'] as const;
export type ShedClass = (typeof shedClasses)[number];

/** Never shed. */
const KEPT = shedClasses.length;

export class Shedding {
  #fromNs: bigint | null = null;
  /** So many classes go. */
  #level = 0;
  #shed = 0;
  #isStale = false;
  /** Old when they came, and judged. */
  stale = 0;
  readonly #totals = shedClasses.map(() => 0);

  get total(): number {
    return this.#totals.reduce((sum, count) => sum + count, 0);
  }

  totalOf(name: ShedClass): number {
    return this.#totals[shedClasses.indexOf(name)] ?? 0;
  }

  get isShedding(): boolean {
    return this.#fromNs !== null;
  }

  /** Once per batch; the hole when it is over. */
  judge(newestNs: bigint, wallNs: bigint, hasBacklog = true): Gap | null {
    const lagMs = Number((wallNs - newestNs) / NS_PER_MS);
    const isOld = lagMs > SHED_LAG_MS;
    this.#isStale = isOld && !hasBacklog;
    const level = isOld && hasBacklog ? Math.min(KEPT, Math.floor(lagMs / SHED_LAG_MS)) : 0;
    if (level > 0) this.#fromNs ??= newestNs;
    if (level > this.#level) this.#level = level;
    if (this.#fromNs === null || (lagMs > CALM_LAG_MS && !this.#isStale)) return null;
    const fromNs = this.#fromNs < newestNs ? this.#fromNs : newestNs;
    const gap: Gap = { fromNs, toNs: newestNs, cause: 'overload', eventsEstimate: this.#shed };
    this.#fromNs = null;
    this.#level = 0;
    this.#shed = 0;
    // One late event among others made it look like an overload, and nothing was left out.
    return gap.eventsEstimate === 0 ? null : gap;
  }

  drops(event: FalcoEvent): boolean {
    if (this.#isStale) this.stale += 1;
    if (this.#level === 0) return false;
    const rank = event instanceof RepeatedEvent ? rankOfRepeat(event) : rankOf(event);
    if (rank >= this.#level) return false;
    this.#shed += 1;
    this.#totals[rank] = (this.#totals[rank] ?? 0) + 1;
    return true;
  }
}

/** Equal for all of its kind: reading each of them in full would cost more than judging it. */
function rankOfRepeat(event: RepeatedEvent): number {
  const { repeat } = event;
  if (repeat.rank < 0) repeat.rank = rankOf(event);
  return repeat.rank;
}

const NETWORK =
  /^(connect|accept4?|listen|bind|send(to|msg|mmsg)|set|capset|prctl|seccomp|mount|umount|unshare)/;

function rankOf({ fields, tags, source }: FalcoEvent): number {
  if (source !== 'syscall' || !tags.includes('lanner')) return KEPT;
  const type = fields.get('evt.type') ?? '';
  if (type === '' || type.startsWith('exec')) return KEPT;
  if (type === 'openat' || type === 'open' || type === 'openat2') {
    return isWriting(fields) ? shedClasses.indexOf('file') : shedClasses.indexOf('read');
  }
  if (FILE.test(type)) return shedClasses.indexOf('file');
  return NETWORK.test(type) ? shedClasses.indexOf('network') : KEPT;
}

const FILE = /^(creat|unlink|rename|link|symlink|mkdir|rmdir|f?truncate|f?chmod|[fl]?chown|procexit)/;

function isWriting(fields: ReadonlyMap<string, string>): boolean {
  if (fields.get('evt.is_open_write') === 'true') return true;
  const flags = fields.get('evt.arg.flags') ?? '';
  return flags.includes('O_WRONLY') || flags.includes('O_RDWR');
}
