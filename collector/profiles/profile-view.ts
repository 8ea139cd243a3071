import type { Channel, ProfileState } from '../../baseline/alert.ts';
import { behaviourText } from '../../baseline/behaviour/behaviour.ts';
import { COMPLETION_DEFAULT } from '../../baseline/profile/completion.ts';
import type { Decisions, Ruling } from '../../baseline/profile/decisions.ts';
import type { ProfileDocument } from '../../baseline/profile/document.ts';
import { LEARNED_CHANNELS, STRONG_CHANNELS } from '../../baseline/profile/image-profile.ts';
import type { LearnedChannel } from '../../baseline/profile/image-profile.ts';
import { POD_SET_MAX } from '../../baseline/profile/pod-set.ts';
import { derived, itemsIn, valueOf } from './image-profiles.ts';
import type { ProfileItem } from './image-profiles.ts';

/**
 * A stored profile as people look at it. How far it is learned is said by the rule that agents use
 * unless they are told otherwise; an agent that runs the image now says it by its own.
 */
const WINDOW_MS = 60_000;

export type ProfileNumbers = {
  readonly state: ProfileState;
  readonly coverage: number;
  readonly pods: number;
  readonly windows: number;
  readonly observations: number;
  readonly completeInSeconds: number;
  readonly generation: number;
  readonly behaviours: Readonly<Record<string, number>>;
};

export function numbersOf(document: ProfileDocument): ProfileNumbers {
  const profile = derived(document);
  const state = profile.state(COMPLETION_DEFAULT, WINDOW_MS);
  let inSeconds = 0;
  for (const name of STRONG_CHANNELS) {
    const strong = profile.completion(name as LearnedChannel, COMPLETION_DEFAULT, WINDOW_MS);
    inSeconds = strong.inSeconds < 0 || inSeconds < 0 ? -1 : Math.max(inSeconds, strong.inSeconds);
  }
  return {
    state,
    coverage: profile.coverage(),
    pods: profile.podCount,
    windows: profile.windows,
    observations: profile.observations,
    completeInSeconds: state === 'complete' ? 0 : inSeconds,
    generation: document.generation,
    behaviours: Object.fromEntries(LEARNED_CHANNELS.map((name) =>
      [name, itemsIn(document, name).length])),
  };
}

/** How far one channel is learned: its run of pod-windows without anything new. */
export type ChannelLearning = {
  readonly isComplete: boolean;
  readonly isStrong: boolean;
  readonly cleanWindows: number;
  readonly neededWindows: number;
  /** At the present rate and without novelty; -1 when nobody can say. */
  readonly completeInSeconds: number;
  /** `windows`: one pod alone, a weaker claim. */
  readonly basis: 'pods' | 'windows';
};

export function learningOf(document: ProfileDocument, channel: LearnedChannel): ChannelLearning {
  const { complete, clean, needed, inSeconds, basis } =
    derived(document).completion(channel, COMPLETION_DEFAULT, WINDOW_MS);
  return {
    isComplete: complete,
    isStrong: STRONG_CHANNELS.has(channel),
    cleanWindows: clean,
    neededWindows: needed,
    completeInSeconds: complete ? 0 : inSeconds,
    basis,
  };
}

export type BehaviourView = {
  readonly channel: Channel;
  /** As alerts show it, and as decisions name it. */
  readonly value: string;
  /** Distinct pods that showed it; from `POD_SET_MAX` on it means "at least". */
  readonly pods: number;
  readonly isAtLeast: boolean;
  readonly reporters: number;
  readonly firstTime: string;
  readonly lastTime: string;
  /** What people said of it, if anything. */
  readonly ruling: Ruling;
};

/** In the order of the document, which is sorted. */
export function behavioursIn(
  document: ProfileDocument,
  channel: LearnedChannel,
  rules: Pick<Decisions, 'rulingOn'>,
): readonly BehaviourView[] {
  return itemsIn(document, channel).map((item) => {
    const value = valueOf(channel, item);
    return { value, ...viewOf(channel, item), ruling: rules.rulingOn(channel, value, document) };
  });
}

function viewOf(
  channel: LearnedChannel,
  { pods, reporters, firstMs, lastMs }: ProfileItem,
): Omit<BehaviourView, 'value' | 'ruling'> {
  return {
    channel,
    pods,
    isAtLeast: pods >= POD_SET_MAX,
    reporters,
    firstTime: timeText(firstMs),
    lastTime: timeText(lastMs),
  };
}

export type WaitingView = {
  readonly channel: Channel;
  readonly value: string;
  readonly pods: number;
  readonly raised: boolean;
  readonly suspicious: boolean;
};

/** What pods of a new version showed and nobody trusts yet. */
export function waitingIn(document: ProfileDocument): readonly WaitingView[] {
  return document.calibration.candidates.map((candidate) => {
    const { channel, verb, object, tree, detail, by, pods, raised, suspicious } = candidate;
    const value = behaviourText({ channel, verb, object, tree, detail, by }, object);
    return { channel, value, pods: pods.length, raised, suspicious };
  });
}

/** A document may say any integer; beyond what a date can be, it is shown as none. */
function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
