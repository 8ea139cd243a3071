import type { Alert } from '../../baseline/alert.ts';
import type { Subject } from './decision-rules.ts';

/**
 * Which profile an alert was judged by. The alert names the image and the workload; how its node
 * has split them into profiles, the node's own list of profiles says.
 */
export function subjectOf(
  alert: Pick<Alert, 'image' | 'namespace' | 'workload' | 'containerId'>,
  /** Keys that the node of the alert reports. */
  reported: readonly string[],
): Subject {
  const { repository, tag, digest } = alert.image;
  if (repository === '' && digest === '' && alert.containerId === HOST_ID) {
    const host = reported.find((key) => key.startsWith('host:'));
    return { profileKey: host ?? 'host:default', repository };
  }
  const base = baseKey(alert, { repository, tag, digest });
  const part = `${base}#${alert.namespace}/${alert.workload}`;
  return { profileKey: reported.includes(part) ? part : base, repository };
}

/** What Falco calls the container of the node's own processes. */
const HOST_ID = 'host';

function baseKey(
  { namespace }: { readonly namespace: string },
  { repository, tag, digest }: Alert['image'],
): string {
  if (digest !== '') return `${repository}@${digest}`;
  return repository === '' ? `unknown:${namespace}` : `${repository}:${tag}`;
}
