import type { Alert } from '../../baseline/alert.ts';
import { UNTOUCHED } from '../incident/work.ts';
import { NOT_HANDLED } from '../incident/handling.ts';
import { noticeOf, summaryNotice, testNotice } from '../outputs/notice.ts';
import type { Notice } from '../outputs/notice.ts';
import { anAlert } from './alerts.ts';
import { aResponse, anIncident } from './records.ts';

/** Notices as a pump makes them. */
export const alertNotice = (alert: Alert = anAlert(), incidentId = ''): Notice =>
  noticeOf({
    position: 1,
    kind: 'alert',
    document: alert,
    row: { number: 1, incidentId, receivedAtMs: 1, alert, handling: NOT_HANDLED },
  });

export const incidentNotice = (over: Parameters<typeof anIncident>[0] = {}): Notice =>
  noticeOf({ position: 1, kind: 'incident', document: anIncident(over), work: UNTOUCHED });

const gap = {
  cluster: 'c1',
  node: 'node-1',
  from: '2026-03-01T10:00:00.000000000Z',
  to: '2026-03-01T10:00:05.000000000Z',
  cause: 'falco-silent',
  eventsEstimate: -1,
} as const;

/** One of each kind. */
export const everyNotice = (): readonly Notice[] => [
  alertNotice(),
  incidentNotice(),
  incidentNotice({ state: 'closed', closedBecause: 'quiet', revision: 4 }),
  noticeOf({ position: 1, kind: 'response', document: aResponse() }),
  noticeOf({ position: 1, kind: 'gap', document: gap }),
  summaryNotice({ output: 'siem', counts: { rate: 3 }, fromMs: 1_000, toMs: 2_000 }),
  testNotice('siem', 1_000),
];
