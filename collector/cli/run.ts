import { Command, CommanderError } from 'commander';

import packageJson from '../../package.json' with { type: 'json' };
import { addAlertCommands } from './alert-commands.ts';
import { addAuditCommands } from './audit-commands.ts';
import { addControlCommands } from './control-commands.ts';
import { CliFailure, exitCodes, exitCodesHelp } from './exit-codes.ts';
import { addFleetCommands } from './fleet-commands.ts';
import { addIncidentCommands } from './incident-commands.ts';
import type { Io } from './io.ts';
import { addPkiCommands } from './pki-commands.ts';
import { addLearnCommands } from './learn-commands.ts';
import { addProfileCommands } from './profile-commands.ts';
import { addPolicyCommands } from './policy-commands.ts';
import { addResponseCommands } from './response-commands.ts';
import { escapeText } from './terminal.ts';
import { choice } from './values.ts';

/** The whole of lannerctl; gives back the exit code. */
export async function runLannerctl(args: readonly string[], io: Io): Promise<number> {
  const program = new Command('lannerctl')
    .description('See and steer a Lanner collector')
    .option('--url <url>', 'the collector’s API (LANNER_URL; default http://127.0.0.1:8470)')
    .version(packageJson.version)
    .option('--json', 'one JSON object per line')
    .option('--lang <language>', 'language of reasons: en or zh', choice(['en', 'zh']))
    .addHelpText('after', `
Environment:
  LANNER_URL         the collector’s API
  LANNER_TOKEN       the access token; needed for what changes something, and
                     for everything when the collector is not on this machine
  LANNER_TOKEN_FILE  or the file that holds it (api-token in the collector’s dataDir)
  NO_COLOR           no colours
${exitCodesHelp}`)
    .exitOverride()
    .configureOutput({ writeOut: io.write, writeErr: io.writeError })
    .showHelpAfterError('(lannerctl --help tells more)');
  addAlertCommands(program, io);
  addIncidentCommands(program, io);
  addFleetCommands(program, io);
  addProfileCommands(program, io);
  addLearnCommands(program, io);
  addResponseCommands(program, io);
  addControlCommands(program, io);
  addPolicyCommands(program, io);
  addAuditCommands(program, io);
  addPkiCommands(program, io);
  overrideExits(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    }
    if (error instanceof CliFailure) {
      io.writeError(`lannerctl: ${escapeText(error.message)}\n`);
      return error.exitCode;
    }
    throw error;
  }
}

/** Commands made by `command()` copy the settings, but not those made before `exitOverride`. */
function overrideExits(command: Command): void {
  for (const child of command.commands) {
    child.exitOverride();
    overrideExits(child);
  }
}
