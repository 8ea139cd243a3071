import type { Command } from 'commander';

import { severities } from '../../baseline/alert.ts';
import type { IncidentDetail, IncidentView, TimelineItem } from '../api/contract/incident.ts';
import { verdicts } from '../incident/work.ts';
import { jsonText } from '../json-text.ts';
import { incidentLine, incidentPage, timelineText } from './format-incident.ts';
import { clientOf, lineOptions } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { listAll } from './list-all.ts';
import { choice, countOf, itemsOf } from './values.ts';

/** Incidents, and the work on them: each step is taken on what the collector has now. */
type IncidentsOptions = GlobalOptions & {
  readonly state?: string;
  readonly severity?: string;
  readonly namespace?: string;
  readonly image?: string;
  readonly assignee?: string;
  readonly new?: boolean;
  readonly search?: string;
  readonly limit: number;
};

export function addIncidentCommands(program: Command, io: Io): void {
  program.command('incidents')
    .description('list incidents, newest last')
    .option('--state <state>', 'open or closed', choice(['open', 'closed']))
    .option('--severity <severity>', `at least this: ${severities.join(', ')}`, choice(severities))
    .option('--namespace <name>', 'of this namespace')
    .option('--image <repository>', 'of this image repository')
    .option('--assignee <name>', 'that this person works on')
    .option('--new', 'that nobody has acknowledged')
    .option('--search <text>', 'with this text in title, pod, image or behaviour')
    .option('--limit <count>', 'how many', countOf, 50)
    .addHelpText('after', `
Examples:
  lannerctl incidents --state open --new
  lannerctl incidents --assignee li.wei@bank.example`)
    .action(async (_, command: Command) => {
      const options: IncidentsOptions = command.optsWithGlobals();
      const { state, severity, namespace, image, assignee, search: q, limit } = options;
      const query = { state, severity, namespace, image, assignee, q,
        acknowledged: options.new === true ? 'false' : undefined };
      const all = await listAll(clientOf(io, options), '/api/v1/incidents', query, limit);
      for (const incident of (all as readonly IncidentView[]).toReversed()) {
        io.write(`${options.json === true
          ? jsonText(incident)
          : incidentLine(incident, lineOptions(io, options))}\n`);
      }
    });

  const one = program.command('incident').description('one incident, and the work on it');
  addShow(one, io);
  addSteps(one, io);
}

const pathOf = (id: string): string => `/api/v1/incidents/${encodeURIComponent(id)}`;

function addShow(one: Command, io: Io): void {
  one.command('show <id>')
    .description('what happened, with its alerts, responses and comments')
    .option('--timeline', 'everything in order of time')
    .addHelpText('after', `
Examples:
  lannerctl incident show incident-01HX --timeline`)
    .action(async (id: string, _, command: Command) => {
      const options: GlobalOptions & { readonly timeline?: boolean } = command.optsWithGlobals();
      const client = clientOf(io, options);
      if (options.timeline === true) {
        const items = itemsOf(await client.get(`${pathOf(id)}/timeline`)) as
          readonly TimelineItem[];
        for (const item of items) {
          io.write(`${options.json === true ? jsonText(item) : timelineText(item)}\n`);
        }
        return;
      }
      const reply = await client.get(pathOf(id));
      io.write(options.json === true
        ? `${jsonText(reply)}\n`
        : incidentPage(reply as IncidentDetail, lineOptions(io, options)));
    });
}

function addSteps(one: Command, io: Io): void {
  const take = async (
    id: string,
    step: string,
    body: Readonly<Record<string, unknown>>,
    command: Command,
  ): Promise<void> => {
    const options: GlobalOptions = command.optsWithGlobals();
    const client = clientOf(io, options);
    // What is on the screen is what was just read; somebody faster than that is told of.
    const { incident, work } = await client.get(pathOf(id)) as IncidentDetail;
    const seen = step === 'comments'
      ? {}
      : { revision: work.revision,
        ...(step === 'close' ? { incidentRevision: incident.revision } : {}) };
    const reply = await client.post(`${pathOf(id)}/${step}`, { ...body, ...seen });
    io.write(options.json === true ? `${jsonText(reply)}\n` : `${step}: done\n`);
  };

  one.command('ack <id>').description('say that somebody has seen it')
    .addHelpText('after', '\nExamples:\n  lannerctl incident ack incident-01HX')
    .action((id: string, _, command: Command) => take(id, 'acknowledge', {}, command));
  one.command('assign <id> [name]').description('say who works on it; without a name, nobody')
    .addHelpText('after', '\nExamples:\n  lannerctl incident assign incident-01HX li.wei@bank.example')
    .action((id: string, name: string | undefined, _, command: Command) =>
      take(id, 'assign', { assignee: name ?? null }, command));
  one.command('comment <id> <text...>').description('say something about it, in plain text')
    .addHelpText('after', `
Examples:
  lannerctl incident comment incident-01HX 'asked the team, it is their job'`)
    .action((id: string, text: readonly string[], _, command: Command) =>
      take(id, 'comments', { text: text.join(' ') }, command));
  one.command('close <id>').description('say that it is dealt with, and what it was')
    .requiredOption('--verdict <verdict>', verdicts.join(', '), choice(verdicts))
    .requiredOption('--why <text>', 'the reason, for those who read it later')
    .addHelpText('after', `
Examples:
  lannerctl incident close incident-01HX --verdict benign --why 'load test, ticket 4711'`)
    .action((id: string, options: { readonly verdict: string; readonly why: string },
      command: Command) =>
      take(id, 'close', { verdict: options.verdict, why: options.why }, command));
  one.command('reopen <id>').description('say that it is not dealt with after all')
    .requiredOption('--why <text>', 'the reason, for those who read it later')
    .action((id: string, options: { readonly why: string }, command: Command) =>
      take(id, 'reopen', { why: options.why }, command));
}
