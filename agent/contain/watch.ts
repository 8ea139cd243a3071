/**
 * Watches a pod after it was contained, and tells whether it still does what it should not. What
 * counts depends on how it is contained when the watch begins:
 *
 * - *frozen* (every container but the pause is): any program started or connection made by it, and
 *   any container that is no longer frozen, or a new one that never was;
 * - *running* (isolated): connections that came into being, other than inside the pod or from the
 *   node itself, whose kubelet every network policy lets through. Programs may start in an isolated
 *   pod; they are told beside it (`other`) and end nothing.
 *
 * Connections are seen twice, by Falco and in the pod's socket tables: a connect that does not
 * block says `EINPROGRESS` to Falco whatever becomes of it, and only the table tells that it was
 * answered. What this cannot see: data that still flows over a connection from before.
 */
import type { Connect, Observation } from '../../baseline/observation.ts';
import { rfc3339 } from '../../baseline/episode/time.ts';
import type { CommandResult } from '../link/command-desk.ts';
import type { RedactRules } from '../outbox/redact.ts';
import type { Cancel, Clock } from '../source/clock.ts';
import type { CgroupTree } from './cgroup-tree.ts';
import type { Freezer } from './freezer.ts';
import { done, packed, refused } from './outcome.ts';
import type { ProcessFiles } from './process-files.ts';
import type { Processes } from './processes.ts';
import { emptySlot, fillSlot, shownRecord } from './record.ts';
import type { ShownRecord } from './record.ts';
import { sandboxOf } from './sandbox.ts';
import { findTarget } from './target.ts';
import type { Target } from './target.ts';
import type { WatchActivity, WatchDocument } from './watch-document.ts';
import { isForeign, readEstablished } from './watch-sockets.ts';

export const WATCH_SECONDS_MAX = 3_600;
export const WATCH_SECONDS_DEFAULT = 60;
export const LOOK_MS = 500;
export const OTHER_MAX = 64;
/** Connections that are remembered: more than the largest table that is read can hold. */
const KNOWN_MAX = 65_536;

export type WatchOptions = {
  readonly tree: CgroupTree;
  readonly processes: Processes;
  readonly processFiles: ProcessFiles;
  readonly freezer: Freezer;
  readonly clock: Clock;
  readonly rules: RedactRules;
  readonly ownPid: number;
  /** False while Falco sends nothing: then nobody sees what the pod starts. */
  readonly isSensing: () => boolean;
};

export class Watch {
  readonly #target: Target;
  readonly #options: WatchOptions;
  readonly #untilMs: number;
  readonly #fromNs: bigint;
  readonly #contained: 'frozen' | 'running';
  readonly #answered = Promise.withResolvers<CommandResult>();
  readonly #activity: WatchActivity[] = [];
  readonly #other: ShownRecord[] = [];
  readonly #problems = new Set<string>();
  #otherDropped = 0;
  /** Every connection seen so far; one that a look missed is not new when it is back. */
  #known: Set<string> | null = null;
  #isOver = false;
  #next: Cancel | null = null;

  static begin(target: Target, seconds: number, options: WatchOptions): Watch | CommandResult {
    const found = findTarget(options.tree, target);
    if (!found.ok) return found.result;
    return new Watch(target, seconds, options);
  }

  private constructor(target: Target, seconds: number, options: WatchOptions) {
    const { clock } = options;
    const wanted = seconds > 0 ? seconds : WATCH_SECONDS_DEFAULT;
    this.#target = target;
    this.#options = options;
    this.#untilMs = clock.nowMs() + Math.min(wanted, WATCH_SECONDS_MAX) * 1_000;
    this.#fromNs = clock.nowNs();
    this.#contained = this.#unfrozen()?.length === 0 ? 'frozen' : 'running';
    this.#run().catch((error: unknown) => this.#answered.reject(error));
  }

  get result(): Promise<CommandResult> {
    return this.#answered.promise;
  }

