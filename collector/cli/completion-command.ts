import { Argument } from 'commander';
import type { Command } from 'commander';

import { completionFor, shells } from './completion.ts';
import type { Shell } from './completion.ts';
import type { Io } from './io.ts';

/** The last command to be added: what is there by then is what is completed. */
export function addCompletionCommand(program: Command, io: Io): void {
  program.command('completion')
    .description('print what a shell needs to complete commands and options')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText('after', `
Examples:
  source <(lannerctl completion bash)
  lannerctl completion fish > ~/.config/fish/completions/lannerctl.fish`)
    .action((shell: Shell) => io.write(completionFor(shell, program)));
}
