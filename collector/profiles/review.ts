import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

import { ITEMS_MAX } from '../../baseline/profile/channel-profile.ts';
import type { ProfileDocument } from '../../baseline/profile/document.ts';
import { LEARNED_CHANNELS } from '../../baseline/profile/image-profile.ts';
import type { LearnedChannel } from '../../baseline/profile/image-profile.ts';
import { itemsIn, mismatch, valueOf } from './image-profiles.ts';

/**
 * A profile as people keep it in Git: what the image does, sorted, and nothing that changes from
 * hour to hour (no counters, no times). `pods: 1` stands where one pod alone showed it.
 */
export const REVIEW_FORMAT = 'lanner-review/1';
const TEXT_MAX = 16_384;

const closed = { additionalProperties: false } as const;
const Text = Type.String({ maxLength: TEXT_MAX });

const BehaviourSchema = Type.Object({
  verb: Type.String({ minLength: 1, maxLength: TEXT_MAX }),
  object: Text,
  detail: Type.Optional(Text),
  by: Text,
  /** How the object may be generalised; absent for what stays exact. */
  tree: Type.Optional(Type.Union([Type.Literal('path'), Type.Literal('address')])),
  pods: Type.Optional(Type.Literal(1)),
}, closed);

const ReviewSchema = Type.Object({
  format: Type.Literal(REVIEW_FORMAT),
  key: Type.String({ minLength: 1, maxLength: TEXT_MAX }),
  image: Type.Object({ repository: Text, tag: Text, digest: Text }, closed),
  workload: Text,
  behaviours: Type.Object(Object.fromEntries(LEARNED_CHANNELS.map((channel) =>
    [channel, Type.Optional(Type.Array(BehaviourSchema, { maxItems: ITEMS_MAX }))])) as
    Record<LearnedChannel, ReturnType<typeof listSchema>>, closed),
}, closed);

const listSchema = () =>
  Type.Optional(Type.Array(BehaviourSchema, { maxItems: ITEMS_MAX }));

export type Review = Static<typeof ReviewSchema>;
export type ReviewBehaviour = Static<typeof BehaviourSchema>;

export type ReviewProblem = {
  /** Where: `['behaviours', 'exec', 3, 'verb']`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
};

export type ParsedReview =
  | { readonly ok: true; readonly review: Review }
  | { readonly ok: false; readonly problem: ReviewProblem };

export function toReview(document: ProfileDocument): Review {
  const behaviours: Partial<Record<LearnedChannel, ReviewBehaviour[]>> = {};
  for (const channel of LEARNED_CHANNELS) {
    const items = itemsIn(document, channel);
    if (items.length === 0) continue;
    behaviours[channel] = items.map(({ verb, object, detail, by, tree, pods }) => ({
      verb,
      object,
      ...(detail === '' ? {} : { detail }),
      by,
      ...(tree === 'none' ? {} : { tree }),
      ...(pods === 1 ? { pods: 1 as const } : {}),
    }));
  }
  const { key, image, workload } = document;
  return { format: REVIEW_FORMAT, key, image, workload, behaviours };
}

export function checkReview(value: unknown): ParsedReview {
  if (Value.Check(ReviewSchema, value)) {
    const problem = mismatch(value.key, value);
    if (problem === undefined) return { ok: true, review: value };
    return { ok: false, problem: { path: ['key'], message: problem } };
  }
  const [first] = Value.Errors(ReviewSchema, value);
  const path = (first?.instancePath ?? '').split('/').slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return { ok: false, problem: { path, message: messageOf(first) } };
}

type ValueError = { readonly message?: string; readonly params?: object } | undefined;

function messageOf(error: ValueError): string {
  const unknown = (error?.params as { additionalProperties?: readonly string[] } | undefined)
    ?.additionalProperties?.[0];
  if (unknown !== undefined) return `there is no such key: "${unknown.slice(0, 100)}"`;
  const missing = (error?.params as { requiredProperties?: readonly string[] } | undefined)
    ?.requiredProperties?.[0];
  return missing === undefined ? error?.message ?? 'not valid' : `"${missing}" is missing`;
}

export type ReviewedBehaviour = {
  readonly channel: LearnedChannel;
  /** As alerts show it, and as decisions name it. */
  readonly value: string;
  readonly isOfOnePod: boolean;
};

export const behavioursIn = ({ behaviours }: Review): readonly ReviewedBehaviour[] =>
  LEARNED_CHANNELS.flatMap((channel) =>
    (behaviours[channel] ?? []).map(({ verb, object, by, tree, detail, pods }) => ({
      channel,
      value: valueOf(channel, { verb, object, by, tree: tree ?? 'none', detail: detail ?? '' }),
      isOfOnePod: pods === 1,
    })));
