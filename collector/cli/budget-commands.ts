import type { Command } from 'commander';

import type { ImageBudgetView } from '../api/contract/alert-budget.ts';
import { jsonText } from '../json-text.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { itemsOf } from './values.ts';

/** `lannerctl budget`: how many alarms an image may raise, and how many it did. */
const raisedIn = (days: number): Column<ImageBudgetView> => ({
  title: `${days} d`,
  cell: ({ spans }) => {
    const span = spans.find((one) => one.days === days);
    return span === undefined ? '-' : `${span.raised}${span.isOver ? ' !' : ''}`;
  },
});

const columns: readonly Column<ImageBudgetView>[] = [
  { title: 'allowed/d', cell: ({ allowedPerDay }) => allowedPerDay.toFixed(2) },
  raisedIn(1),
  raisedIn(7),
  raisedIn(30),
  { title: 'cooled', cell: ({ cooled }) => String(cooled) },
  { title: 'suppressed', cell: ({ suppressed }) => String(suppressed) },
  { title: 'maintenance', cell: ({ maintenance }) => String(maintenance) },
  { title: 'nodes', cell: ({ nodes }) => String(nodes) },
  { title: 'image', cell: ({ image }) => image },
];

export function addBudgetCommands(program: Command, io: Io): void {
  program.command('budget')
    .description('alarms that each image may raise a day, and those of the last 1, 7 and 30 days')
    .option('--over', 'only images that raised more than chance allows')
    .addHelpText('after', `
! is more than would come with 1 % probability were the budget kept (Poisson). Such an image is
attacked, or its profile knows less than it says: see lannerctl profile show.`)
    .action(async (_, self: Command) => {
      const options: GlobalOptions & { readonly over?: boolean } = self.optsWithGlobals();
      const reply = await clientOf(io, options).get('/api/v1/alert-budget');
      const all = itemsOf(reply) as readonly ImageBudgetView[];
      const rows = options.over === true
        ? all.filter(({ spans }) => spans.some(({ isOver }) => isOver))
        : all;
      if (options.json === true) for (const row of rows) io.write(`${jsonText(row)}\n`);
      else io.write(formatTable(rows, columns, io.isTerminal ? io.columns : undefined));
    });
}
