import type { Severity, Words } from '../../baseline/alert.ts';
import type { Decision } from '../../baseline/profile/decisions.ts';
import type { Response } from '../respond/response.ts';
import type { AlertRow, GapRow } from '../store/faces.ts';
import type { IncidentNote } from '../incident/work.ts';

/** What happened, in order of time: what pods did, what was not seen, what was done about it. */
export const TIMELINE_ITEMS_MAX = 2_000;

export type TimelineItem = { readonly time: string } & (
  | {
    readonly kind: 'finding';
    readonly alertId: string;
    readonly severity: Severity;
    readonly namespace: string;
    readonly pod: string;
    readonly process: string;
    readonly channel: string;
    readonly value: string;
    readonly count: number;
    readonly techniques: readonly string[];
    readonly reason: Words;
  }
  | {
    readonly kind: 'revision';
    readonly alertId: string;
    readonly revision: number;
    readonly count: number;
    readonly score: number;
  }
  | {
    readonly kind: 'gap';
    readonly node: string;
    readonly to: string;
    readonly cause: string;
    readonly eventsEstimate: number;
  }
  | {
    readonly kind: 'response';
    readonly responseId: string;
    readonly action: string;
    readonly step: string;
    readonly by: string;
    readonly state: string;
    readonly reason: string;
    readonly pod: string;
  }
  | { readonly kind: 'comment'; readonly commentId: string; readonly by: string;
    readonly text: string }
  | { readonly kind: 'decision'; readonly by: string; readonly step: string;
    readonly detail: string }
);

export type TimelineSources = {
  readonly alerts: readonly AlertRow[];
  readonly gaps: readonly GapRow[];
  readonly responses: readonly Response[];
  readonly notes: readonly IncidentNote[];
  /** What people decided about what the alerts show. */
  readonly decisions: readonly Decision[];
};

export function timelineOf(sources: TimelineSources): {
  readonly items: readonly TimelineItem[];
  readonly isPartial: boolean;
} {
  const { alerts, gaps, responses, notes, decisions } = sources;
  const items = [
    ...alerts.flatMap(findingsOf),
    ...gaps.map(({ node, from, to, cause, eventsEstimate }): TimelineItem =>
      ({ kind: 'gap', time: from, node, to, cause, eventsEstimate })),
    ...responses.flatMap(stepsOf),
    ...notes.map(noteItem),
    ...decisions.map(({ at, by, kind, channel, value }): TimelineItem =>
      ({ kind: 'decision', time: at, by, step: kind, detail: `${channel}: ${value}` })),
  ];
  const sorted = items.toSorted((a, b) => compare(sortable(a.time), sortable(b.time)));
  return {
    items: sorted.slice(-TIMELINE_ITEMS_MAX),
    isPartial: sorted.length > TIMELINE_ITEMS_MAX,
  };
}

function findingsOf({ alert }: AlertRow): readonly TimelineItem[] {
  const { id: alertId, severity, namespace, pod, revision, count, score } = alert;
  const findings = alert.behaviours.map((behaviour): TimelineItem => ({
    kind: 'finding',
    time: behaviour.time,
    alertId,
    severity,
    namespace,
    pod,
    process: behaviour.process.commandLine || behaviour.process.name,
    channel: behaviour.channel,
    value: behaviour.value,
    count: behaviour.count,
    techniques: behaviour.techniques,
    reason: behaviour.reason,
  }));
  // An alert without behaviours (a sensor) is what happened itself.
  if (findings.length === 0) {
    findings.push({ kind: 'finding', time: alert.firstTime, alertId, severity, namespace, pod,
      process: '', channel: alert.kind, value: '', count, techniques: alert.techniques,
      reason: alert.reason });
  }
  if (revision === 1) return findings;
  return [...findings, { kind: 'revision', time: alert.lastTime, alertId, revision, count, score }];
}

function stepsOf(response: Response): readonly TimelineItem[] {
  const { id: responseId, action, reason, state, target, proposedBy, approvals } = response;
  const step = (name: string, atMs: number, by: string): TimelineItem => ({
    kind: 'response',
    time: timeText(atMs),
    responseId,
    action,
    step: name,
    by,
    state,
    reason,
    pod: target.pod,
  });
  const { proposedAtMs, executedAtMs, updatedAtMs } = response;
  return [
    step('proposed', proposedAtMs, proposedBy),
    ...executedAtMs > 0 ? [step('executing', executedAtMs, approvals.join(', '))] : [],
    ...state === 'proposed' || updatedAtMs <= proposedAtMs ? [] : [step(state, updatedAtMs, '')],
  ];
}

function noteItem({ id, kind, by, atMs, text }: IncidentNote): TimelineItem {
  const time = timeText(atMs);
  return kind === 'comment'
    ? { kind: 'comment', time, commentId: id, by, text }
    : { kind: 'decision', time, by, step: kind, detail: text };
}

export const timeText = (ms: number): string => new Date(ms).toISOString();

/** Agents write nine digits, the collector three: as text, `.5Z` would come after `.500000001Z`. */
const sortable = (time: string): string => {
  const [whole = '', digits = ''] = time.replace(/Z$/i, '').split('.');
  return `${whole}.${digits.padEnd(9, '0')}`;
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
