import type { LearnedChannel } from './image-profile.ts';
import type { HashSet } from './pod-set.ts';

/**
 * Whose word counts. What two nodes reported counts; what one node alone reported counts as long
 * as the others could not contradict it: when the profile *without* all that this node says is
 * complete by its own clean run over several pods, enough of which were seen to start, what it
 * alone says is left out: of what is known, of what names generalise to, of what waits to be
 * shared, of what completeness is counted from. What pods of this node showed counts as always.
 *
 * One bad replica therefore cannot, for an image that the others know: make a behaviour normal on
 * another node, widen a pattern, make a command a probe, let a start-up's novelty pass as shared,
 * or keep the profile in learning. It can: teach an image that nobody else knows yet, and the first
 * hours of a rollout (which are told as the upgrade's diff); cost alarms, by claiming pods and
 * windows so that the profile seems complete early; and hide a rate, because the most that any pod
 * ever did is believed. Two bad replicas can do all that the quorum keeps one from.
 */
export class Quorum {
  readonly #self: number;
  readonly #areOthersSure: (channel: LearnedChannel, without: number) => boolean;
  readonly #doubted = new Map<LearnedChannel, Map<number, boolean>>();

  constructor(options: {
    /** What this node reported before a restart is its own. */
    readonly self: number;
    readonly areOthersSure: (channel: LearnedChannel, without: number) => boolean;
  }) {
    this.#self = options.self;
    this.#areOthersSure = options.areOthersSure;
  }

  /** Whether what these nodes reported counts here. */
  counts(reporters: HashSet, channel: LearnedChannel): boolean {
    const [reporter] = reporters;
    if (reporter === undefined || reporters.length > 1) return true;
    return !this.doubts(reporter, channel);
  }

  /** The same from what was found out last, for while it is being found out. */
  countedLast(reporters: HashSet, channel: LearnedChannel): boolean {
    if (reporters.length !== 1) return true;
    return this.#doubted.get(channel)?.get(reporters[0] ?? 0) !== true;
  }

  doubts(reporter: number, channel: LearnedChannel): boolean {
    if (reporter === this.#self) return false;
    const doubts = this.#in(channel);
    const known = doubts.get(reporter);
    if (known !== undefined) return known;
    const isDoubted = this.#areOthersSure(channel, reporter);
    doubts.set(reporter, isDoubted);
    return isDoubted;
  }

  /** Starts anew; true when somebody was doubted. */
  clear(channel: LearnedChannel): boolean {
    const doubts = this.#in(channel);
    const wasAny = doubts.values().some((isDoubted) => isDoubted);
    doubts.clear();
    return wasAny;
  }

  #in(channel: LearnedChannel): Map<number, boolean> {
    const known = this.#doubted.get(channel) ?? new Map<number, boolean>();
    this.#doubted.set(channel, known);
    return known;
  }
}
