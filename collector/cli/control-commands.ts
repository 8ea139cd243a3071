import type { Command } from 'commander';

import { jsonText } from '../json-text.ts';
import type { Pause } from '../respond/pause.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { addSaid, saidOf } from './said.ts';
import type { SaidOptions } from './said.ts';
import { escapeText } from './terminal.ts';

const PATH = '/api/v1/response-control';

/** The stop button. */
export function addControlCommands(program: Command, io: Io): void {
  const response = program.command('response').description('stop and resume all responses');
  const press = (isPaused: boolean) => async (_: unknown, command: Command): Promise<void> => {
    const options: GlobalOptions & SaidOptions = command.optsWithGlobals();
    const said = saidOf(options);
    tell(io, options, await clientOf(io, options).post(PATH, { isPaused, ...said }));
  };
  addSaid(response.command('pause'))
    .description('from now on nothing new begins; the ways back stay open')
    .addHelpText('after', `
Holds for every replica of the collector, survives its restarts and needs no cluster. What was
approved and had not begun is given up.
Example:
  lannerctl response pause --why 'wrong rule kills the shop'`)
    .action(press(true));
  addSaid(response.command('resume'))
    .description('responses may begin again')
    .action(press(false));
  response.command('status')
    .description('whether responses are paused')
    .action(async (_, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      tell(io, options, await clientOf(io, options).get(PATH));
    });
}

function tell(io: Io, options: GlobalOptions, reply: unknown): void {
  if (options.json === true) {
    io.write(`${jsonText(reply)}\n`);
    return;
  }
  const { isPaused, by, why, atMs } = reply as Pause;
  const since = atMs === 0 ? '' : ` since ${new Date(atMs).toISOString()} by ${by}: ${why}`;
  io.write(`${escapeText(`responses ${isPaused ? 'are paused' : 'may begin'}${since}`)}\n`);
}
