import type { Command } from 'commander';

import { responseStates } from '../respond/response.ts';
import type { Response, ResponseAction } from '../respond/response.ts';
import { jsonText } from '../json-text.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';
import { choice, itemsOf } from './values.ts';

const columns: readonly Column<Response>[] = [
  { title: 'id', cell: ({ id }) => id },
  { title: 'action', cell: ({ action }) => action },
  { title: 'state', cell: ({ state }) => state },
  { title: 'reason', cell: ({ reason }) => reason || '-' },
  { title: 'pod', cell: ({ target }) => `${target.namespace}/${target.pod}` },
  { title: 'by', cell: ({ proposedBy }) => proposedBy },
  { title: 'detail', cell: ({ detail, warnings }) => [detail, ...warnings].join('; ') },
];

type RespondOptions = GlobalOptions & {
  readonly alert?: string;
  readonly namespace?: string;
  readonly pod?: string;
  readonly uid?: string;
  readonly grace: string;
  readonly dryRun?: boolean;
};

export function addResponseCommands(program: Command, io: Io): void {
  program.command('responses')
    .description('list responses, newest first')
    .option('--state <state>', responseStates.join(', '), choice(responseStates))
    .option('--limit <count>', 'how many', '50')
    .action(async (_, command: Command) => {
      const options: GlobalOptions & { state?: string; limit: string } = command.optsWithGlobals();
      const { state, limit } = options;
      const reply = await clientOf(io, options).get('/api/v1/responses', { state, limit });
      const rows = itemsOf(reply) as readonly Response[];
      if (options.json === true) for (const row of rows) io.write(`${jsonText(row)}\n`);
      else io.write(formatTable(rows, columns, io.isTerminal ? io.columns : undefined));
    });

  const respond = program.command('respond')
    .description('propose, try, approve or reject a response');
  addProposal(respond, io, 'kill', 'delete the pod (that uid, never its successor)');
  addProposal(respond, io, 'isolate', 'cut the pod off: label and deny-all network policy');
  addProposal(respond, io, 'label', 'mark the pod as suspect');
  addProposal(respond, io, 'release', 'take back isolate and label');
  for (const step of ['approve', 'reject', 'dry-run'] as const) {
    respond.command(`${step} <id>`)
      .description(step === 'dry-run' ? 'ask what it would do' : `${step} a proposed response`)
      .action(async (id: string, _, command: Command) => {
        const options: GlobalOptions = command.optsWithGlobals();
        const path = `/api/v1/responses/${encodeURIComponent(id)}/${step}`;
        answer(io, options, await clientOf(io, options).post(path, {}));
      });
  }
}

function addProposal(respond: Command, io: Io, action: ResponseAction, description: string): void {
  respond.command(action)
    .description(description)
    .option('--alert <id>', 'the pod of this alert')
    .option('--namespace <name>', 'or: its namespace,')
    .option('--pod <name>', '    its name,')
    .option('--uid <uid>', '    and its uid')
    .option('--grace <seconds>', 'kill: how long the pod may end by itself', '0')
    .option('--dry-run', 'only ask the cluster what would happen')
    .addHelpText('after', `
The response is proposed; \`lannerctl respond approve ID\` executes it.
Example:
  lannerctl respond ${action} --alert ALERT --dry-run`)
    .action(async (_, command: Command) => {
      const options: RespondOptions = command.optsWithGlobals();
      const body = {
        action,
        ...subjectOf(options),
        graceSeconds: Number(options.grace),
        dryRun: options.dryRun === true,
      };
      answer(io, options, await clientOf(io, options).post('/api/v1/responses', body));
    });
}

function subjectOf({ alert, namespace, pod, uid }: RespondOptions) {
  if (alert !== undefined) return { alertId: alert };
  if (namespace === undefined || pod === undefined || uid === undefined) {
    throw new CliFailure(exitCodes.usage, 'name the pod: --alert, or --namespace, --pod and --uid');
  }
  return { target: { namespace, pod, podUid: uid } };
}

type Answer =
  | Response
  | { readonly dryRun: true; readonly outcome: { kind: string; detail: string; reason?: string } };

function answer(io: Io, options: GlobalOptions, reply: unknown): void {
  if (options.json === true) {
    io.write(`${jsonText(reply)}\n`);
    return;
  }
  const result = reply as Answer;
  const text = 'outcome' in result
    ? `dry run: ${result.outcome.kind} ${result.outcome.reason ?? ''}: ${result.outcome.detail}`
    : `${result.id}: ${result.action} ${result.target.namespace}/${result.target.pod}, ` +
      `${result.state}`;
  io.write(`${escapeText(text.replace(' :', ':'))}\n`);
}
