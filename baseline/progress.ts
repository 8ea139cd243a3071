import type { AlertProfile } from './alert.ts';
import type { Image } from './observation.ts';
import type { CompletionRule } from './profile/completion.ts';
import { STRONG_CHANNELS, type ImageProfile } from './profile/image-profile.ts';
import type { LearnedChannel } from './profile/image-profile.ts';

/**
 * How far the learning of each image has come, as alerts, heartbeats and metrics say it. It is
 * worked out of all behaviours and pods of an image, so each answer is kept until what it hangs on
 * has changed: in a flood of alerts the same image is asked about thousands of times a second, and
 * a heartbeat asks about all of them.
 */

export type ImageProgress = AlertProfile & {
  readonly key: string;
  readonly image: Image;
  /** At the present rate; -1 when nobody can say. */
  readonly completeInSeconds: number;
};

type Answer = {
  readonly stamp: string;
  readonly state: AlertProfile['state'];
  readonly coverage: number;
  readonly completeInSeconds: number;
  /** Observations of pods that this node never saw. */
  readonly elsewhere: number;
  /** What the fleet knows of this node's own pods, from before a restart of the agent. */
  readonly before: ReadonlyMap<number, number>;
};

export class Progress {
  readonly #rule: CompletionRule;
  readonly #windowMs: number;
  readonly #answers = new WeakMap<ImageProfile, Answer>();

  constructor(rule: CompletionRule, windowMs: number) {
    this.#rule = rule;
    this.#windowMs = windowMs;
  }

  of(profile: ImageProfile): ImageProgress {
    const answer = this.#answerOf(profile);
    const { state, coverage, completeInSeconds } = answer;
    return {
      key: profile.key,
      image: profile.image,
      state,
      coverage,
      observations: observationsOf(profile, answer),
      pods: profile.podCount,
      completeInSeconds,
    };
  }

  /** The part of it that an alert tells. */
  alertProfile(profile: ImageProfile): AlertProfile {
    const { state, coverage, observations, pods } = this.of(profile);
    return { state, coverage, observations, pods };
  }

  #answerOf(profile: ImageProfile): Answer {
    const known = this.#answers.get(profile);
    if (known?.stamp === stampOf(profile)) return known;
    const state = profile.state(this.#rule, this.#windowMs);
    const answer = {
      state,
      coverage: profile.coverage(),
      completeInSeconds: state === 'complete' ? 0 : this.#completeInSeconds(profile),
      ...toldOf(profile),
      // Last: asking may derive names anew.
      stamp: stampOf(profile),
    };
    this.#answers.set(profile, answer);
    return answer;
  }

  #completeInSeconds(profile: ImageProfile): number {
    let inSeconds = 0;
    for (const name of STRONG_CHANNELS) {
      const state = profile.completion(name as LearnedChannel, this.#rule, this.#windowMs);
      if (state.inSeconds < 0) return -1;
      inSeconds = Math.max(inSeconds, state.inSeconds);
    }
    return inSeconds;
  }
}

/** Whatever the answer hangs on grows one of these; only the observations are counted apart. */
function stampOf(profile: ImageProfile): string {
  const { revision, decisions, parent, pods } = profile;
  let changes = 0;
  for (const channel of profile.channels.values()) changes += channel.changes;
  const own = `${revision}/${changes}/${decisions.revision}/${pods.size}/${pods.own.size}`;
  const stamp = `${own}/${pods.windows}/${pods.counted}/${pods.lastMs}/${pods.starts}`;
  return parent === null ? stamp : `${stamp} ${parent.key} ${stampOf(parent)}`;
}

function toldOf({ pods }: ImageProfile): Pick<Answer, 'elsewhere' | 'before'> {
  const most = new Map<number, number>();
  for (const { pod, observations } of pods.fleet.values()) {
    most.set(pod, Math.max(most.get(pod) ?? 0, observations));
  }
  const before = new Map<number, number>();
  let elsewhere = 0;
  for (const [pod, observations] of most) {
    if (pods.own.has(pod)) before.set(pod, observations);
    else elsewhere += observations;
  }
  return { elsewhere, before };
}

function observationsOf({ pods }: ImageProfile, { elsewhere, before }: Answer): number {
  let total = elsewhere;
  for (const [pod, { observations }] of pods.own) {
    total += Math.max(observations, before.get(pod) ?? 0);
  }
  return total;
}
