import type { IncidentDetail, IncidentView, TimelineItem } from '../api/contract/incident.ts';
import { formatAlertLine, formatLine } from './format-alert.ts';
import type { LineOptions } from './format-alert.ts';
import { escapeText } from './terminal.ts';

/** Incidents for people; all that comes from outside is escaped here. */
export function incidentLine(incident: IncidentView, options: LineOptions): string {
  const { alertCount, pods, podsDropped, severity, work } = incident;
  const podCount = pods.length + podsDropped;
  const state = [
    incident.isOpen ? 'open' : 'closed',
    ...work.closed === null ? [] : [work.closed.verdict],
    ...work.assignee === null ? [] : [`with ${escapeText(work.assignee)}`],
    ...incident.isOpen && work.acknowledged === null ? ['new'] : [],
  ].join(', ');
  return formatLine({
    time: incident.lastTime,
    label: severity === 'informational' ? 'INFO' : severity.toUpperCase(),
    style: severity,
    place: incident.id,
    text: incident.title[options.language ?? 'en'],
    suffix: `[${state}, score ${incident.score}, ${alertCount} alerts, ${podCount} pods]`,
  }, options);
}

export function incidentPage(reply: IncidentDetail, options: LineOptions): string {
  const { incident, alerts, responses, work } = reply;
  const lines = [
    incidentLine(incident, options),
    `  from ${escapeText(incident.firstTime)} to ${escapeText(incident.lastTime)}`,
    `  image ${escapeText(incident.imageRepository)}`,
    `  techniques ${escapeText(incident.techniques.join(', ') || 'none')}`,
    ...incident.pods.map(({ namespace, pod, podUid, node }) =>
      `  pod ${escapeText(`${namespace}/${pod} (${podUid}) on ${node}`)}`),
    ...work.acknowledged === null ? [] : [escapeText(
      `  acknowledged by ${work.acknowledged.by}, ${work.acknowledged.time}`)],
    ...work.closed === null ? [] : [escapeText(
      `  closed by ${work.closed.by}, ${work.closed.time}: ${work.closed.verdict}, ` +
        work.closed.why)],
    '',
    ...alerts.items.toReversed().map((alert) => formatAlertLine(alert, options)),
    ...responses.map((response) =>
      escapeText(`response ${response.id}: ${response.action} ${response.target.pod}, ` +
        `${response.state} ${response.reason}`.trimEnd())),
    ...work.comments.map(({ by, time, text }) => escapeText(`${time} ${by}: ${text}`)),
  ];
  return `${lines.join('\n')}\n`;
}

export const timelineText = (item: TimelineItem): string =>
  escapeText(`${item.time} ${item.kind} ${saying(item)}`);

function saying(item: TimelineItem): string {
  switch (item.kind) {
    case 'finding':
      return `${item.severity} ${item.namespace}/${item.pod} ${item.channel}: ${item.value}` +
        ` (${item.reason.en})`;
    case 'revision':
      return `${item.alertId} has grown: ${item.count} events, score ${item.score}`;
    case 'gap':
      return `${item.node} was not watched until ${item.to}: ${item.cause}`;
    case 'response':
      return `${item.action} ${item.pod}: ${item.step} ${item.by} ${item.reason}`.trimEnd();
    case 'comment':
      return `${item.by}: ${item.text}`;
    case 'decision':
      return `${item.by}: ${item.step} ${item.detail}`.trimEnd();
  }
}
