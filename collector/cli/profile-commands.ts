import type { Command } from 'commander';

import type { Decision } from '../../baseline/profile/decisions.ts';
import type { ProfileSummary } from '../api/profile-list.ts';
import { jsonText } from '../json-text.ts';
import type { BehaviourView, WaitingView } from '../profiles/profile-view.ts';
import { decisionText } from '../profiles/decision-rules.ts';
import type { Client } from './client.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { addProfileDecisionCommands } from './profile-decision-commands.ts';
import { addProfileFileCommands } from './profile-file-commands.ts';
import { NAMES, findProfile } from './profile-name.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';
import { itemsOf, secondsInWords } from './values.ts';

/** `lannerctl profile …`: what was learned of each image, and what people say about it. */
const columns: readonly Column<ProfileSummary>[] = [
  { title: 'profile', cell: nameOf },
  { title: 'state', cell: ({ state, isLocked }) => (isLocked ? `${state}, locked` : state) },
  { title: 'coverage', cell: ({ coverage }) => `${(coverage * 100).toFixed(1)} %` },
  { title: 'pods', cell: ({ pods }) => String(pods) },
  { title: 'windows', cell: ({ stored }) => String(stored?.windows ?? '-') },
  { title: 'behaviours', cell: ({ stored }) => (stored === null ? '-' : String(countOf(stored))) },
  { title: 'nodes', cell: ({ nodes }) => String(nodes) },
  { title: 'complete in', cell: ({ completeInSeconds }) => secondsInWords(completeInSeconds) },
  { title: 'key', cell: ({ key }) => key },
];

function nameOf({ image, key, workload }: ProfileSummary): string {
  if (image.repository === '') return key;
  const name = image.tag === '' ? image.repository : `${image.repository}:${image.tag}`;
  return workload === '' ? name : `${name} (${workload})`;
}

const countOf = ({ behaviours }: NonNullable<ProfileSummary['stored']>): number =>
  Object.values(behaviours).reduce((sum, count) => sum + count, 0);

export function addProfileCommands(program: Command, io: Io): void {
  const profile = program.command('profile')
    .description('what was learned of each image: look, compare, decide');
  addList(profile, io);
  addShow(profile, io);
  addProfileFileCommands(profile, io);
  addProfileDecisionCommands(profile, io);
}

function addList(profile: Command, io: Io): void {
  profile.command('list')
    .description('list profiles in order of their keys')
    .option('--prefix <text>', 'of keys, e.g. docker.io/shop/')
    .option('--limit <count>', 'how many', '1000')
    .addHelpText('after', `
Examples:
  lannerctl profile list
  lannerctl profile list --prefix docker.io/shop/ --json | jq -r .key`)
    .action(async (_, command: Command) => {
      const options: GlobalOptions & { prefix?: string; limit: string } =
        command.optsWithGlobals();
      const { prefix, limit } = options;
      const rows = await pagesOf(clientOf(io, options), prefix, Number(limit));
      if (options.json === true) for (const row of rows) io.write(`${jsonText(row)}\n`);
      else io.write(formatTable(rows, columns, io.isTerminal ? io.columns : undefined));
    });
}

/** Page by page, because each profile of a page is read whole at the collector. */
async function pagesOf(
  client: Client,
  prefix: string | undefined,
  limit: number,
): Promise<readonly ProfileSummary[]> {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new CliFailure(exitCodes.usage, '--limit is a number from 1 on');
  }
  const rows: ProfileSummary[] = [];
  let cursor: string | undefined;
  for (;;) {
    const query = { prefix, cursor, limit: String(Math.min(PAGE, limit - rows.length)) };
    const reply = await client.get('/api/v1/profiles', query);
    rows.push(...itemsOf(reply) as readonly ProfileSummary[]);
    const { nextCursor } = reply as { readonly nextCursor: string | null };
    if (nextCursor === null || rows.length >= limit) return rows;
    cursor = nextCursor;
  }
}

const PAGE = 100;

type Shown = {
  readonly profile: ProfileSummary;
  readonly channels: readonly {
    readonly channel: string;
    readonly total: number;
    readonly items: readonly BehaviourView[];
  }[];
  readonly waiting: readonly WaitingView[];
  readonly decisions: readonly Decision[];
};

function addShow(profile: Command, io: Io): void {
  profile.command('show <profile>')
    .description('its behaviours with their support, and what was decided')
    .option('--channel <name>', 'only this channel, e.g. exec')
    .option('--limit <count>', 'behaviours per channel', '50')
    .addHelpText('after', `${NAMES}
Examples:
  lannerctl profile show docker.io/shop/web:1.4.2
  lannerctl profile show docker.io/shop/web@sha256:9f8 --channel net --json`)
    .action(async (name: string, _, command: Command) => {
      const options: GlobalOptions & { channel?: string; limit: string } =
        command.optsWithGlobals();
      const client = clientOf(io, options);
      const { id } = await findProfile(client, name);
      const { channel, limit } = options;
      const reply = await client.get(`/api/v1/profiles/${id}`, { channel, limit });
      io.write(options.json === true ? `${jsonText(reply)}\n` : page(reply as Shown, io));
    });
}

const RULED = { accept: 'approved', reject: 'rejected' } as const;

const behaviourColumns: readonly Column<BehaviourView>[] = [
  { title: '  pods', cell: ({ pods, isAtLeast }) => `  ${pods}${isAtLeast ? '+' : ''}` },
  { title: 'nodes', cell: ({ reporters }) => String(reporters) },
  { title: 'first', cell: ({ firstTime }) => firstTime.slice(0, 16) },
  { title: 'last', cell: ({ lastTime }) => lastTime.slice(0, 16) },
  {
    title: 'behaviour',
    cell: ({ value, ruling }) => (ruling === null ? value : `${value} (${RULED[ruling]})`),
  },
];

function page({ profile, channels, waiting, decisions }: Shown, io: Io): string {
  const width = io.isTerminal ? io.columns : undefined;
  const { key, stored, state, coverage, pods, nodes, isLocked } = profile;
  const known = `${(coverage * 100).toFixed(1)} % known`;
  const about = `${state}, ${known}, ${pods} pods, ${nodes} nodes now`;
  const lines = [
    `${escapeText(nameOf(profile))}${isLocked ? ' (locked)' : ''}: ${about}`,
    `  key ${escapeText(key)}`,
    ...stored === null ? ['  nothing is stored yet'] : [],
    ...decisions.map((one) => `  ${one.id}: ${escapeText(`${decisionText(one)}, by ${one.by} ` +
      `at ${one.at}: ${one.why}`)}`),
    ...waiting.map(({ value, pods: shown, suspicious }) =>
      `  waits for a second pod: ${escapeText(value)} (${shown} pods` +
      `${suspicious ? ', suspicious' : ''})`),
  ];
  const tables = channels.filter(({ total }) => total > 0).map(({ channel, total, items }) =>
    `\n${channel}, ${total}${items.length < total ? `, the first ${items.length}` : ''}\n` +
    formatTable(items, behaviourColumns, width));
  return `${lines.join('\n')}\n${tables.join('')}`;
}
