import Type from 'typebox';

import { channels, profileStates } from '../../../baseline/alert.ts';
import { decisionKinds, decisionScopes } from '../../../baseline/profile/decisions.ts';
import type { Decision } from '../../../baseline/profile/decisions.ts';
import { allOf, closed, count, listOf, number, oneOf, text, time } from './words.ts';

/** Answers about profiles and decisions; their requests are in `profile-schemas.ts`. */
export const decision = Type.Unsafe<Decision>(Type.Object({
  id: text,
  kind: oneOf(decisionKinds),
  scope: oneOf(decisionScopes),
  profileKey: text,
  repository: text,
  channel: oneOf(channels),
  value: text,
  by: text,
  at: text,
  why: text,
  undoneBy: Type.Optional(text),
  undoneAt: Type.Optional(text),
}, closed));

export const decisionsAnswer = listOf(decision);
export type DecisionsAnswer = Type.Static<typeof decisionsAnswer>;
export const decidedAnswer = allOf(decision);
export const placedAnswer =
  Type.Object({ items: Type.Array(decision), undone: Type.Array(decision) }, closed);
export const resetAnswer = Type.Object({
  items: Type.Array(decision),
  profiles: Type.Array(Type.Object({ id: text, key: text }, closed)),
}, closed);

const image = Type.Object({ repository: text, tag: text, digest: text }, closed);

const profile = Type.Object({
  id: text,
  key: text,
  image,
  workload: text,
  state: oneOf(profileStates),
  coverage: number,
  pods: count,
  observations: count,
  /** -1 when nobody can say. */
  completeInSeconds: number,
  /** Null while the agents have reported it and not yet sent evidence. */
  stored: Type.Union([
    Type.Object({
      revision: Type.Integer(),
      updatedTime: time,
      windows: count,
      generation: number,
      /** Channel → how many are known. */
      behaviours: Type.Record(text, count),
    }, closed),
    Type.Null(),
  ]),
  nodes: count,
  isLocked: Type.Boolean(),
}, closed);
export type ProfileView = Type.Static<typeof profile>;

export const profilesAnswer = listOf(profile);
export type ProfilesAnswer = Type.Static<typeof profilesAnswer>;

const behaviour = Type.Object({
  channel: oneOf(channels),
  value: text,
  pods: count,
  isAtLeast: Type.Boolean(),
  reporters: count,
  firstTime: text,
  lastTime: text,
  ruling: Type.Union([oneOf(['accept', 'reject']), Type.Null()]),
}, closed);
export type ProfileBehaviour = Type.Static<typeof behaviour>;

const learning = Type.Object({
  isComplete: Type.Boolean(),
  /** A single novelty raises an alert once it is complete. */
  isStrong: Type.Boolean(),
  cleanWindows: count,
  neededWindows: count,
  /** -1 when nobody can say. */
  completeInSeconds: number,
  basis: oneOf(['pods', 'windows']),
}, closed);

export const profileDetail = Type.Object({
  profile,
  channels: Type.Array(Type.Object({
    channel: oneOf(channels),
    total: count,
    /** How far it is learned; null while nothing is stored. */
    learning: Type.Union([learning, Type.Null()]),
    items: Type.Array(behaviour),
  }, closed)),
  /** What pods of a new version showed and nobody trusts yet. */
  waiting: Type.Array(Type.Object({
    channel: oneOf(channels),
    value: text,
    pods: count,
    raised: Type.Boolean(),
    suspicious: Type.Boolean(),
  }, closed)),
  decisions: Type.Array(decision),
}, closed);
export type ProfileDetail = Type.Static<typeof profileDetail>;

export const diffAnswer = Type.Object({
  from: text,
  to: text,
  items: Type.Array(Type.Object({
    change: oneOf(['added', 'removed', 'changed']),
    channel: oneOf(channels),
    value: text,
    detail: text,
  }, closed)),
}, closed);
export type DiffAnswer = Type.Static<typeof diffAnswer>;

export const importAnswer = Type.Object({
  id: text,
  key: text,
  dryRun: Type.Boolean(),
  /** What was not known here. */
  items: Type.Array(Type.Object({ channel: oneOf(channels), value: text })),
  rejected: count,
}, closed);
export type ImportAnswer = Type.Static<typeof importAnswer>;
