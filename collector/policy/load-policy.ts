import { createHash } from 'node:crypto';

import { loadConfig } from '../../config/load.ts';
import type { ConfigError } from '../../config/load.ts';
import { policySchema } from './policy.ts';
import type { Policy, PolicyRule } from './policy.ts';

/** A policy and the name of its text: what was decided under it can be traced to it for ever. */
export type LoadedPolicy = {
  readonly policy: Policy;
  /** First 12 hex digits of the SHA-256 of the text. */
  readonly hash: string;
};

export type PolicyLoad =
  | { readonly ok: true; readonly loaded: LoadedPolicy }
  | { readonly ok: false; readonly hash: string; readonly errors: readonly ConfigError[] };

const HASH_DIGITS = 12;

export const hashOf = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS);

/** From YAML; the empty text is the shipped policy. Every error is reported, with its place. */
export function loadPolicy(source: string, text: string): PolicyLoad {
  const hash = hashOf(text);
  const loaded = loadConfig({
    schema: policySchema,
    file: source,
    env: {},
    envPrefix: 'LANNER_POLICY_',
    readFile: () => text,
  });
  if (!loaded.ok) return { ok: false, hash, errors: loaded.errors };
  const errors = contradictions(loaded.value).map((error) => ({ source, ...error }));
  return errors.length > 0
    ? { ok: false, hash, errors }
    : { ok: true, loaded: { policy: loaded.value, hash } };
}

type Contradiction = Omit<ConfigError, 'source'>;

/** What no single value shows. */
function contradictions(policy: Policy): readonly Contradiction[] {
  const seen = new Set<string>();
  return policy.rules.flatMap((rule, index) => {
    const at = (key: string): string => `rules.${index}.${key}`;
    const errors: Contradiction[] = [];
    if (seen.has(rule.name)) {
      errors.push({
        key: at('name'),
        problem: `is ${rule.name} again`,
        expected: 'a name of its own: audit and metrics name the rule',
      });
    }
    seen.add(rule.name);
    return [...errors, ...contradictionsOf(policy, rule, at)];
  });
}

function contradictionsOf(
  policy: Policy,
  rule: PolicyRule,
  at: (key: string) => string,
): readonly Contradiction[] {
  const errors: Contradiction[] = [];
  const actions = [rule.action, ...rule.fallback];
  const needsTwo = rule.fourEyes || actions.some((action) => policy.fourEyes.includes(action));
  if (rule.mode === 'act' && needsTwo) {
    errors.push({
      key: at('mode'),
      problem: 'is act, and four eyes are asked for',
      expected: 'propose: nobody can approve what acts by itself',
    });
  }
  if (new Set(actions).size !== actions.length) {
    errors.push({ key: at('fallback'), problem: 'repeats an action', expected: 'each action once' });
  }
  if (rule.fallback.length > 0 && rule.action !== 'isolate' && rule.action !== 'freeze') {
    errors.push({
      key: at('fallback'),
      problem: `follows ${rule.action}`,
      expected: 'isolate or freeze before it: nothing else is watched for its effect',
    });
  }
  for (const [action, key] of [['scale-to-zero', 'scaleToZero'], ['cordon', 'cordon']] as const) {
    if (actions.includes(action) && !policy[key]) {
      errors.push({
        key: at('action'),
        problem: `is ${action}`,
        expected: `${key}: true beside the rules`,
      });
    }
  }
  return errors;
}
