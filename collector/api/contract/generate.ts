import Type from 'typebox';

import { closed, oneOf, text, texts } from './words.ts';

/** Policies of other products, made from one profile. */
export const generatedKinds = ['falco', 'seccomp', 'kubearmor'] as const;
export type GeneratedKind = (typeof generatedKinds)[number];

export const generatedQuery = Type.Object({ kind: oneOf(generatedKinds) }, closed);

export const generatedAnswer = Type.Object({
  kind: oneOf(generatedKinds),
  key: text,
  /** The artefact as a file: YAML, of `seccomp` JSON. */
  text,
  /** Channels that are still learned: what is normal and not yet seen would be refused. */
  incomplete: texts,
  /** Behaviours that its language cannot say. */
  left: texts,
}, closed);
export type GeneratedAnswer = Type.Static<typeof generatedAnswer>;
