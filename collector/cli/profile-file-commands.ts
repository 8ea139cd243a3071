import { readFileSync } from 'node:fs';

import type { Command } from 'commander';

import { jsonText } from '../json-text.ts';
import { diffRows } from '../profiles/diff.ts';
import type { DiffRow } from '../profiles/diff.ts';
import type { Review } from '../profiles/review.ts';
import { readReviewYaml } from '../profiles/review-yaml.ts';
import type { Client } from './client.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { NAMES, findProfile } from './profile-name.ts';
import { addSaid, saidOf } from './said.ts';
import type { SaidOptions } from './said.ts';
import { escapeText } from './terminal.ts';
import { itemsOf } from './values.ts';

/** Profiles as files: export, import, compare. Files are read here; no collector parses YAML. */
export function addProfileFileCommands(profile: Command, io: Io): void {
  addExport(profile, io);
  addImport(profile, io);
  addDiff(profile, io);
}

function addExport(profile: Command, io: Io): void {
  profile.command('export <profile>')
    .description('write it as YAML to standard output: sorted, the same bytes for the same profile')
    .addHelpText('after', `${NAMES}
Example:
  lannerctl profile export docker.io/shop/web:1.4.2 > profiles/web.yaml`)
    .action(async (name: string, _, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      const client = clientOf(io, options);
      const { id, key } = await findProfile(client, name);
      const yaml = await client.getText(`/api/v1/profiles/${id}/export`);
      // Escaped by the collector; line by line once more, in case it is somebody else.
      const lines = yaml.split('\n').map(escapeText).join('\n');
      io.write(options.json === true ? `${jsonText({ key, yaml })}\n` : lines);
    });
}

function addImport(profile: Command, io: Io): void {
  const command = profile.command('import <file>')
    .description('approve what an exported profile has and the stored one has not')
    .option('--dry-run', 'only check it, and say what would change')
    .addHelpText('after', `
Example:
  lannerctl profile import web.yaml --dry-run --why 'from the test cluster'`);
  addSaid(command).action(async (file: string, _, self: Command) => {
    const options: GlobalOptions & SaidOptions & { dryRun?: boolean } = self.optsWithGlobals();
    const body = {
      profile: reviewOf(file),
      dryRun: options.dryRun === true,
      ...saidOf(options),
    };
    const reply = await clientOf(io, options).post('/api/v1/profiles/import', body);
    if (options.json === true) {
      io.write(`${jsonText(reply)}\n`);
      return;
    }
    io.write(importText(reply as ImportReply));
  });
}

type ImportReply = {
  readonly key: string;
  readonly dryRun: boolean;
  readonly items: readonly Pick<DiffRow, 'channel' | 'value'>[];
  readonly rejected: number;
};

function importText({ key, dryRun, items, rejected }: ImportReply): string {
  const verb = dryRun ? 'would be approved' : 'approved';
  const lines = [
    `${key}: ${items.length} ${items.length === 1 ? 'behaviour' : 'behaviours'} ${verb}`,
    ...rejected === 0 ? [] : [`${rejected} of the file were rejected here, and stay rejected`],
    ...items.map(({ channel, value }) => `+ ${channel.padEnd(12)} ${value}`),
  ];
  return lines.map((line) => `${escapeText(line)}\n`).join('');
}

function addDiff(profile: Command, io: Io): void {
  profile.command('diff <before> <after>')
    .description('what the second does more or less; two exported files need no collector')
    .addHelpText('after', `${NAMES} A name that is a file, here, is read as an exported profile.
Examples:
  lannerctl profile diff docker.io/shop/web:1.4.2 docker.io/shop/web:1.4.3
  lannerctl profile diff old.yaml new.yaml`)
    .action(async (before: string, after: string, _, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      const rows = isFile(before) && isFile(after)
        ? diffRows(reviewOf(before), reviewOf(after))
        : await storedDiff(clientOf(io, options), before, after);
      if (options.json === true) for (const row of rows) io.write(`${jsonText(row)}\n`);
      else io.write(diffText(rows));
    });
}

async function storedDiff(
  client: Client,
  before: string,
  after: string,
): Promise<readonly DiffRow[]> {
  const [from, to] = [await findProfile(client, before), await findProfile(client, after)];
  const reply = await client.get(`/api/v1/profiles/${from.id}/diff`, { with: to.id });
  return itemsOf(reply) as readonly DiffRow[];
}

const isFile = (name: string): boolean => /\.ya?ml$/.test(name);

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new CliFailure(exitCodes.usage, `${file} cannot be read: ${detail}`, { cause: error });
  }
}

function reviewOf(file: string): Review {
  const read = readReviewYaml(readText(file));
  if (read.ok) return read.review;
  throw new CliFailure(exitCodes.usage, `${file}: ${read.detail}`);
}

function diffText(rows: readonly DiffRow[]): string {
  if (rows.length === 0) return 'no difference\n';
  return rows.map(({ change, channel, value, detail }) => {
    const about = detail === '' ? '' : ` (${detail})`;
    const text = `${SIGNS[change]} ${channel.padEnd(12)} ${value}${about}`;
    return `${escapeText(text)}\n`;
  }).join('');
}

const SIGNS: Readonly<Record<DiffRow['change'], string>> = {
  added: '+',
  removed: '-',
  changed: '~',
};
