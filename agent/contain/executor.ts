/**
 * Executes one command: what changes a pod takes turns per pod, what only looks does not. Every
 * refusal is decided on the node's own files at the moment of execution.
 */
import type { Observation } from '../../baseline/observation.ts';
import type { CommandFrame } from '../../proto/lanner/v1/frames.ts';
import type { CommandResult } from '../link/command-desk.ts';
import { collectEvidence } from './evidence.ts';
import type { EvidenceOptions } from './evidence.ts';
import type { FreezeLimit } from './freeze-limit.ts';
import { freezePod, thawPod } from './freeze-pod.ts';
import { CONFIRM_MS } from './freezer.ts';
import { killProcess } from './kill-process.ts';
import type { ContainOptions } from './options.ts';
import { refused } from './outcome.ts';
import { targetOf } from './target.ts';
import type { Target } from './target.ts';
import { timeOf } from './time-text.ts';
import { Turns } from './turns.ts';
import { Watch } from './watch.ts';

export const EVIDENCE_OPEN_MAX = 2;
export const WATCHES_MAX = 32;
const NS_PER_MS = 1_000_000n;

export type ExecutorOptions = Pick<ContainOptions, 'kill' | 'isSensing' | 'onFrozen'> &
  EvidenceOptions & { readonly limit: FreezeLimit };

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #turns = new Turns();
  readonly #watches = new Set<Watch>();
  #evidenceOpen = 0;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  note(observation: Observation): void {
    if (this.#watches.size === 0) return;
    for (const watch of this.#watches) watch.note(observation);
  }

  stop(): void {
    for (const watch of this.#watches) watch.stop();
  }

  async execute(frame: CommandFrame): Promise<CommandResult> {
    const target = targetOf(frame);
    if (!target.ok) return target.result;
    const deadlineMs = timeOf(frame.deadline);
    if (deadlineMs === null) return refused('malformed', 'the deadline is not a time');
    if (!Number.isInteger(frame.seconds) || frame.seconds < 0) {
      return refused('malformed', 'seconds is not a number of seconds');
    }
    switch (frame.action) {
      case 'freeze':
      case 'thaw':
      case 'kill-process':
        return await this.#inTurn(target.value, frame, deadlineMs);
      case 'collect-evidence':
        if (this.#leftMs(deadlineMs) <= 0) return TOO_LATE;
        return await this.#evidence(target.value, frame.seconds);
      case 'watch':
        if (this.#leftMs(deadlineMs) <= 0) return TOO_LATE;
        return await this.#watch(target.value, frame.seconds);
    }
  }

  /** A thaw that no command asked for takes its turn as well. */
  async release(target: Target): Promise<CommandResult> {
    return (await this.#turns.take(target.podUid, () => this.#thaw(target, CONFIRM_MS))) ?? BUSY;
  }

  /** The deadline is looked at when its turn has come: what waited too long is not done. */
  async #inTurn(
    target: Target,
    frame: CommandFrame,
    deadlineMs: number,
  ): Promise<CommandResult> {
    const result = await this.#turns.take(target.podUid, async () => {
      const leftMs = this.#leftMs(deadlineMs);
      if (leftMs <= 0) return TOO_LATE;
      const withinMs = Math.min(CONFIRM_MS, leftMs);
      if (frame.action === 'freeze') return await this.#freeze(target, withinMs);
      if (frame.action === 'thaw') return await this.#thaw(target, withinMs);
      return await killProcess(target, frame, this.#options);
    });
    return result ?? BUSY;
  }

  async #freeze(target: Target, withinMs: number): Promise<CommandResult> {
    const { clock, limit, onFrozen } = this.#options;
    const startedMs = clock.nowMs();
    const result = await freezePod(target, this.#options, withinMs);
    // One that was not confirmed is in force all the same.
    if (result.outcome !== 'refused') limit.frozen(target, startedMs);
    if (result.outcome === 'done') onFrozen((clock.nowMs() - startedMs) / 1_000);
    return result;
  }

  async #thaw(target: Target, withinMs: number): Promise<CommandResult> {
    const result = await thawPod(target, this.#options, withinMs);
    if (result.outcome !== 'failed') this.#options.limit.thawed(target);
    return result;
  }

  async #evidence(target: Target, seconds: number): Promise<CommandResult> {
    if (this.#evidenceOpen >= EVIDENCE_OPEN_MAX) {
      return refused('busy', `${EVIDENCE_OPEN_MAX} collections run already`);
    }
    this.#evidenceOpen += 1;
    try {
      return await collectEvidence(target, seconds, this.#options);
    } finally {
      this.#evidenceOpen -= 1;
    }
  }

  async #watch(target: Target, seconds: number): Promise<CommandResult> {
    if (this.#watches.size >= WATCHES_MAX) {
      return refused('busy', `${WATCHES_MAX} watches run already`);
    }
    const watch = Watch.begin(target, seconds, this.#options);
    if (!(watch instanceof Watch)) return watch;
    this.#watches.add(watch);
    try {
      return await watch.result;
    } finally {
      this.#watches.delete(watch);
    }
  }

  #leftMs(deadlineMs: number): number {
    return deadlineMs - Number(this.#options.clock.nowNs() / NS_PER_MS);
  }
}

const BUSY = refused('busy', 'too many commands wait for this pod');
const TOO_LATE = refused('too-late', 'the deadline of the command has passed');
