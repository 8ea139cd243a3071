import type { CompletionRule } from '../profile/completion.ts';
import type { ImageProfile, LearnedChannel } from '../profile/image-profile.ts';

/** What a novelty means in a channel at this time; see the table in `novelty.ts`. */
export type Mode = 'learning' | 'upgrade' | 'complete';

/** Windows between two looks at whether a channel is complete: the answer changes slowly. */
const LOOK_AGAIN_WINDOWS = 5;

/** Remembers for a few windows whether each channel of each profile is complete. */
export class Modes {
  readonly #rule: CompletionRule;
  readonly #windowMs: number;
  readonly #seen = new WeakMap<ImageProfile, Map<LearnedChannel, { atMs: number; on: boolean }>>();

  constructor(rule: CompletionRule, windowMs: number) {
    this.#rule = rule;
    this.#windowMs = windowMs;
  }

  /** The fleet's evidence came in: what was learning may be complete from the next event on. */
  forget(profile: ImageProfile): void {
    this.#seen.delete(profile);
  }

  of(profile: ImageProfile, channel: LearnedChannel, nowMs: number): Mode {
    // Nothing more is learned: whatever is new is outside.
    if (profile.isLocked || this.#isComplete(profile, channel, nowMs)) return 'complete';
    for (let p = profile.parent; p !== null; p = p.parent) {
      if (this.#isComplete(p, channel, nowMs)) return 'upgrade';
    }
    return 'learning';
  }

  #isComplete(profile: ImageProfile, channel: LearnedChannel, nowMs: number): boolean {
    let channels = this.#seen.get(profile);
    if (channels === undefined) {
      channels = new Map();
      this.#seen.set(profile, channels);
    }
    const last = channels.get(channel);
    const ageMs = last === undefined ? Number.POSITIVE_INFINITY : Math.abs(nowMs - last.atMs);
    if (last !== undefined && ageMs < LOOK_AGAIN_WINDOWS * this.#windowMs) return last.on;
    const on = profile.completion(channel, this.#rule, this.#windowMs).complete;
    channels.set(channel, { atMs: nowMs, on });
    return on;
  }
}
