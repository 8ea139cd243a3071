/** How an image came to be in an answer, the strongest first. */
export const blastReasons = [
  'same-digest',
  'same-repository',
  'shared-layers',
  'showed-behaviour',
  'knows-behaviour',
] as const;
export type BlastReason = (typeof blastReasons)[number];

/** A pod runs now if its node said so within this time: three of an agent's reports. */
export const NOW_MS = 1_800_000;

/** What an answer cannot know. */
export const limitCodes = [
  /** Nothing of this name was ever told of. */
  'unknown-image',
  /** Of the image asked for no layers are known. */
  'no-layers',
  /** Of images that ran no layers are known. */
  'images-without-layers',
  /** Several lists of layers are told of one image. */
  'several-layer-lists',
  'nodes-without-layers',
  'nodes-without-runs',
  'nodes-silent',
  'gaps',
  /** The record begins within the days asked for. */
  'record-begins',
  /** Less is kept than was asked for. */
  'record-kept',
  'profiles-unread',
  'alerts-bound',
  'images-bound',
  'runs-bound',
  /** Of the behaviours of an alert some were not looked for. */
  'behaviours-bound',
] as const;
export type LimitCode = (typeof limitCodes)[number];
