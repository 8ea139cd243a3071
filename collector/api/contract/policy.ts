import Type from 'typebox';

import { policySchema } from '../../policy/policy.ts';
import { closed, text } from './words.ts';

/** The policy in force and the name of its text. */
export const policyAnswer = Type.Object({ policy: policySchema, hash: text }, closed);
export type PolicyAnswer = Type.Static<typeof policyAnswer>;
