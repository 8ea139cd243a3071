import type { Alert } from '../../baseline/alert.ts';
import { namespacesOf } from '../incident/visibility.ts';
import type { Incident } from '../incident/incident.ts';

/**
 * What free text is looked for in: in lower case, bounded, one line per word or phrase. What people
 * search by comes first, because the end is cut off.
 */
export const ALERT_WORDS_MAX = 1_000;
const INCIDENT_WORDS_MAX = 4_000;
const PART_MAX = 300;

/** As it is stored and as it is asked for. */
export const folded = (text: string): string => text.toLowerCase().toWellFormed();

export function alertWords(alert: Alert): string {
  const { image } = alert;
  return joined([
    alert.id,
    alert.pod,
    alert.workload,
    alert.namespace,
    `${image.repository}:${image.tag}`,
    alert.process.commandLine,
    ...alert.behaviours.slice(0, 4).map(({ value }) => value),
    alert.reason.en,
    alert.reason.zh,
    alert.node,
    alert.containerId,
    ...alert.behaviours.slice(0, 8).map(({ process }) => process.commandLine),
  ], ALERT_WORDS_MAX);
}

export function incidentWords(incident: Incident): string {
  return joined([
    incident.id,
    incident.title.en,
    incident.title.zh,
    incident.imageRepository,
    incident.workload,
    incident.sharedBehaviour,
    ...namespacesOf(incident),
    ...incident.pods.slice(0, 20).map(({ pod }) => pod),
    ...incident.alerts.slice(0, 8).flatMap(({ behaviours }) => behaviours.slice(0, 8)),
  ], INCIDENT_WORDS_MAX);
}

function joined(parts: readonly string[], max: number): string {
  const different = new Set(parts.map((part) => folded(part.slice(0, PART_MAX))));
  different.delete('');
  return [...different].join('\n').slice(0, max).toWellFormed();
}
