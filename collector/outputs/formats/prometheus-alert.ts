import type { Notice } from '../notice.ts';
import { cutText } from '../visible-text.ts';
import { compact, incidentIdOf, timeMs } from './fields.ts';

/**
 * Alertmanager's API v2. Labels are an alert's identity: those of an incident never change while it
 * is open, or the one with the old labels would go on firing. What changes is an annotation.
 * Alertmanager keeps alerts in memory only and resolves what is not repeated, so that `endsAt` is
 * `holdMs` ahead and the output repeats the open incidents well before.
 */
const LABEL_MAX = 256;
const ANNOTATION_MAX = 2_048;

export type AlertmanagerOptions = {
  readonly labels: Readonly<Record<string, string>>;
  readonly holdMs: number;
  readonly nowMs: number;
};

export function alertmanagerAlert(
  notice: Notice,
  { labels, holdMs, nowMs }: AlertmanagerOptions,
): Readonly<Record<string, unknown>> {
  const startMs = Math.min(timeMs(notice.firstTime) || nowMs, nowMs);
  // Alertmanager refuses an end that is not after the start.
  const endMs = Math.max(startMs + 1, isOver(notice) ? nowMs : nowMs + holdMs);
  return {
    labels: cut({
      ...labels,
      alertname: nameOf(notice),
      lanner_id: notice.recordId,
      cluster: notice.place.cluster,
      namespace: notice.place.namespace,
      workload: notice.place.workload,
      image: notice.place.image,
      ...(notice.kind === 'alert' ? { severity: notice.severity } : {}),
    }, LABEL_MAX),
    annotations: cut({
      summary: notice.text.en,
      summary_zh: notice.text.zh,
      severity: notice.severity,
      pod: notice.place.pod,
      node: notice.place.node,
      techniques: notice.techniques.join(','),
      incident: incidentIdOf(notice),
      revision: notice.uuid,
    }, ANNOTATION_MAX),
    startsAt: new Date(startMs).toISOString(),
    endsAt: new Date(endMs).toISOString(),
  };
}

const nameOf = ({ kind }: Notice): string =>
  `Lanner${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;

const isOver = (notice: Notice): boolean =>
  notice.kind === 'incident' && notice.isClosed;

/** Label values may be any UTF-8; an empty one is no label. */
function cut(fields: Readonly<Record<string, string>>, max: number) {
  const short = Object.entries(fields).map(([key, value]) => [key, cutText(value, max)] as const);
  return compact(Object.fromEntries(short));
}
