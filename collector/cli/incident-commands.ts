import type { Command } from 'commander';

import type { Alert } from '../../baseline/alert.ts';
import type { Incident } from '../incident/incident.ts';
import type { Response } from '../respond/response.ts';
import { jsonText } from '../json-text.ts';
import { formatAlertLine, formatLine } from './format-alert.ts';
import { clientOf, lineOptions } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { escapeText } from './terminal.ts';
import { choice, itemsOf } from './values.ts';

type IncidentOptions = GlobalOptions & {
  readonly state?: string;
  readonly namespace?: string;
  readonly limit: string;
};

export function addIncidentCommands(program: Command, io: Io): void {
  program.command('incidents')
    .description('list incidents, newest last')
    .option('--state <state>', 'open or closed', choice(['open', 'closed']))
    .option('--namespace <name>', 'of this namespace')
    .option('--limit <count>', 'how many', '50')
    .action(async (_, command: Command) => {
      const options: IncidentOptions = command.optsWithGlobals();
      const { state, namespace, limit } = options;
      const reply = await clientOf(io, options)
        .get('/api/v1/incidents', { state, namespace, limit });
      for (const incident of (itemsOf(reply) as readonly Incident[]).toReversed()) {
        io.write(`${options.json === true
          ? jsonText(incident)
          : incidentLine(incident, io, options)}\n`);
      }
    });

  program.command('incident').description('one incident')
    .command('show <id>').description('what happened, with its alerts and responses')
    .action(async (id: string, _, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      const reply = await clientOf(io, options).get(`/api/v1/incidents/${encodeURIComponent(id)}`);
      io.write(options.json === true
        ? `${jsonText(reply)}\n`
        : incidentPage(reply as IncidentReply, io, options));
    });
}

type IncidentReply = {
  readonly incident: Incident;
  readonly alerts: { readonly items: readonly Alert[] };
  readonly responses: readonly Response[];
};

function incidentLine(incident: Incident, io: Io, options: GlobalOptions): string {
  const { alertCount, pods, podsDropped, severity, state } = incident;
  const podCount = pods.length + podsDropped;
  return formatLine({
    time: incident.lastTime,
    label: severity === 'informational' ? 'INFO' : severity.toUpperCase(),
    style: severity,
    place: incident.id,
    text: incident.title[options.lang === 'zh' ? 'zh' : 'en'],
    suffix: `[${state}, score ${incident.score}, ${alertCount} alerts, ${podCount} pods]`,
  }, lineOptions(io, options));
}

function incidentPage(reply: IncidentReply, io: Io, options: GlobalOptions): string {
  const { incident, alerts, responses } = reply;
  const lines = [
    incidentLine(incident, io, options),
    `  from ${escapeText(incident.firstTime)} to ${escapeText(incident.lastTime)}`,
    `  image ${escapeText(incident.imageRepository)}`,
    `  techniques ${escapeText(incident.techniques.join(', ') || 'none')}`,
    ...incident.pods.map(({ namespace, pod, podUid, node }) =>
      `  pod ${escapeText(`${namespace}/${pod} (${podUid}) on ${node}`)}`),
    '',
    ...alerts.items.toReversed().map((alert) => formatAlertLine(alert, lineOptions(io, options))),
    ...responses.map((response) =>
      escapeText(`response ${response.id}: ${response.action} ${response.target.pod}, ` +
        `${response.state} ${response.reason}`.trimEnd())),
  ];
  return `${lines.join('\n')}\n`;
}
