/**
 * Acts on this node when the collector says so: freezes and thaws pods, kills single processes,
 * collects evidence, and watches whether a containment holds. Every command is checked against the
 * node itself (is this pod here, is this process its own, had it started), answered once, counted
 * and logged; one that is sent again gets the first answer.
 *
 * Bounds: one change per pod at a time and `TURNS_MAX` waiting for it, `EVIDENCE_OPEN_MAX`
 * collections, `WATCHES_MAX` watches, `ANSWERS_MAX` answers kept. What is above is refused as
 * `busy`. A command that fails leaves the node as its result says; nothing here is tried again.
 */
import { rfc3339 } from '../../baseline/episode/time.ts';
import type { Observation } from '../../baseline/observation.ts';
import type { CommandAction, CommandFrame } from '../../proto/lanner/v1/frames.ts';
import type { CommandResult } from '../link/command-desk.ts';
import { Answers } from './answers.ts';
import { CgroupTree } from './cgroup-tree.ts';
import { noCommands } from './counts.ts';
import type { ContainCounts } from './counts.ts';
import { Executor } from './executor.ts';
import { FROZEN_MAX, FreezeLimit } from './freeze-limit.ts';
import { Freezer } from './freezer.ts';
import { KernelFiles } from './kernel-files.ts';
import type { ContainOptions } from './options.ts';
import { refused } from './outcome.ts';
import { ProcessFiles } from './process-files.ts';
import { CAP_KILL, hasCapability } from './process-text.ts';
import { Processes } from './processes.ts';
import { Recorder } from './recorder.ts';
import { findTarget } from './target.ts';
import type { Target } from './target.ts';

/** How often pods that are frozen no longer are forgotten. */
export const PRUNE_MS = 30_000;
const ID_LENGTH_MAX = 256;
const NS_PER_MS = 1_000_000n;

export class Containment {
  readonly #options: ContainOptions;
  readonly #tree: CgroupTree;
  readonly #processes: Processes;
  readonly #processFiles: ProcessFiles;
  readonly #freezer: Freezer;
  readonly #recorder: Recorder;
  readonly #executor: Executor;
  readonly #answers = new Answers();
  readonly #limit: FreezeLimit;
  readonly #commands = noCommands();
  #repeated = 0;
  #released = 0;
  #pruneAtMs = 0;

  constructor(options: ContainOptions) {
    const { clock, cgroupRoot, procRoot, onTouch } = options;
    const proc = new KernelFiles(procRoot, onTouch);
    this.#options = options;
    this.#tree = new CgroupTree(new KernelFiles(cgroupRoot, onTouch));
    this.#processes = new Processes(proc, () => Number(clock.nowNs() / NS_PER_MS));
    this.#processFiles = new ProcessFiles(proc, clock);
    this.#freezer = new Freezer(this.#tree.files, clock);
    this.#recorder = new Recorder(options.rules);
    this.#limit = new FreezeLimit(options.freezeSecondsMax * 1_000);
    this.#executor = new Executor({
      ...options,
      tree: this.#tree,
      processes: this.#processes,
      processFiles: this.#processFiles,
      freezer: this.#freezer,
      recorder: this.#recorder,
      limit: this.#limit,
    });
  }

  /** What is frozen when the agent starts was frozen by it before, or by somebody else. */
  start(): void {
    const { clock, log } = this.#options;
    for (const container of this.#tree.allContainers(FROZEN_MAX)) {
      if (this.#freezer.state(container) !== 'frozen') continue;
      const { podUid, containerId } = container;
      this.#limit.frozen({ podUid, containerId }, clock.nowMs());
      log.warn({ security: true, podUid, containerId }, 'a container is frozen at start');
    }
  }

  /** What really works here, as far as one can know without doing it. */
  capabilities(): readonly CommandAction[] {
    const { ownPid } = this.#options;
    const actions: CommandAction[] = [];
    if (this.#tree.isWritable() && this.#tree.seesPods()) actions.push('freeze', 'thaw');
    const own = this.#processes.areOurs(ownPid) ? this.#processes.status(ownPid) : null;
    if (own !== null && hasCapability(own, CAP_KILL)) actions.push('kill-process');
    // What was observed is in memory and can always be told.
    return [...actions, 'collect-evidence', 'watch'];
  }

  /** Every observation, as the baseline gets it. */
  note(observation: Observation): void {
    this.#recorder.note(observation);
    this.#executor.note(observation);
  }

  contain(frame: CommandFrame): Promise<CommandResult> {
    if (frame.id === '' || frame.id.length > ID_LENGTH_MAX) {
      return this.#told(frame, Promise.resolve(refused('malformed', 'a command needs an id')));
    }
    const known = this.#answers.find(frame);
    if (known.kind === 'known') {
      this.#repeated += 1;
      return known.result;
    }
    if (known.kind === 'other') {
      const words = 'another command had this id';
      return this.#told(frame, Promise.resolve(refused('id-reused', words)));
    }
    const result = this.#told(frame, this.#executor.execute(frame));
    this.#answers.keep(frame, result);
    return result;
  }

  /** Now and then; thaws what stayed frozen for longer than this node allows. */
  async advance(): Promise<void> {
    const { clock, isLinked, log } = this.#options;
    const nowMs = clock.nowMs();
    for (const target of this.#limit.overdue(nowMs, isLinked())) {
      const told = { security: true, ...target };
      try {
        const { outcome, detail } = await this.#executor.release(target);
        this.#released += 1;
        log.warn({ ...told, outcome, detail }, 'thawed because the collector is away');
      } catch (error) {
        // Tried again after another limit; the agent must not fall over a file of the kernel.
        log.error({ ...told, err: error }, 'cannot thaw while the collector is away');
      }
    }
    if (nowMs < this.#pruneAtMs) return;
    this.#pruneAtMs = nowMs + PRUNE_MS;
    for (const target of this.#limit.targets()) {
      if (!this.#isHeld(target)) this.#limit.thawed(target);
    }
  }

  stop(): void {
    this.#executor.stop();
  }

  counts(): ContainCounts {
    return {
      commands: this.#commands,
      repeated: this.#repeated,
      frozen: this.#limit.size,
      released: this.#released,
      recorder: this.#recorder.counts(),
      readsLate: this.#processFiles.late,
    };
  }

  /** Pods end while they are frozen, and others may thaw them. */
  #isHeld(target: Target): boolean {
    const found = findTarget(this.#tree, target);
    return found.ok && found.value.meant.some((container) =>
      this.#freezer.state(container) !== 'thawed');
  }

  async #told(frame: CommandFrame, executed: Promise<CommandResult>): Promise<CommandResult> {
    const { clock, log } = this.#options;
    const { id, action, podUid, containerId, pid } = frame;
    const told = { security: true, id, action, podUid, containerId, pid };
    const startedMs = clock.nowMs();
    log.info({ ...told, time: rfc3339(clock.nowNs()) }, 'command received');
    try {
      const result = await executed;
      const { outcome, detail } = result;
      this.#commands[action][outcome] += 1;
      const milliseconds = clock.nowMs() - startedMs;
      log.info({ ...told, outcome, detail, milliseconds }, 'command answered');
      return result;
    } catch (error) {
      this.#commands[action].failed += 1;
      log.error({ ...told, err: error }, 'command failed');
      throw error;
    }
  }
}
