import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import type { DeadLetterView, OutputTestAnswer, OutputView } from '../api/contract/outputs.ts';
import { jsonText } from '../json-text.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';
import { itemsOf } from './values.ts';

/** `lannerctl outputs`: where records are sent, how far, and what was refused. */
const PATH = '/api/v1/outputs';

const outputColumns: readonly Column<OutputView>[] = [
  { title: 'name', cell: ({ name }) => name },
  { title: 'kind', cell: ({ kind }) => kind },
  { title: 'target', cell: ({ target }) => target },
  { title: 'state', cell: ({ state }) => state },
  { title: 'lag', cell: ({ lag }) => String(lag) },
  { title: 'sent', cell: ({ sent }) => String(sent) },
  { title: 'failed', cell: ({ failed }) => String(failed) },
  { title: 'passed over', cell: ({ passedOver }) => String(passedOver) },
  { title: 'dead letters', cell: ({ deadLetters }) => String(deadLetters) },
  { title: 'last sent', cell: ({ lastSentTime }) => lastSentTime?.slice(0, 19) ?? '-' },
  { title: 'last error', cell: ({ lastError }) => lastError || '-' },
];

const letterColumns: readonly Column<DeadLetterView>[] = [
  { title: 'number', cell: ({ number }) => String(number) },
  { title: 'time', cell: ({ time }) => time?.slice(0, 19) ?? '-' },
  { title: 'kind', cell: ({ kind }) => kind },
  { title: 'reason', cell: ({ reason }) => reason },
  { title: 'again', cell: ({ isQueued }) => (isQueued ? 'queued' : '-') },
  { title: 'what', cell: ({ text }) => text },
  { title: 'detail', cell: ({ detail }) => detail },
];

export function addOutputCommands(program: Command, io: Io): void {
  const outputs = program.command('outputs')
    .description('where records are sent: how far, what failed, what was refused')
    .addHelpText('after', `
Examples:
  lannerctl outputs list
  lannerctl outputs test siem
  lannerctl outputs dead-letters siem
  lannerctl outputs replay siem
  lannerctl outputs replay siem --number 12 --number 13
  lannerctl outputs drop siem --number 14`);
  addReading(outputs, io);
  addTest(outputs, io);
  addChoices(outputs, io);
}

function addReading(outputs: Command, io: Io): void {
  outputs.command('list')
    .description('all outputs: state, lag, sent, failed')
    .action(async (_, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      show(io, options, itemsOf(await clientOf(io, options).get(PATH)), outputColumns);
    });
  outputs.command('dead-letters <name>')
    .description('what its receiver refused for good, newest first')
    .option('--limit <count>', 'how many', '100')
    .action(async (name: string, _, command: Command) => {
      const options: GlobalOptions & { limit: string } = command.optsWithGlobals();
      const reply = await clientOf(io, options)
        .get(`${pathOf(name)}/dead-letters`, { limit: options.limit });
      show(io, options, itemsOf(reply), letterColumns);
    });
}

function addTest(outputs: Command, io: Io): void {
  outputs.command('test <name>')
    .description('send one test message now; exit code 1 when the receiver did not take it')
    .action(async (name: string, _, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      const reply = await clientOf(io, options).post(`${pathOf(name)}/test`, {});
      const { ok, seconds, reason, detail } = reply as OutputTestAnswer;
      if (options.json === true) io.write(`${jsonText(reply)}\n`);
      if (!ok) throw new CliFailure(exitCodes.failed, `${name} did not take it: ${reason}: ${detail}`);
      if (options.json !== true) {
        io.write(`${escapeText(`${name} took it in ${seconds.toFixed(3)} s`)}\n`);
      }
    });
}

function addChoices(outputs: Command, io: Io): void {
  const add = (verb: 'replay' | 'drop', description: string, done: string): void => {
    outputs.command(`${verb} <name>`)
      .description(description)
      .option('--number <number>', 'this dead letter; again for more; all without it', numbers)
      .action(async (name: string, _, command: Command) => {
        const options: GlobalOptions & { number?: readonly number[] } = command.optsWithGlobals();
        const { number } = options;
        const reply = await clientOf(io, options)
          .post(`${pathOf(name)}/${verb}`, number === undefined ? {} : { numbers: number });
        const { count } = reply as { readonly count: number };
        io.write(options.json === true ? `${jsonText(reply)}\n` : `${count} ${done}\n`);
      });
  };
  add('replay', 'send dead letters once more', 'will be sent again');
  add('drop', 'forget dead letters for good', 'dropped');
}

const pathOf = (name: string): string => `${PATH}/${encodeURIComponent(name)}`;

function numbers(text: string, before: readonly number[] = []): readonly number[] {
  if (!/^[0-9]{1,15}$/.test(text)) throw new InvalidArgumentError('A number of the list.');
  return [...before, Number(text)];
}

function show<Row>(
  io: Io,
  options: GlobalOptions,
  rows: readonly unknown[],
  columns: readonly Column<Row>[],
): void {
  if (options.json === true) for (const row of rows) io.write(`${jsonText(row)}\n`);
  else io.write(formatTable(rows as readonly Row[], columns, io.isTerminal ? io.columns : undefined));
}
