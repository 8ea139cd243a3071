import { severities } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import type { Incident } from '../incident/incident.ts';
import { matchesGlob } from './glob.ts';
import type { Policy, PolicyRule } from './policy.ts';

export type Decision =
  | { readonly kind: 'respond'; readonly rule: PolicyRule; readonly mode: 'propose' | 'act' }
  | { readonly kind: 'nothing'; readonly reason: NothingReason };

export type NothingReason = 'no-rule' | 'observe' | 'protected-namespace' | 'no-pod';

/** Alerts carry no labels. Undefined when the pod's could not be read; a pod without any has {}. */
export type PodLabels = Readonly<Record<string, string>> | undefined;

/** What the policy says to one alert and the incident it is in. Pure. */
export function decide(
  policy: Policy,
  incident: Incident,
  alert: Alert,
  labels?: PodLabels,
): Decision {
  const reason = refusalOf(policy, alert);
  if (reason !== undefined) return { kind: 'nothing', reason };
  let isUnsure = false;
  for (const rule of policy.rules) {
    if (!matches(rule, incident, alert)) continue;
    const ofLabels = matchesLabels(rule, labels);
    if (ofLabels === 'unknown') {
      // It might have been this rule, and it might have said to do nothing.
      isUnsure = true;
    } else if (ofLabels) {
      if (rule.mode === 'observe') return { kind: 'nothing', reason: 'observe' };
      return { kind: 'respond', rule, mode: isUnsure ? 'propose' : rule.mode };
    }
  }
  return { kind: 'nothing', reason: 'no-rule' };
}

/** A rule that matches but for its labels: then they are worth a question to the API server. */
export function needsLabels(policy: Policy, incident: Incident, alert: Alert): boolean {
  return refusalOf(policy, alert) === undefined &&
    policy.rules.some((rule) =>
      Object.keys(rule.match.labels).length > 0 && matches(rule, incident, alert));
}

function refusalOf(policy: Policy, alert: Alert): NothingReason | undefined {
  // Without the uid it could only be a pod of that name, perhaps the innocent successor.
  if (alert.podUid === '' || alert.pod === '' || alert.namespace === '') return 'no-pod';
  return isProtected(policy, alert.namespace) ? 'protected-namespace' : undefined;
}

export function isProtected(policy: Policy, namespace: string): boolean {
  return policy.protectedNamespaces.some((glob) => matchesGlob(glob, namespace));
}

/** The label that protects a pod, as the policy writes it. */
export function protectingLabel(
  policy: Policy,
  labels: Readonly<Record<string, string>>,
): string | undefined {
  return policy.protectedLabels.find((wanted) => {
    const equals = wanted.indexOf('=');
    const key = equals < 0 ? wanted : wanted.slice(0, equals);
    const value = equals < 0 ? '*' : wanted.slice(equals + 1);
    return Object.hasOwn(labels, key) && matchesGlob(value, labels[key] ?? '');
  });
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
    incident.pods.length + incident.podsDropped >= match.podsMin &&
    match.namespaces.some((glob) => matchesGlob(glob, alert.namespace)) &&
    match.images.some((glob) => matchesGlob(glob, alert.image.repository)) &&
    (match.channels.length === 0 ||
      alert.behaviours.some(({ channel }) => match.channels.includes(channel))) &&
    (match.techniques.length === 0 ||
      alert.techniques.some((id) => match.techniques.some((wanted) => isWithin(id, wanted))));
}

function matchesLabels({ match }: PolicyRule, labels: PodLabels): boolean | 'unknown' {
  const wanted = Object.entries(match.labels);
  if (wanted.length === 0) return true;
  if (labels === undefined) return 'unknown';
  return wanted.every(([key, glob]) =>
    Object.hasOwn(labels, key) && matchesGlob(glob, labels[key] ?? ''));
}

const isWithin = (technique: string, wanted: string): boolean =>
  technique === wanted || technique.startsWith(`${wanted}.`);
