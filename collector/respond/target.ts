import type { Alert } from '../../baseline/alert.ts';
import { RESPONSE_BEHAVIOURS_MAX } from './response.ts';
import type { ResponseTarget, TargetProcess } from './response.ts';

const BEHAVIOUR_CHARACTERS_MAX = 256;

/** The pod of an alert; undefined where there is none. */
export function targetOf(alert: Alert): ResponseTarget | undefined {
  const { cluster, namespace, pod, podUid, node, containerId, workload } = alert;
  // Without the uid it could only be a pod of that name, perhaps the innocent successor.
  if (podUid === '' || pod === '' || namespace === '') return undefined;
  const process = processOf(alert);
  return { cluster, namespace, pod, podUid, node, containerId, workload, process };
}

/**
 * The process that the alert is about, with the earliest time it was seen: a later one would let
 * in a process that started in between under the same pid.
 */
function processOf({ process, behaviours, firstTime }: Alert): TargetProcess | null {
  if (process.pid <= 1) return null;
  const times = behaviours.filter((one) => one.process.pid === process.pid).map(({ time }) => time);
  const observedAt = times.toSorted()[0] ?? firstTime;
  return { pid: process.pid, observedAt, name: process.name };
}

/** In the order of the alert; what a kill loop is seen by. */
export const behavioursOf = ({ behaviours }: Alert): readonly string[] =>
  behaviours.slice(0, RESPONSE_BEHAVIOURS_MAX)
    .map(({ channel, value }) => `${channel}: ${value}`.slice(0, BEHAVIOUR_CHARACTERS_MAX));