  /** Called with every observation while the watch lasts. */
  note(observation: Observation): void {
    const { container, kind } = observation;
    const { podUid, containerId } = this.#target;
    const isOurs = container.podUid === podUid ||
      (container.podUid === '' && containerId !== '' && containerId.startsWith(container.id));
    // What was on its way when the command came is of the time before.
    if (!isOurs || observation.timeNs <= this.#fromNs || this.#isOver) return;
    if (kind !== 'exec' && kind !== 'connect' && kind !== 'accept') return;
    const slot = emptySlot();
    fillSlot(slot, observation);
    const record = shownRecord(slot, this.#options.rules);
    if (this.#isBreach(observation)) this.#breached({ source: 'falco', record });
    else if (this.#other.length < OTHER_MAX) this.#other.push(record);
    else this.#otherDropped += 1;
  }

  /** The agent stops: what was seen so far is no answer to the question. */
  stop(): void {
    this.#end(refused('busy', 'the agent stops before the watch is over'));
  }

  #isBreach(observation: Observation): boolean {
    if (this.#contained === 'frozen') return true;
    // What comes in is told by the sockets, which know what is the node's own.
    return observation.kind === 'connect' && isAnswered(observation) &&
      isForeign(observation.address) && observation.address !== observation.localAddress;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    // The sockets as they are, against which all later ones are held.
    await this.#lookAtSockets();
    for (;;) {
      const leftMs = this.#untilMs - clock.nowMs();
      if (this.#isOver) return;
      if (leftMs <= 0) {
        this.#finish(false);
        return;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#next = clock.after(Math.min(LOOK_MS, leftMs), resolve);
      await promise;
      await this.#lookOnce();
    }
  }

  async #lookOnce(): Promise<void> {
    if (this.#isOver) return;
    if (!this.#options.isSensing()) this.#problems.add('Falco sent nothing for some of the time');
    const unfrozen = this.#unfrozen();
    if (unfrozen === null) {
      this.#finish(true);
      return;
    }
    const time = rfc3339(this.#options.clock.nowNs());
    if (this.#contained === 'running') await this.#lookAtSockets();
    else {
      for (const { containerId, state } of unfrozen) {
        this.#breached({ source: 'cgroup', time, containerId, state });
      }
    }
  }

  /** Containers that run, the pause left out; null when the pod is gone. */
  #unfrozen() {
    const { tree, processes, freezer } = this.#options;
    const found = findTarget(tree, this.#target);
    if (!found.ok) return null;
    const running: { containerId: string; state: 'thawed' | 'freezing' }[] = [];
    const { all, meant } = found.value;
    const sandbox = this.#target.containerId === '' ? sandboxOf(all, tree, processes) : null;
    for (const container of meant) {
      const { containerId, path } = container;
      if (containerId === sandbox?.containerId) continue;
      const state = freezer.state(container);
      // A container that ended leaves its cgroup behind for a moment.
      if (state === 'frozen' || state === 'absent' || !tree.hasProcess(path)) continue;
      running.push({ containerId, state });
    }
    return running;
  }

  async #lookAtSockets(): Promise<void> {
    if (this.#contained === 'frozen') return;
    const { processFiles, clock } = this.#options;
    const { late } = processFiles;
    const now = await readEstablished(this.#target, this.#options);
    if (now === null) {
      this.#noSockets();
      return;
    }
    if (processFiles.late > late) {
      // Half a table would make what stands in the other half look new.
      this.#problems.add('the sockets of the pod could not be read in time');
      return;
    }
    const isFirst = this.#known === null;
    const known = (this.#known ??= new Set());
    const time = rfc3339(clock.nowNs());
    for (const [key, connection] of now) {
      if (known.has(key)) continue;
      if (known.size < KNOWN_MAX) known.add(key);
      if (!isFirst && !connection.isFromNode) {
        this.#breached({ source: 'sockets', time, connection });
      }
    }
  }

  #noSockets(): void {
    this.#problems.add('the sockets of the pod cannot be read (hostPID)');
  }

  #breached(activity: WatchActivity): void {
    if (this.#isOver) return;
    this.#activity.push(activity);
    this.#finish(false);
  }

  #finish(isGone: boolean): void {
    const document: WatchDocument = {
      format: 'lanner-watch/1',
      ...this.#target,
      from: rfc3339(this.#fromNs),
      to: rfc3339(this.#options.clock.nowNs()),
      contained: this.#contained,
      activity: this.#activity,
      other: this.#other,
      otherDropped: this.#otherDropped,
      isGone,
      problems: [...this.#problems],
    };
    const held = isGone ? 'the pod is gone' : 'nothing happened';
    const detail = this.#activity.length > 0 ? 'activity: it is not contained' : held;
    this.#end(done(detail, packed(document)));
  }

  #end(result: CommandResult): void {
    this.#isOver = true;
    this.#next?.();
    this.#next = null;
    this.#answered.resolve(result);
  }
}

/** Sending over UDP asks for no answer, so a connect of it always succeeds. */
const isAnswered = ({ result, protocol }: Connect): boolean =>
  (result === 'SUCCESS' || result === '0') && protocol !== 'udp';
