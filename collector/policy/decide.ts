import { severities } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import type { Incident } from '../incident/incident.ts';
import { matchesGlob } from './glob.ts';
import type { Policy, PolicyRule } from './policy.ts';

export type Decision =
  | { readonly kind: 'respond'; readonly rule: PolicyRule; readonly mode: 'propose' | 'act' }
  | { readonly kind: 'nothing'; readonly reason: NothingReason };

export type NothingReason = 'no-rule' | 'observe' | 'protected-namespace' | 'no-pod';

/** What the policy says to one alert and the incident it is in. Pure. */
export function decide(policy: Policy, incident: Incident, alert: Alert): Decision {
  // Without the uid it could only be a pod of that name, perhaps the innocent successor.
  if (alert.podUid === '' || alert.pod === '' || alert.namespace === '') {
    return { kind: 'nothing', reason: 'no-pod' };
  }
  if (isProtected(policy, alert.namespace)) {
    return { kind: 'nothing', reason: 'protected-namespace' };
  }
  const rule = policy.rules.find((one) => matches(one, incident, alert));
  if (rule === undefined) return { kind: 'nothing', reason: 'no-rule' };
  if (rule.mode === 'observe') return { kind: 'nothing', reason: 'observe' };
  return { kind: 'respond', rule, mode: rule.mode };
}

export function isProtected(policy: Policy, namespace: string): boolean {
  return policy.protectedNamespaces.some((glob) => matchesGlob(glob, namespace));
}

function matches({ match }: PolicyRule, incident: Incident, alert: Alert): boolean {
  const severity = Math.max(
    severities.indexOf(alert.severity),
    severities.indexOf(incident.severity),
  );
  return match.kinds.includes(alert.kind) &&
    // An informational alert of a pod in trouble is not itself a reason to act.
    severities.indexOf(alert.severity) >= severities.indexOf('low') &&
    severity >= severities.indexOf(match.severityMin) &&
    Math.max(alert.score, incident.score) >= match.scoreMin &&
    match.namespaces.some((glob) => matchesGlob(glob, alert.namespace)) &&
    match.images.some((glob) => matchesGlob(glob, alert.image.repository)) &&
    (match.channels.length === 0 ||
      alert.behaviours.some(({ channel }) => match.channels.includes(channel))) &&
    (match.techniques.length === 0 ||
      alert.techniques.some((id) => match.techniques.some((wanted) => isWithin(id, wanted))));
}

const isWithin = (technique: string, wanted: string): boolean =>
  technique === wanted || technique.startsWith(`${wanted}.`);
