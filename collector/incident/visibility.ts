import type { Incident } from './incident.ts';
import { titleOf } from './title.ts';

/** The namespaces whose records may be seen. */
export type Scope = readonly string[] | 'all';

/**
 * What a person who may see some namespaces sees of an incident that spans more of them: that it
 * is there, how grave it is, and the pods and alerts of their own namespaces. Records without a
 * namespace (a host, a sensor) belong to those who may see all.
 */
export const isInScope = (scope: Scope, namespace: string): boolean =>
  scope === 'all' || scope.includes(namespace);

/** All that its pods are in; a comma is in no namespace's name, and one that has it is left out. */
export const namespacesOf = ({ namespace, pods }: Incident): readonly string[] =>
  [...new Set([namespace, ...pods.map((pod) => pod.namespace)])]
    .filter((name) => name !== '' && !name.includes(','));

export const touches = (scope: Scope, incident: Incident): boolean =>
  scope === 'all' || namespacesOf(incident).some((name) => scope.includes(name));

/** Whether nothing of it is outside: what holds for the whole of it may be decided. */
export const isWithin = (scope: Scope, incident: Incident): boolean =>
  scope === 'all' || (incident.podsDropped === 0 && touches(scope, incident) &&
    namespacesOf(incident).every((name) => scope.includes(name)));

export function seenFrom(scope: Scope, incident: Incident): Incident {
  if (isWithin(scope, incident)) return incident;
  const pods = incident.pods.filter(({ namespace }) => isInScope(scope, namespace));
  // As `podKeyOf` makes them.
  const keys = new Set(pods.map(({ podUid }) => JSON.stringify(['pod', podUid])));
  const alerts = incident.alerts.filter(({ podKey, namespace }) =>
    namespace === undefined ? keys.has(podKey) : isInScope(scope, namespace));
  const isOwn = isInScope(scope, incident.namespace);
  const seen: Incident = {
    ...incident,
    namespace: isOwn ? incident.namespace : pods[0]?.namespace ?? '',
    workload: isOwn ? incident.workload : '',
    pods,
    podsDropped: incident.podsDropped + incident.pods.length - pods.length,
    alerts,
    alertsDropped: incident.alertsDropped + incident.alerts.length - alerts.length,
    title: { en: '', zh: '' },
  };
  return { ...seen, title: titleOf(seen) };
}
