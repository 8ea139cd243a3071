import { createHash } from 'node:crypto';

import type { Alert, Severity, Words } from '../../baseline/alert.ts';
import { shownSeverity } from '../incident/handling.ts';
import type { Incident } from '../incident/incident.ts';
import type { Response } from '../respond/response.ts';
import type { AlertRow, Change, GapDocument } from '../store/faces.ts';
import type { IncidentWork } from '../incident/work.ts';

/**
 * One record on its way out, the same for every format: what happened, where, how bad. The record
 * itself is in `record`, closed by `kind`.
 */
export const noticeKinds = ['alert', 'incident', 'response', 'gap', 'summary', 'test'] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** What an output did not send, told in one message instead. */
export type SummaryDocument = {
  readonly output: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly fromMs: number;
  readonly toMs: number;
};

export type NoticeRecord =
  | { readonly kind: 'alert'; readonly alert: Alert; readonly incidentId: string }
  | {
    readonly kind: 'incident';
    readonly incident: Incident;
    /** Quiet, or by a person. */
    readonly isClosed: boolean;
  }
  | { readonly kind: 'response'; readonly response: Response }
  | { readonly kind: 'gap'; readonly gap: GapDocument }
  | { readonly kind: 'summary'; readonly summary: SummaryDocument }
  | { readonly kind: 'test'; readonly output: string };

export type Place = {
  readonly cluster: string;
  readonly node: string;
  readonly namespace: string;
  readonly workload: string;
  readonly pod: string;
  readonly podUid: string;
  readonly image: string;
};

export type Notice = NoticeRecord & {
  /** The same for the same revision, however often it is sent: what a receiver dedupes by. */
  readonly uuid: string;
  /** Names the record, over all its revisions. */
  readonly recordId: string;
  readonly severity: Severity;
  /** When it goes on or ends, it is worth telling again: see `mark.ts`. */
  readonly state: string;
  /** Few different ones: receivers group and route by it. Never empty. */
  readonly rule: string;
  readonly text: Words;
  readonly place: Place;
  readonly techniques: readonly string[];
  readonly firstTime: string;
  readonly lastTime: string;
};

const NOWHERE: Place = {
  cluster: '', node: '', namespace: '', workload: '', pod: '', podUid: '', image: '',
};

const timeText = (ms: number): string => new Date(ms).toISOString();

export function noticeOf(change: Change): Notice {
  switch (change.kind) {
    case 'alert':
      return ofAlert(change.row);
    case 'incident':
      return ofIncident(change.document, change.work);
    case 'response':
      return ofResponse(change.document);
    case 'gap':
      return ofGap(change.document);
  }
}

function ofAlert({ alert: stored, incidentId, handling }: AlertRow): Notice {
  const alert = { ...stored, severity: shownSeverity(stored, handling) };
  const { cluster, node, namespace, workload, pod, podUid, image } = alert;
  return {
    kind: 'alert',
    alert,
    incidentId,
    uuid: `${alert.id}:${alert.revision}`,
    recordId: `alert:${alert.id}`,
    severity: alert.severity,
    state: '',
    rule: `Lanner ${alert.kind}: ${alert.behaviours[0]?.channel ?? 'sensor'}`,
    text: alert.reason,
    place: { cluster, node, namespace, workload, pod, podUid, image: image.repository },
    techniques: alert.techniques,
    firstTime: alert.firstTime,
    lastTime: alert.lastTime,
  };
}

export function ofIncident(incident: Incident, work: IncidentWork): Notice {
  const { cluster, namespace, workload, imageRepository, pods } = incident;
  const isClosed = incident.state === 'closed' || work.closed !== null;
  const first = pods[0];
  return {
    kind: 'incident',
    incident,
    isClosed,
    uuid: `${incident.id}:${incident.revision}.${work.revision}`,
    recordId: `incident:${incident.id}`,
    severity: incident.severity,
    state: isClosed ? 'closed' : 'open',
    rule: isClosed ? 'Lanner incident closed' : 'Lanner incident',
    text: incident.title,
    place: {
      ...NOWHERE,
      cluster,
      namespace,
      workload,
      image: imageRepository,
      // With several it would be wrong to name one.
      ...(pods.length === 1 && first !== undefined
        ? { pod: first.pod, podUid: first.podUid, node: first.node }
        : {}),
    },
    techniques: incident.techniques,
    firstTime: incident.firstTime,
    lastTime: incident.lastTime,
  };
}

const FAILED: ReadonlySet<string> = new Set(['failed', 'not-effective']);

function ofResponse(response: Response): Notice {
  const { action, state, target, proposedBy, why } = response;
  const { cluster, node, namespace, workload, pod, podUid } = target;
  const en = `${action} of ${namespace}/${pod}: ${state}; proposed by ${proposedBy}: ${why}`;
  return {
    kind: 'response',
    response,
    uuid: `${response.id}:${response.revision}`,
    recordId: `response:${response.id}`,
    severity: FAILED.has(state) ? 'high' : 'low',
    state,
    rule: `Lanner response: ${action}`,
    text: { en, zh: `${action} ${namespace}/${pod}：${state}；${proposedBy} 提出：${why}` },
    place: { ...NOWHERE, cluster, node, namespace, workload, pod, podUid },
    techniques: [],
    firstTime: timeText(response.proposedAtMs),
    lastTime: timeText(response.updatedAtMs),
  };
}

function ofGap(gap: GapDocument): Notice {
  const { cluster, node, from, to, cause, eventsEstimate } = gap;
  const lost = eventsEstimate < 0 ? 'an unknown number of' : String(eventsEstimate);
  const digest = createHash('sha256').update(JSON.stringify(gap)).digest('hex').slice(0, 32);
  return {
    kind: 'gap',
    gap,
    uuid: `gap-${digest}:1`,
    recordId: `gap:${digest}`,
    severity: cause === 'falco-silent' ? 'high' : 'medium',
    state: '',
    rule: 'Lanner gap',
    text: {
      en: `${node} lost ${lost} events from ${from} to ${to}: ${cause}`,
      zh: `${node} 从 ${from} 到 ${to} 丢失事件（${cause}）：${lost}`,
    },
    place: { ...NOWHERE, cluster, node },
    techniques: [],
    firstTime: from,
    lastTime: to,
  };
}

export function summaryNotice(summary: SummaryDocument): Notice {
  const { output, counts, fromMs, toMs } = summary;
  const parts = Object.entries(counts).map(([reason, count]) => `${count} (${reason})`).join(', ');
  return {
    kind: 'summary',
    summary,
    uuid: `summary-${output}-${fromMs}:${toMs}`,
    recordId: `summary:${output}`,
    severity: 'medium',
    state: '',
    rule: 'Lanner output summary',
    text: {
      en: `the output ${output} did not send ${parts}; the collector has all of them`,
      zh: `输出 ${output} 未发送 ${parts}；采集中心保存了全部记录`,
    },
    place: NOWHERE,
    techniques: [],
    firstTime: timeText(fromMs),
    lastTime: timeText(toMs),
  };
}

export function testNotice(output: string, nowMs: number): Notice {
  return {
    kind: 'test',
    output,
    uuid: `test-${output}:${nowMs}`,
    recordId: `test:${output}`,
    severity: 'informational',
    state: '',
    rule: 'Lanner test',
    text: { en: `a test of the output ${output}`, zh: `输出 ${output} 的测试` },
    place: NOWHERE,
    techniques: [],
    firstTime: timeText(nowMs),
    lastTime: timeText(nowMs),
  };
}
