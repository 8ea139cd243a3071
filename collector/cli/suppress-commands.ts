import type { Command } from 'commander';

import { alertKinds, channels } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import type {
  PreviewAnswer,
  SuppressionMatchBody,
  SuppressionView,
} from '../api/contract/suppression.ts';
import { jsonText } from '../json-text.ts';
import type { Client } from './client.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { addSaid } from './said.ts';
import type { SaidOptions } from './said.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';
import { choice, itemsOf } from './values.ts';

/** `lannerctl suppress`: alerts like these are stored and told to nobody. */
const PATH = '/api/v1/suppressions';
const DAY_MS = 86_400_000;

type MatchOptions = GlobalOptions & {
  readonly alert?: string;
  readonly cluster?: string;
  readonly namespace?: string;
  readonly workload?: string;
  readonly image?: string;
  readonly kind?: readonly (typeof alertKinds)[number][];
  readonly channel?: readonly (typeof channels)[number][];
  readonly behaviour?: readonly string[];
  readonly behaviourGlob?: readonly string[];
  readonly technique?: readonly string[];
  readonly includeDestructive?: boolean;
};

type CreateOptions = MatchOptions & SaidOptions & {
  readonly owner: string;
  readonly days?: string;
  readonly until?: string;
};

const columns: readonly Column<SuppressionView>[] = [
  { title: 'id', cell: ({ id }) => id },
  { title: 'state', cell: ({ state }) => state },
  { title: 'hits', cell: ({ hits }) => (hits === 0 ? 'never' : String(hits)) },
  { title: 'last hit', cell: ({ lastHitTime }) => lastHitTime?.slice(0, 16) ?? '-' },
  { title: 'ends', cell: ({ expiresTime, ended }) => (ended?.time ?? expiresTime).slice(0, 16) },
  { title: 'owner', cell: ({ owner }) => owner },
  { title: 'suppresses', cell: ({ match }) => matchText(match) },
];

export function addSuppressCommands(program: Command, io: Io): void {
  const suppress = program.command('suppress')
    .description('rules for alerts that nobody needs to see')
    .addHelpText('after', `
A rule matches an alert when it matches every behaviour of it. Container escapes, credentials and
the like are never suppressed, unless an approver says --include-destructive.
Examples:
  lannerctl suppress preview --alert 5d0f3c… --namespace shop
  lannerctl suppress create --alert 5d0f3c… --owner web --why 'nightly report, LAN-231'
  lannerctl suppress create --namespace shop --behaviour-glob 'exec /usr/bin/find ← *' \\
      --days 14 --owner web --why 'clean-up, to be accepted with 1.5'
  lannerctl suppress list
  lannerctl suppress expire suppression-2f… --why 'accepted'`);
  addMatch(suppress.command('preview')
    .description('what such a rule would have suppressed in the last seven days'))
    .action(async (_, self: Command) => {
      const options: MatchOptions = self.optsWithGlobals();
      const client = clientOf(io, options);
      const reply = await client.post(`${PATH}/preview`, await ruleOf(client, options));
      io.write(options.json === true
        ? `${jsonText(reply)}\n`
        : previewText(reply as PreviewAnswer));
    });
  addSaid(addMatch(suppress.command('create').description('make a rule'))
    .requiredOption('--owner <name>', 'whom to ask: a team or a person')
    .option('--days <count>', 'it ends after this many days (default 30, at most 365)')
    .option('--until <time>', 'or: when it ends, 2026-12-31T18:00:00Z'))
    .action(async (_, self: Command) => {
      const options: CreateOptions = self.optsWithGlobals();
      const client = clientOf(io, options);
      const reply = await client.post(PATH, {
        ...await ruleOf(client, options),
        owner: options.owner,
        reason: options.why,
        ...expiryOf(options),
      });
      tell(io, options, [reply as SuppressionView]);
    });
  addLooking(suppress, io);
}

function addLooking(suppress: Command, io: Io): void {
  suppress.command('list')
    .description('rules in force, newest first; "never" is a rule that nobody needs')
    .option('--all', 'also those that have ended')
    .action(async (_, self: Command) => {
      const options: GlobalOptions & { readonly all?: boolean } = self.optsWithGlobals();
      const query = { limit: '500', all: options.all === true ? 'true' : undefined };
      const reply = await clientOf(io, options).get(PATH, query);
      tell(io, options, itemsOf(reply) as readonly SuppressionView[]);
    });
  suppress.command('show <id>')
    .description('one rule')
    .action(async (id: string, _, self: Command) => {
      const options: GlobalOptions = self.optsWithGlobals();
      const reply = await clientOf(io, options).get(`${PATH}/${encodeURIComponent(id)}`);
      io.write(options.json === true ? `${jsonText(reply)}\n` : page(reply as SuppressionView));
    });
  addSaid(suppress.command('expire <id>').description('end a rule now'))
    .action(async (id: string, _, self: Command) => {
      const options: GlobalOptions & SaidOptions = self.optsWithGlobals();
      const reply = await clientOf(io, options)
        .post(`${PATH}/${encodeURIComponent(id)}/expire`, { why: options.why });
      tell(io, options, [reply as SuppressionView]);
    });
}

/** For options that may be given several times. */
const collect = (value: string, before: readonly string[] = []): readonly string[] =>
  [...before, value];

