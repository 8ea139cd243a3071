import { UNHANDLED } from '../incident/handling.ts';
import type { Placed } from '../incident/incident-store.ts';
import type { Incident } from '../incident/incident.ts';
import type { Response, ResponseTarget } from '../respond/response.ts';

export function anIncident(over: Partial<Incident> = {}): Incident {
  return {
    id: 'incident-1',
    revision: 1,
    state: 'open',
    closedBecause: '',
    mergedInto: '',
    scope: 'pod',
    sharedBehaviour: '',
    cluster: 'c1',
    namespace: 'shop',
    workload: 'web',
    imageRepository: 'docker.io/shop/web',
    severity: 'high',
    score: 80,
    title: { en: 'bash in shop/web', zh: 'shop/web 中的 bash' },
    firstTime: '2026-03-01T10:00:00.000000000Z',
    lastTime: '2026-03-01T10:00:00.000000000Z',
    openedAtMs: 1,
    updatedAtMs: 1,
    notifiedAtMs: 1,
    alertCount: 1,
    eventCount: 1,
    pods: [{ namespace: 'shop', pod: 'web-1', podUid: 'uid-1', node: 'node-1' }],
    podsDropped: 0,
    techniques: [],
    alerts: [],
    alertsDropped: 0,
    ...over,
  };
}

export function aResponse(over: Partial<Response> = {}): Response {
  return {
    id: 'response-1',
    revision: 1,
    action: 'kill',
    target: aTarget(),
    terms: {
      graceSeconds: 0,
      ttlSeconds: 0,
      watchSeconds: 0,
      evidence: 'none',
      fourEyes: false,
      fallback: [],
      isAutomatic: false,
      acceptsOutage: false,
    },
    state: 'proposed',
    reason: '',
    detail: '',
    warnings: [],
    why: '',
    incidentId: 'incident-1',
    alertId: 'alert-1',
    rule: '',
    policyHash: '',
    proposedBy: 'test',
    approvals: [],
    reverses: '',
    behaviours: [],
    evidence: [],
    undo: { kind: 'none' },
    attempts: 0,
    proposedAtMs: 1,
    updatedAtMs: 1,
    executedAtMs: 0,
    watchEndsAtMs: 0,
    reverseAtMs: 0,
    expiresAtMs: 10_000,
    ...over,
  };
}

export function aTarget(over: Partial<ResponseTarget> = {}): ResponseTarget {
  return {
    cluster: 'c1',
    namespace: 'shop',
    pod: 'web-1',
    podUid: 'uid-1',
    node: 'node-1',
    containerId: '',
    workload: 'web',
    process: null,
    ...over,
  };
}

/** Where correlation put an alert. */
export const aPlace = (incidentId: string, revision = 1): Placed =>
  ({ revision, incidentId, handled: UNHANDLED, severity: 'high' });
