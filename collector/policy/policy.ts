import Type from 'typebox';
import type { Static } from 'typebox';

import { alertKinds, channels, severities } from '../../baseline/alert.ts';

/**
 * What the collector may do by itself. The first rule that matches decides; without a match nothing
 * is done. `observe` does nothing, `propose` waits for a person, `act` executes at once.
 */
const oneOf = <T extends string>(values: readonly T[]) =>
  Type.Unsafe<T>(Type.Enum([...values]));

const globs = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 512 }), {
    default: ['*'],
    maxItems: 256,
    description,
  });

export const policyModes = ['observe', 'propose', 'act'] as const;
const policyActions = ['kill', 'isolate', 'label'] as const;

const matchSchema = Type.Object({
  namespaces: globs('Kubernetes namespaces; * stands for any characters.'),
  images: globs('Image repositories without tag; * stands for any characters.'),
  kinds: Type.Array(oneOf(alertKinds), { default: ['anomaly', 'rule'] }),
  channels: Type.Array(oneOf(channels), {
    default: [],
    description: 'At least one behaviour of the alert is in one of these; empty for any.',
  }),
  techniques: Type.Array(Type.String({ pattern: '^T\\d{4}(\\.\\d{3})?$' }), {
    default: [],
    description: 'ATT&CK ids like T1059 (its sub-techniques too) or T1059.004; empty for any.',
  }),
  severityMin: Type.Unsafe<(typeof severities)[number]>(
    Type.Enum([...severities], { default: 'high', description: 'Of the incident or the alert.' }),
  ),
  scoreMin: Type.Number({ minimum: 0, maximum: 100, default: 0 }),
}, { additionalProperties: false, default: {} });

const ruleSchema = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 64, pattern: '^[\\w.-]+$',
    description: 'letters, digits, dot, underscore, dash' }),
  match: matchSchema,
  mode: Type.Unsafe<(typeof policyModes)[number]>(
    Type.Enum([...policyModes], { default: 'propose' }),
  ),
  action: oneOf(policyActions),
  graceSeconds: Type.Integer({ minimum: 0, maximum: 3_600, default: 0,
    description: 'For kill: how long the pod may end by itself. 0 gives an attacker no time.' }),
}, { additionalProperties: false });

export const policySchema = Type.Object({
  protectedNamespaces: Type.Array(Type.String({ minLength: 1 }), {
    default: ['kube-system', 'kube-public', 'kube-node-lease', 'lanner'],
    description: 'No action is ever taken in these, not even on a person’s order; * is allowed.',
  }),
  budget: Type.Object({
    actionsMax: Type.Integer({ minimum: 0, maximum: 1_000, default: 5,
      description: 'Actions per namespace and window.' }),
    windowSeconds: Type.Integer({ minimum: 1, maximum: 86_400, default: 600 }),
  }, { additionalProperties: false, default: {} }),
  approvalSeconds: Type.Integer({ minimum: 60, maximum: 604_800, default: 3_600,
    description: 'A proposal that nobody approves within this time expires.' }),
  rules: Type.Array(ruleSchema, {
    maxItems: 256,
    default: [
      { name: 'kill-critical', match: { severityMin: 'critical' }, action: 'kill' },
      { name: 'isolate-high', match: { severityMin: 'high' }, action: 'isolate' },
    ],
  }),
}, { additionalProperties: false, default: {} });

export type Policy = Static<typeof policySchema>;
export type PolicyRule = Policy['rules'][number];
