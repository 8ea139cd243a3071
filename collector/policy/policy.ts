import Type from 'typebox';
import type { Static } from 'typebox';

import { alertKinds, channels, severities } from '../../baseline/alert.ts';

/**
 * What the collector may do by itself, and the limits that hold for everybody. The first rule that
 * matches decides; without a match nothing is done. `observe` does nothing, `propose` waits for a
 * person, `act` executes at once.
 */
const closed = { additionalProperties: false } as const;
const oneOf = <T extends string>(values: readonly T[]) =>
  Type.Unsafe<T>(Type.Enum([...values]));

const globs = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 512 }), {
    default: ['*'],
    maxItems: 256,
    description,
  });

export const policyModes = ['observe', 'propose', 'act'] as const;
export type PolicyMode = (typeof policyModes)[number];

export const policyActions = [
  'kill',
  'isolate',
  'freeze',
  'kill-process',
  'label',
  'cordon',
  'scale-to-zero',
] as const;
export type PolicyAction = (typeof policyActions)[number];

export const policyEvidence = ['required', 'best-effort', 'none'] as const;

const evidence = (description: string) =>
  Type.Unsafe<(typeof policyEvidence)[number]>(
    Type.Enum([...policyEvidence], { default: 'best-effort', description }),
  );

const matchSchema = Type.Object({
  namespaces: globs('Kubernetes namespaces; * stands for any characters.'),
  images: globs('Image repositories without tag; * stands for any characters.'),
  labels: Type.Record(
    Type.String({ minLength: 1, maxLength: 317 }),
    Type.String({ maxLength: 512 }),
    {
      default: {},
      maxProperties: 32,
      description: 'All of these labels of the pod; * stands for any characters.',
    },
  ),
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
  podsMin: Type.Integer({ minimum: 1, maximum: 1_000, default: 1,
    description: 'Confirmed by this many pods: those of the incident.' }),
}, { ...closed, default: {} });

/** Of containments; reversals are never limited. */
const limit = (value: number, what: string) =>
  Type.Integer({ minimum: 0, maximum: 10_000, default: value,
    description: `Actions per ${what} and window.` });

/** Without a default: what a rule does not limit, the policy's own limits do. */
const ownLimit = (what: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000,
    description: `Actions per ${what} and window.` }));

const limitsSchema = Type.Object({
  perWorkload: limit(3, 'workload'),
  perNamespace: limit(5, 'namespace'),
  perNode: limit(5, 'node'),
  perCluster: limit(20, 'cluster'),
  windowSeconds: Type.Integer({ minimum: 1, maximum: 86_400, default: 600 }),
}, { ...closed, default: {} });

const ruleSchema = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 64, pattern: '^[\\w.-]+$',
    description: 'letters, digits, dot, underscore, dash' }),
  match: matchSchema,
  mode: Type.Unsafe<PolicyMode>(Type.Enum([...policyModes], { default: 'propose' })),
  action: oneOf(policyActions),
  fallback: Type.Array(oneOf(policyActions), {
    default: [],
    maxItems: 4,
    description: 'Tried in this order when the agent sees that the action had no effect.',
  }),
  graceSeconds: Type.Integer({ minimum: 0, maximum: 3_600, default: 0,
    description: 'For kill: how long the pod may end by itself. 0 gives an attacker no time.' }),
  ttlSeconds: Type.Integer({ minimum: 0, maximum: 2_592_000, default: 0,
    description: 'Reversed by itself after this long; 0 for never. A kill stays.' }),
  watchSeconds: Type.Integer({ minimum: 0, maximum: 600, default: 30,
    description: 'How long the agent watches after isolate and freeze; 0 for not at all.' }),
  fourEyes: Type.Boolean({ default: false,
    description: 'Two different people, of whom one may be the proposer.' }),
  evidence: evidence('Before a destructive action. required: without it nothing is done.'),
  limits: Type.Object({
    perWorkload: ownLimit('workload'),
    perNamespace: ownLimit('namespace'),
    perNode: ownLimit('node'),
    perCluster: ownLimit('cluster'),
  }, { ...closed, default: {}, description: 'Stricter than those of the policy, never looser.' }),
}, closed);

export const policySchema = Type.Object({
  protectedNamespaces: Type.Array(Type.String({ minLength: 1 }), {
    default: ['kube-system', 'kube-public', 'kube-node-lease', 'lanner'],
    description: 'No action is ever taken in these, not even on a person’s order; * is allowed.',
  }),
  protectedLabels: Type.Array(Type.String({ minLength: 1, maxLength: 317 }), {
    default: ['lanner.dev/protected', 'app.kubernetes.io/part-of=lanner'],
    maxItems: 64,
    description: 'Pods with one of these (key, or key=value; * is allowed in the value).',
  }),
  protectedKinds: Type.Array(Type.String({ minLength: 1, maxLength: 63 }), {
    default: ['Node'],
    maxItems: 32,
    description: 'Pods of these owners; Node is a static pod, which the API server cannot stop.',
  }),
  minHealthyPercent: Type.Integer({ minimum: 0, maximum: 100, default: 50,
    description: 'Of the workload’s replicas that stay ready, at least one; 0 asks for none.' }),
  limits: limitsSchema,
  killLoop: Type.Object({
    kills: Type.Integer({ minimum: 1, maximum: 100, default: 2,
      description: 'After so many kills of a workload for the same behaviour there is no other.' }),
    windowSeconds: Type.Integer({ minimum: 60, maximum: 604_800, default: 3_600 }),
  }, { ...closed, default: {} }),
  approvalSeconds: Type.Integer({ minimum: 60, maximum: 604_800, default: 3_600,
    description: 'A proposal that nobody approves within this time expires.' }),
  fourEyes: Type.Array(oneOf(policyActions), {
    default: [],
    description: 'Actions that always need two different people, whoever proposes them.',
  }),
  evidence: evidence('Before a destructive action that a person proposes.'),
  watchSeconds: Type.Integer({ minimum: 0, maximum: 600, default: 30,
    description: 'How long the agent watches what a person had isolated or frozen.' }),
  destructiveTechniques: Type.Array(Type.String({ pattern: '^T\\d{4}(\\.\\d{3})?$' }), {
    default: [
      ...['T1485', 'T1486', 'T1489', 'T1490', 'T1495', 'T1496', 'T1498', 'T1499', 'T1529'],
      ...['T1531', 'T1561', 'T1565', 'T1611'],
    ],
    maxItems: 256,
    description: 'ATT&CK ids that no maintenance window quietens; T1059 means T1059.004, too.',
  }),
  scaleToZero: Type.Boolean({ default: false,
    description: 'Allow scale-to-zero; it needs a ClusterRole of its own.' }),
  cordon: Type.Boolean({ default: false,
    description: 'Allow cordon; it needs a ClusterRole of its own.' }),
  forensicsNamespace: Type.String({ default: '', maxLength: 63,
    pattern: '^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$',
    description: 'Isolated pods may still talk with the pods of this namespace; empty for none.' }),
  rules: Type.Array(ruleSchema, {
    maxItems: 256,
    default: [
      { name: 'kill-critical', match: { severityMin: 'critical' }, action: 'kill' },
      { name: 'isolate-high', match: { severityMin: 'high' }, action: 'isolate',
        fallback: ['freeze'] },
    ],
  }),
}, { ...closed, default: {} });

export type Policy = Static<typeof policySchema>;
export type PolicyRule = Policy['rules'][number];
export type PolicyLimits = Omit<Policy['limits'], 'windowSeconds'>;
