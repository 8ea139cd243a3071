import { writeFileSync } from 'node:fs';

import type { Command } from 'commander';

import { responseStates } from '../respond/response.ts';
import type { Containment, Response, Reversal } from '../respond/response.ts';
import { jsonText } from '../json-text.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { evidenceTable, responsePage } from './format-response.ts';
import type { EvidenceRow, ResponseView } from './format-response.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { addSaid, saidOf } from './said.ts';
import type { SaidOptions } from './said.ts';
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

type Proposable = Containment | Extract<Reversal, 'release' | 'thaw'>;

const descriptions: Readonly<Record<Proposable, string>> = {
  freeze: 'have the agent stop all processes of the pod where they are',
  isolate: 'cut the pod off, and detach it from its services and its controller',
  kill: 'delete the pod (that uid, never its successor)',
  'kill-process': 'have the agent kill the one process of the alert',
  label: 'mark the pod as suspect',
  cordon: 'let no new pods be scheduled on the pod’s node',
  'scale-to-zero': 'end all pods of the workload',
  thaw: 'let a frozen pod run on',
  release: 'take back isolate and label',
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
    .description('propose, try, approve, reject, show or take back a response')
    .addHelpText('after', `
A response is proposed first; \`lannerctl respond approve ID\` executes it. Where the policy asks
for four eyes, somebody else has to approve, with a credential of their own.

Examples:
  lannerctl respond freeze --alert ALERT --why 'reverse shell' --dry-run
  lannerctl respond freeze --alert ALERT --why 'reverse shell' --ttl 3600
  lannerctl respond approve RESPONSE
  lannerctl respond show RESPONSE
  lannerctl respond undo RESPONSE --why 'false alarm'`);
  for (const [action, description] of Object.entries(descriptions)) {
    addProposal(respond, io, action as Proposable, description);
  }
  addDecisions(respond, io);
  addLooks(respond, io);
}

type RespondOptions = GlobalOptions & SaidOptions & {
  readonly alert?: string;
  readonly namespace?: string;
  readonly pod?: string;
  readonly uid?: string;
  readonly cluster?: string;
  readonly node?: string;
  readonly grace: string;
  readonly ttl: string;
  readonly acceptOutage?: boolean;
  readonly dryRun?: boolean;
};

function addProposal(respond: Command, io: Io, action: Proposable, description: string): void {
  addSaid(respond.command(action))
    .description(description)
    .option('--alert <id>', 'the pod of this alert')
    .option('--namespace <name>', 'or: its namespace,')
    .option('--pod <name>', '    its name,')
    .option('--uid <uid>', '    its uid,')
    .option('--node <name>', '    and for what the agent does its node')
    .option('--cluster <name>', '    and cluster, where there are several')
    .option('--grace <seconds>', 'kill: how long the pod may end by itself', '0')
    .option('--ttl <seconds>', 'taken back by itself after this long', '0')
    .option('--accept-outage', 'also the last healthy replica; two people have to approve')
    .option('--dry-run', 'only ask what would happen, guardrails included')
    .action(async (_, command: Command) => {
      const options: RespondOptions = command.optsWithGlobals();
      const body = {
        action,
        ...subjectOf(options),
        graceSeconds: Number(options.grace),
        ttlSeconds: Number(options.ttl),
        acceptsOutage: options.acceptOutage === true,
        dryRun: options.dryRun === true,
        ...saidOf(options),
      };
      answer(io, options, await clientOf(io, options).post('/api/v1/responses', body));
    });
}

function subjectOf({ alert, namespace, pod, uid, node, cluster }: RespondOptions) {
  if (alert !== undefined) return { alertId: alert };
  if (namespace === undefined || pod === undefined || uid === undefined) {
    throw new CliFailure(exitCodes.usage, 'name the pod: --alert, or --namespace, --pod and --uid');
  }
  return {
    target: {
      namespace,
      pod,
      podUid: uid,
      ...(node === undefined ? {} : { node }),
      ...(cluster === undefined ? {} : { cluster }),
    },
  };
}