function oneOf<T extends string>(values: readonly T[]) {
  const check = choice(values);
  return (value: string, before: readonly T[] = []): readonly T[] => [...before, check(value)];
}

const addMatch = (command: Command): Command =>
  command
    .option('--alert <id>', 'alerts like this one: its place and all its behaviours')
    .option('--cluster <glob>', 'of this cluster')
    .option('--namespace <glob>', 'of this namespace')
    .option('--workload <glob>', 'of this workload')
    .option('--image <glob>', 'of this image repository')
    .option('--kind <kind>', 'of this kind; again for more', oneOf(alertKinds))
    .option('--channel <channel>', 'in this channel; again for more', oneOf(channels))
    .option('--behaviour <value>', 'exactly this behaviour; again for more', collect)
    .option('--behaviour-glob <glob>', 'behaviours like this; again for more', collect)
    .option('--technique <id>', 'of this ATT&CK technique; again for more', collect)
    .option('--include-destructive', 'also what is on the never-learn list');

async function ruleOf(client: Client, options: MatchOptions) {
  const like = options.alert === undefined
    ? {}
    : matchOfAlert(await client.get(`/api/v1/alerts/${encodeURIComponent(options.alert)}`));
  const { cluster, namespace, workload, image, kind, channel, technique } = options;
  const behaviours = [
    ...(options.behaviour ?? []).map((value) => ({ kind: 'exact' as const, value })),
    ...(options.behaviourGlob ?? []).map((value) => ({ kind: 'glob' as const, value })),
  ];
  const match: SuppressionMatchBody = {
    ...like,
    ...(cluster === undefined ? {} : { cluster }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(workload === undefined ? {} : { workload }),
    ...(image === undefined ? {} : { image }),
    ...(kind === undefined ? {} : { kinds: [...kind] }),
    ...(channel === undefined ? {} : { channels: [...channel] }),
    ...(technique === undefined ? {} : { techniques: [...technique] }),
    ...(behaviours.length === 0 ? {} : { behaviours }),
  };
  return { match, includesDestructive: options.includeDestructive === true };
}

/** A name that holds a `*` would match others, too; no Kubernetes name does. */
function matchOfAlert(reply: unknown): SuppressionMatchBody {
  const { namespace, workload, image, behaviours } = reply as Alert;
  const named = { namespace, workload, image: image.repository };
  return {
    ...Object.fromEntries(Object.entries(named).filter(([, name]) => name !== '')),
    behaviours: [...new Set(behaviours.map(({ value }) => value))]
      .map((value) => ({ kind: 'exact' as const, value })),
  };
}

function expiryOf({ days, until }: CreateOptions): { readonly expiresTime?: string } {
  if (days !== undefined && until !== undefined) {
    throw new CliFailure(exitCodes.usage, 'say --days or --until');
  }
  if (until !== undefined) return { expiresTime: until };
  if (days === undefined) return {};
  if (!/^[1-9]\d{0,2}$/.test(days)) {
    throw new CliFailure(exitCodes.usage, `--days ${days} is no number of days`);
  }
  return { expiresTime: new Date(Date.now() + Number(days) * DAY_MS).toISOString() };
}

function tell(io: Io, options: GlobalOptions, rules: readonly SuppressionView[]): void {
  if (options.json === true) for (const rule of rules) io.write(`${jsonText(rule)}\n`);
  else io.write(formatTable(rules, columns, io.isTerminal ? io.columns : undefined));
}

function matchText(match: SuppressionMatchBody): string {
  const { behaviours = [], ...rest } = match;
  return [
    ...Object.entries(rest).map(([key, value]) => `${key}=${String(value)}`),
    ...behaviours.map(({ kind, value }) => (kind === 'glob' ? `like "${value}"` : `"${value}"`)),
  ].join(' ');
}

const page = (rule: SuppressionView): string =>
  `${[
    `${rule.id}: ${rule.state}`,
    `  suppresses  ${matchText(rule.match)}`,
    `  destructive ${rule.includesDestructive ? 'too' : 'never'}`,
    `  owner       ${rule.owner}`,
    `  reason      ${rule.reason}`,
    `  made        ${rule.createdTime} by ${rule.createdBy}`,
    `  ends        ${rule.expiresTime}`,
    `  hits        ${rule.hits === 0 ? 'never' : `${rule.hits}, last ${rule.lastHitTime ?? ''}`}`,
    ...rule.ended === null
      ? []
      : [`  ended       ${rule.ended.time} by ${rule.ended.by}: ${rule.ended.why}`],
  ].map(escapeText).join('\n')}\n`;

function previewText(preview: PreviewAnswer): string {
  const counts = Object.entries(preview.bySeverity).map(([name, count]) => `${count} ${name}`);
  const lines = [
    `${preview.alerts} alerts of ${preview.looked} in ${preview.days} days` +
      `${counts.length === 0 ? '' : ` (${counts.join(', ')})`}` +
      `${preview.isPartial ? '; there were more than may be looked at' : ''}`,
    ...preview.destructive === 0
      ? []
      : [`${preview.destructive} more are on the never-learn list and stay`],
    ...preview.examples.map(({ time, severity, namespace, pod, reason }) =>
      `  ${time.slice(0, 19)} ${severity} ${namespace}/${pod}: ${reason.en}`),
  ];
  return `${lines.map(escapeText).join('\n')}\n`;
}
