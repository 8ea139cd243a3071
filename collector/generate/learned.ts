import { LEARNED_CHANNELS, STRONG_CHANNELS } from '../../baseline/profile/image-profile.ts';
import type { LearnedChannel } from '../../baseline/profile/image-profile.ts';
import type { Image } from '../../baseline/observation.ts';
import type { ProfileDocument } from '../../baseline/profile/document.ts';
import { derived, itemsIn } from '../profiles/image-profiles.ts';
import { learningOf } from '../profiles/profile-view.ts';
import type { Review } from '../profiles/review.ts';

/**
 * What the generators take: a profile's behaviours, and how far each channel is learned. It comes
 * from a stored document, or from the review form plus what the API says of the channels.
 *
 * The room is pure: same input, same bytes. Every artefact is an allow-list, so whatever could not
 * be said in its language is *left out* and named in its notes, never widened silently.
 */
export type LearnedBehaviour = {
  readonly verb: string;
  readonly object: string;
  readonly tree: 'path' | 'address' | 'none';
  readonly detail: string;
  readonly by: string;
  /** When it was seen first and last; absent in the form for reviews, which holds no times. */
  readonly firstMs?: number;
  readonly lastMs?: number;
};

export type LearnedChannels = ReadonlyMap<LearnedChannel, {
  readonly isComplete: boolean;
  readonly behaviours: readonly LearnedBehaviour[];
}>;

export type Learned = {
  readonly key: string;
  readonly image: Image;
  /** Not empty where the image's profile was split by workload: `namespace/name`. */
  readonly workload: string;
  /** Share of what the image does that is known, 0 to 1. */
  readonly coverage: number;
  readonly channels: LearnedChannels;
};

export function learnedOf(document: ProfileDocument): Learned {
  const { key, image, workload } = document;
  return {
    key,
    image,
    workload,
    coverage: derived(document).coverage(),
    channels: new Map(LEARNED_CHANNELS.map((channel) => [channel, {
      isComplete: learningOf(document, channel).isComplete,
      behaviours: itemsIn(document, channel),
    }])),
  };
}

export type LearningOf = {
  readonly coverage: number;
  readonly complete: ReadonlySet<string>;
};

export function learnedFrom(review: Review, { coverage, complete }: LearningOf): Learned {
  const { key, image, workload, behaviours } = review;
  return {
    key,
    image,
    workload,
    coverage,
    channels: new Map(LEARNED_CHANNELS.map((channel) => [channel, {
      isComplete: complete.has(channel),
      behaviours: (behaviours[channel] ?? []).map(({ detail, tree, ...same }) =>
        ({ ...same, detail: detail ?? '', tree: tree ?? 'none' })),
    }])),
  };
}

export const behavioursOf = (
  learned: Learned,
  channel: LearnedChannel,
): readonly LearnedBehaviour[] => learned.channels.get(channel)?.behaviours ?? [];

export const isComplete = (learned: Learned, channel: LearnedChannel): boolean =>
  learned.channels.get(channel)?.isComplete === true;

/** Strong channels that are still learned: what is made of them will refuse what is normal. */
export const incompleteOf = (learned: Learned): readonly LearnedChannel[] =>
  LEARNED_CHANNELS.filter((channel) =>
    STRONG_CHANNELS.has(channel) && !isComplete(learned, channel));
