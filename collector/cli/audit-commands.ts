import { readFileSync } from 'node:fs';

import type { Command } from 'commander';

import { jsonText } from '../json-text.ts';
import { isSigned, parseAnchor } from '../respond/anchor-line.ts';
import type { Anchor } from '../respond/anchor-line.ts';
import type { AuditVerdict } from '../respond/response-store.ts';
import type { Client } from './client.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';
import { itemsOf } from './values.ts';

/** Anchors held against the audit: the first, the last, and so many between them. */
const ANCHORS_CHECKED_MAX = 500;

type Row = {
  readonly number: number;
  readonly time: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly hash: string;
};

const columns: readonly Column<Row>[] = [
  { title: 'number', cell: ({ number }) => String(number) },
  { title: 'time', cell: ({ time }) => time },
  { title: 'actor', cell: ({ actor }) => actor },
  { title: 'action', cell: ({ action }) => action },
  { title: 'subject', cell: ({ subject }) => subject },
  { title: 'hash', cell: ({ hash }) => hash.slice(0, 12) },
];

type VerifyOptions = GlobalOptions & { readonly anchor?: string; readonly key?: string };

export function addAuditCommands(program: Command, io: Io): void {
  const audit = program.command('audit').description('who did what, and whether it is all there');
  audit.command('list')
    .description('list records, newest first')
    .option('--limit <count>', 'how many', '50')
    .action(async (_, command: Command) => {
      const options: GlobalOptions & { limit: string } = command.optsWithGlobals();
      const { limit } = options;
      const rows = itemsOf(await clientOf(io, options).get('/api/v1/audit', { limit }));
      if (options.json === true) for (const row of rows) io.write(`${jsonText(row)}\n`);
      else {
        const width = io.isTerminal ? io.columns : undefined;
        io.write(formatTable(rows as readonly Row[], columns, width));
      }
    });
  audit.command('verify')
    .description('find every edit, gap and change of order; with an anchor also a cut-off end')
    .option('--anchor <file>', 'signed heads of the audit (audit.anchorFile)')
    .option('--key <file>', 'public key of the anchors (audit-anchor.key.pub); a copy of your own')
    .addHelpText('after', `
The collector reads its whole chain and says whether it holds. A chain cannot show that its end was
cut off, or that all of it was made anew: an anchor that was kept elsewhere can.
Example:
  lannerctl audit verify --anchor audit-anchors.jsonl --key audit-anchor.key.pub`)
    .action(async (_, command: Command) => {
      const options: VerifyOptions = command.optsWithGlobals();
      await verify(io, options);
    });
}

async function verify(io: Io, options: VerifyOptions): Promise<void> {
  const client = clientOf(io, options);
  const anchors = options.anchor === undefined ? [] : readAnchors(options.anchor, options.key);
  const verdict = await client.get('/api/v1/audit/verify') as AuditVerdict;
  if (!verdict.ok) {
    const { at, problem } = verdict;
    throw new CliFailure(exitCodes.failed, `the audit is broken at record ${at}: ${problem}`);
  }
  for (const anchor of sample(anchors)) await compare(client, anchor);
  const last = anchors.at(-1);
  const signed = options.key === undefined ? 'signatures not checked, see --key' : 'all signed';
  const anchored = last === undefined
    ? ''
    : `; ${anchors.length} anchors agree up to record ${last.number} of ${last.time}, ${signed}`;
  io.write(`${escapeText(`${verdict.rows} records hold${anchored}`)}\n`);
}

function readAnchors(file: string, keyFile: string | undefined): readonly Anchor[] {
  const key = keyFile === undefined ? undefined : readText(keyFile);
  const lines = readText(file).split('\n').filter((line) => line !== '');
  if (lines.length === 0) throw new CliFailure(exitCodes.usage, `${file} holds no anchor`);
  return lines.map((line, index) => {
    const anchor = parseAnchor(line);
    const place = `${file}:${index + 1}`;
    if (anchor === undefined) {
      throw new CliFailure(exitCodes.failed, `${place} is not an anchor`);
    }
    if (key !== undefined && !isSignedBy(anchor, key)) {
      throw new CliFailure(exitCodes.failed, `${place}: the signature is not of that key`);
    }
    return anchor;
  });
}

function isSignedBy(anchor: Anchor, key: string): boolean {
  try {
    return isSigned(anchor, key);
  } catch (error) {
    throw new CliFailure(exitCodes.usage, 'the file of --key holds no public key', {
      cause: error,
    });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliFailure(exitCodes.usage, `${file} cannot be read`, { cause: error });
  }
}

function sample(anchors: readonly Anchor[]): readonly Anchor[] {
  if (anchors.length <= ANCHORS_CHECKED_MAX) return anchors;
  const step = (anchors.length - 1) / (ANCHORS_CHECKED_MAX - 1);
  return Array.from({ length: ANCHORS_CHECKED_MAX }, (_, index) => anchors[Math.round(index * step)])
    .filter((anchor) => anchor !== undefined);
}

async function compare(client: Client, { number, hash, time }: Anchor): Promise<void> {
  const page = await client.get('/api/v1/audit', { limit: '1', cursor: String(number + 1) });
  const [row] = itemsOf(page) as readonly Row[];
  if (row === undefined || row.number < number) {
    throw new CliFailure(exitCodes.failed,
      `the audit is cut off: at ${time} it had ${number} records, now it ends before that`);
  }
  if (row.hash !== hash) {
    throw new CliFailure(exitCodes.failed,
      `record ${number} is not the one of ${time}: the audit was made anew`);
  }
}
