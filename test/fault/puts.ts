import type { Alert } from '../../baseline/alert.ts';
import { rfc3339 } from '../../baseline/episode/time.ts';
import type { FlowChunk, GapRecord } from '../../proto/lanner/v1/frames.ts';
import { alertWith } from '../../agent/outbox/sample-alerts.ts';

/**
 * What a writer puts into its outbox, by number, so that whoever knows the number knows the alert.
 * Every fifth is the second revision of an alert that went before, and may be on its way already.
 */
export const CLUSTER = 'lab';
const REVISION_EVERY = 5;
const REVISION_OF = 2;
const GAP_EVERY = 25;
const FLOWS_EVERY = 10;
/** Of the flows: within a few hours, all long over. */
const HOURS_FROM = Date.UTC(2026, 0, 1);
const MINUTES = 180;
const MINUTE_MS = 60_000;
const FIRST_PORT = 1_024;
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

/** Two numbers have one destination; the sum of their counts says which of them are in it. */
export const flowPut = (number: number): { readonly port: number; readonly count: number } => ({
  port: FIRST_PORT + Math.floor(number / FLOWS_EVERY / 2),
  count: Math.floor(number / FLOWS_EVERY) % 2 === 0 ? 1 : 1_000,
});

/** The flows that are counted after the alert of that number, if some are. */
export function chunkOf(number: number): FlowChunk | undefined {
  if (number % FLOWS_EVERY !== 0) return undefined;
  // Both numbers of a destination lie in one hour.
  const minute = HOURS_FROM + (Math.floor(number / FLOWS_EVERY / 2) % MINUTES) * MINUTE_MS;
  return {
    minute,
    actors: [{
      namespace: 'shop', pod: 'api', podUid: 'uid', workload: 'api', containerId: 'c0ffee',
      containerName: 'api', image: { repository: 'registry.local/shop/api', tag: '1', digest: '' },
      process: 'api', exe: '/usr/bin/api',
    }],
    flows: [{
      actor: 0, direction: 'out', protocol: 'tcp', remoteAddress: '203.0.113.9',
      localAddress: '10.244.0.7', outcome: 'ok', name: '', first: minute, last: minute + 1,
      sourcePorts: [40_000], portsBeyond: 0, folded: false, ...flowPut(number),
    }],
    watched: null,
  };
}
