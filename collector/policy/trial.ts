import type { Alert } from '../../baseline/alert.ts';
import { correlate } from '../incident/correlate.ts';
import type { IncidentSettings } from '../incident/correlate.ts';
import { emptyState } from '../incident/state.ts';
import type { IncidentState } from '../incident/state.ts';
import { decide } from './decide.ts';
import { matchesGlob } from './glob.ts';
import type { Policy, PolicyRule } from './policy.ts';

/**
 * What a policy would have done with alerts of the past: they are correlated as they arrived, each
 * growth is decided, and the limits are counted. Labels are not in alerts: a rule that asks for
 * them counts as "perhaps", as it does where the cluster cannot be asked. Pods' health and kill
 * loops are not tried, that would need the cluster of then.
 */
export type TrialLine = {
  readonly time: string;
  readonly alertId: string;
  readonly namespace: string;
  readonly pod: string;
  readonly severity: Alert['severity'];
  readonly score: number;
  readonly rule: string;
  readonly mode: 'propose' | 'act';
  readonly action: PolicyRule['action'];
  /** Which limit would have stopped it; empty when none. */
  readonly limit: string;
  /** The rule, or one before it, asks for labels. */
  readonly needsLabels: boolean;
};

export type Trial = {
  readonly alerts: number;
  readonly lines: readonly TrialLine[];
  /** Decision → how many alerts: `no-rule`, `observe`, `protected-namespace`, `no-pod`. */
  readonly nothing: ReadonlyMap<string, number>;
};

export function tryPolicy(
  policy: Policy,
  alerts: readonly Alert[],
  settings: IncidentSettings,
): Trial {
  const lines: TrialLine[] = [];
  const nothing = new Map<string, number>();
  const seen = new Set<string>();
  const counts = new LimitCounts(policy);
  let state: IncidentState = emptyState;
  const inOrder = alerts.toSorted((a, b) => (a.lastTime < b.lastTime ? -1 : 1));
  for (const alert of inOrder) {
    const nowMs = Date.parse(alert.lastTime) || 0;
    const result = correlate(state, [{ alert, incidentId: '' }], nowMs, settings);
    ({ state } = result);
    for (const effect of result.effects) {
      if (effect.kind !== 'grown') continue;
      const incident = result.changed.get(effect.incidentId);
      if (incident === undefined) continue;
      const decision = decide(policy, incident, alert);
      if (decision.kind === 'nothing') {
        nothing.set(decision.reason, (nothing.get(decision.reason) ?? 0) + 1);
        continue;
      }
      const { rule, mode } = decision;
      // Once for each pod, action and incident, as the responder proposes it.
      const key = JSON.stringify([rule.action, alert.podUid, incident.id]);
      if (seen.has(key)) continue;
      seen.add(key);
      lines.push({
        ...lineOf(alert, policy, rule),
        mode,
        limit: counts.take(alert, rule, nowMs),
      });
    }
  }
  return { alerts: alerts.length, lines, nothing };
}

function lineOf(
  alert: Alert,
  policy: Policy,
  rule: PolicyRule,
): Omit<TrialLine, 'mode' | 'limit'> {
  const { id, lastTime, namespace, pod, severity, score } = alert;
  const upTo = policy.rules.slice(0, policy.rules.indexOf(rule) + 1);
  return {
    time: lastTime,
    alertId: id,
    namespace,
    pod,
    severity,
    score,
    rule: rule.name,
    action: rule.action,
    needsLabels: upTo.some(({ match }) => Object.keys(match.labels).length > 0 &&
      match.namespaces.some((glob) => matchesGlob(glob, namespace))),
  };
}

/** The limits of the policy over time; as the guardrails count, but in memory. */
class LimitCounts {
  readonly #policy: Policy;
  #taken: { readonly atMs: number; readonly alert: Alert }[] = [];

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** Which limit is full; empty when the action was taken, which then counts. */
  take(alert: Alert, { limits: own }: PolicyRule, nowMs: number): string {
    const { limits } = this.#policy;
    this.#taken = this.#taken.filter(({ atMs }) => atMs > nowMs - limits.windowSeconds * 1_000);
    const least = (key: 'perWorkload' | 'perNamespace' | 'perNode' | 'perCluster'): number =>
      Math.min(limits[key], own[key] ?? Infinity);
    const count = (isSame: (other: Alert) => boolean): number =>
      this.#taken.filter((one) => isSame(one.alert)).length;
    const inNamespace = (other: Alert): boolean => other.namespace === alert.namespace;
    const isFull = {
      workload: least('perWorkload') <= count((other) =>
        inNamespace(other) && other.workload === alert.workload),
      namespace: least('perNamespace') <= count(inNamespace),
      node: least('perNode') <= count((other) => other.node === alert.node),
      cluster: least('perCluster') <= count(() => true),
    };
    const full = Object.entries(isFull).find(([, is]) => is)?.[0] ?? '';
    if (full === '') this.#taken.push({ atMs: nowMs, alert });
    return full;
  }
}
