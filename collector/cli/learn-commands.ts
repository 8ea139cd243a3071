import type { Command } from 'commander';

import type { Decision } from '../../baseline/profile/decisions.ts';
import { jsonText } from '../json-text.ts';
import { decisionText } from '../profiles/decision-rules.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { addSaid, saidOf } from './said.ts';
import type { SaidOptions } from './said.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';
import { choice, itemsOf } from './values.ts';

/** `lannerctl learn`, `lannerctl decisions`: "this is normal", and taking it back. */
const columns: readonly Column<Decision>[] = [
  { title: 'id', cell: ({ id }) => id },
  { title: 'at', cell: ({ at }) => at.slice(0, 19) },
  { title: 'by', cell: ({ by }) => by },
  { title: 'state', cell: ({ undoneBy }) => (undoneBy ? `undone by ${undoneBy}` : 'in force') },
  { title: 'decision', cell: decisionText },
  { title: 'why', cell: ({ why }) => why },
];

type LearnOptions = GlobalOptions & SaidOptions & {
  readonly scope?: string;
  readonly behaviour?: string;
};

export function addLearnCommands(program: Command, io: Io): void {
  const learn = program.command('learn <alert>')
    .description('teach that a behaviour of this alert is normal: it is not raised any more')
    .option('--behaviour <number>', 'which one, counted from 0, when the alert shows several')
    .option('--scope <scope>', 'image (default), lineage or everywhere',
      choice(['image', 'lineage', 'everywhere']))
    .addHelpText('after', `
Examples:
  lannerctl learn 0b6e… --why 'the nightly backup'
  lannerctl learn 0b6e… --behaviour 2 --scope lineage --why 'since 1.4'
\`lannerctl decisions undo ID\` takes it back.`);
  addSaid(learn).action(async (alert: string, _, command: Command) => {
    const options: LearnOptions = command.optsWithGlobals();
    const { scope, behaviour } = options;
    const path = `/api/v1/alerts/${encodeURIComponent(alert)}/learn`;
    const reply = await clientOf(io, options).post(path, {
      ...saidOf(options),
      ...(scope === undefined ? {} : { scope }),
      ...(behaviour === undefined ? {} : { behaviour: Number(behaviour) }),
    });
    answer(io, options, reply as Decision);
  });

  const decisions = program.command('decisions')
    .description('what people decided about profiles, newest first')
    .option('--all', 'also those that were undone')
    .option('--limit <count>', 'how many', '50')
    .addHelpText('after', `
Examples:
  lannerctl decisions
  lannerctl decisions undo decision-0b6e… --why 'it was an intruder'`)
    .action(async (_, command: Command) => {
      const options: GlobalOptions & { all?: boolean; limit: string } = command.optsWithGlobals();
      const query = { limit: options.limit, ...(options.all === true ? { all: 'true' } : {}) };
      const reply = await clientOf(io, options).get('/api/v1/decisions', query);
      const rows = itemsOf(reply) as readonly Decision[];
      if (options.json === true) for (const row of rows) io.write(`${jsonText(row)}\n`);
      else io.write(formatTable(rows, columns, io.isTerminal ? io.columns : undefined));
    });

  const undo = decisions.command('undo <id>')
    .description('from then on it is judged and learned as if nobody had decided');
  addSaid(undo).action(async (id: string, _, command: Command) => {
    const options: GlobalOptions & SaidOptions = command.optsWithGlobals();
    const path = `/api/v1/decisions/${encodeURIComponent(id)}`;
    answer(io, options, await clientOf(io, options).remove(path, saidOf(options)) as Decision);
  });
}

function answer(io: Io, options: GlobalOptions, decision: Decision): void {
  const state = decision.undoneBy === undefined ? '' : 'undone, ';
  io.write(options.json === true
    ? `${jsonText(decision)}\n`
    : `${decision.id}: ${state}${escapeText(decisionText(decision))}\n`);
}