function addDecisions(respond: Command, io: Io): void {
  const pathOf = (id: string, step: string): string =>
    `/api/v1/responses/${encodeURIComponent(id)}/${step}`;
  const steps = {
    approve: 'approve a proposed response',
    reject: 'reject a proposed response',
    'dry-run': 'ask what it would do, guardrails included',
  };
  for (const [step, description] of Object.entries(steps)) {
    respond.command(`${step} <id>`)
      .description(description)
      .action(async (id: string, _, command: Command) => {
        const options: GlobalOptions = command.optsWithGlobals();
        answer(io, options, await clientOf(io, options).post(pathOf(id, step), {}));
      });
  }
  addSaid(respond.command('undo <id>'))
    .description('propose the way back of a response that is in effect')
    .action(async (id: string, _, command: Command) => {
      const options: GlobalOptions & SaidOptions = command.optsWithGlobals();
      const reply = await clientOf(io, options).post(pathOf(id, 'undo'), saidOf(options));
      answer(io, options, reply);
    });
}

function addLooks(respond: Command, io: Io): void {
  const pathOf = (id: string): string => `/api/v1/responses/${encodeURIComponent(id)}`;
  respond.command('show <id>')
    .description('plan, state, approvals and evidence of a response')
    .action(async (id: string, _, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      const response = await clientOf(io, options).get(pathOf(id));
      io.write(options.json === true
        ? `${jsonText(response)}\n`
        : responsePage(response as ResponseView));
    });
  respond.command('evidence <id> [name]')
    .description('list what was kept of the pod, or save one of it')
    .option('--output <file>', 'where to save it; a new file')
    .action(async (id: string, name: string | undefined, _, command: Command) => {
      const options: GlobalOptions & { output?: string } = command.optsWithGlobals();
      const client = clientOf(io, options);
      if (name === undefined) {
        const rows = itemsOf(await client.get(`${pathOf(id)}/evidence`)) as readonly EvidenceRow[];
        if (options.json === true) for (const row of rows) io.write(`${jsonText(row)}\n`);
        else io.write(evidenceTable(rows));
        return;
      }
      // An attacker wrote what is in it: it goes to a file and never to a terminal.
      if (options.output === undefined) {
        throw new CliFailure(exitCodes.usage, 'where to save it: --output FILE');
      }
      const bytes = await client.getBytes(`${pathOf(id)}/evidence/${encodeURIComponent(name)}`);
      saveNew(options.output, bytes);
      io.write(`${escapeText(`${options.output}: ${bytes.length} bytes`)}\n`);
    });
}

function saveNew(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliFailure(exitCodes.failed, `${file} cannot be written: ${why}`, { cause: error });
  }
}

type Tried = {
  readonly dryRun: true;
  readonly outcome: { readonly kind: string; readonly detail: string; readonly reason?: string;
    readonly warnings?: readonly string[] };
  readonly plan: readonly string[];
};

function answer(io: Io, options: GlobalOptions, reply: unknown): void {
  if (options.json === true) {
    io.write(`${jsonText(reply)}\n`);
    return;
  }
  const result = reply as ResponseView | Tried;
  if (!('outcome' in result)) {
    const { id, action, target, state, warnings } = result;
    const line = `${id}: ${action} ${target.namespace}/${target.pod}, ${state}`;
    for (const text of [line, ...warnings.map((warning) => `  warning: ${warning}`)]) {
      io.write(`${escapeText(text)}\n`);
    }
    return;
  }
  const { kind, reason, detail, warnings = [] } = result.outcome;
  const lines = [
    `dry run: ${[kind, reason].filter(Boolean).join(' ')}: ${detail}`,
    ...warnings.map((warning) => `  warning: ${warning}`),
    ...result.plan.map((step, index) => `  ${index + 1}. ${step}`),
  ];
  for (const line of lines) io.write(`${escapeText(line)}\n`);
}
