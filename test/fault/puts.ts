import type { Alert } from '../../baseline/alert.ts';
import { rfc3339 } from '../../baseline/episode/time.ts';
import type { GapRecord } from '../../proto/lanner/v1/frames.ts';
import { alertWith } from '../../agent/outbox/sample-alerts.ts';

/**
 * What a writer puts into its outbox, by number, so that whoever knows the number knows the alert.
 * Every fifth is the second revision of an alert that went before, and may be on its way already.
 */
export const CLUSTER = 'lab';
const REVISION_EVERY = 5;
const REVISION_OF = 2;
const GAP_EVERY = 25;
const PODS = 6;
const BEHAVIOURS = 35;

export type Put = { readonly id: string; readonly revision: number };

export function putOf(node: string, number: number): Put {
  const isAgain = number % REVISION_EVERY === REVISION_EVERY - 1;
  return isAgain
    ? { id: `${node}-${number - REVISION_OF}`, revision: 2 }
    : { id: `${node}-${number}`, revision: 1 };
}

export function alertOf(node: string, number: number): Alert {
  const put = putOf(node, number);
  const first = Number(put.id.split('-').at(-1));
  const pod = first % PODS;
  const alert = alertWith();
  return {
    ...alert,
    ...put,
    cluster: CLUSTER,
    node,
    pod: `api-${node}-${pod}`,
    podUid: `uid-${node}-${pod}`,
    containerId: `container-${node}-${pod}`,
    // An image for each node: incidents of pods, and of behaviours that several of them share.
    image: { ...alert.image, repository: `registry.local/shop/${node}` },
    behaviours: alert.behaviours.map((behaviour) => ({
      ...behaviour,
      value: `exec /tmp/${first % BEHAVIOURS} ← gunicorn`,
    })),
  };
}

/** The gap that is noted after the alert of that number, if one is. */
export function gapOf(number: number): GapRecord | undefined {
  if (number % GAP_EVERY !== 0) return undefined;
  const from = rfc3339(BigInt(number) * 1_000_000_000n);
  return { from, to: from, cause: 'overload', eventsEstimate: 1 };
}
