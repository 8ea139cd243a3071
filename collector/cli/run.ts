import { Command, CommanderError } from 'commander';

import packageJson from '../../package.json' with { type: 'json' };
import { addAccessCommands } from './access-commands.ts';
import { addAlertCommands } from './alert-commands.ts';
import { addAuditCommands } from './audit-commands.ts';
import { addBlastRadiusCommands } from './blast-radius-commands.ts';
import { addBudgetCommands } from './budget-commands.ts';
import { addCompletionCommand } from './completion-command.ts';
import { addControlCommands } from './control-commands.ts';
import { addEgressCommands } from './egress-commands.ts';
import { CliFailure, exitCodes, exitCodesHelp } from './exit-codes.ts';
import { addReportCommands } from './generate-commands.ts';
import { addFindCommands } from './find-commands.ts';
import { addFleetCommands } from './fleet-commands.ts';
import { addIncidentCommands } from './incident-commands.ts';
import type { Io } from './io.ts';
import { addMaintenanceCommands } from './maintenance-commands.ts';
import { addPkiCommands } from './pki-commands.ts';
import { addLearnCommands } from './learn-commands.ts';
import { addOutputCommands } from './output-commands.ts';
import { addProfileCommands } from './profile-commands.ts';
import { addPolicyCommands } from './policy-commands.ts';
import { addResponseCommands } from './response-commands.ts';
import { addSuppressCommands } from './suppress-commands.ts';
import { escapeText } from './terminal.ts';
import { addTokenCommands } from './token-commands.ts';
import { choice } from './values.ts';

/** The whole of lannerctl; gives back the exit code. */
export async function runLannerctl(args: readonly string[], io: Io): Promise<number> {
  const program = new Command('lannerctl')
    .description('See and steer a Lanner collector')
    .option('--url <url>', 'the collector’s API (LANNER_URL; default http://127.0.0.1:8470)')
    .option('--token-file <file>', 'file of the access token')
    .version(packageJson.version)
    .option('--json', 'one JSON object per line')
    .option('--lang <language>', 'language of reasons: en or zh', choice(['en', 'zh']))
    .addHelpText('after', `
Environment:
  LANNER_URL         the collector’s API
  LANNER_TOKEN       the access token
  LANNER_TOKEN_FILE  or the file that holds it; else what lannerctl login kept, and for a
                     collector on this machine ./lanner-data/api-token
  NO_COLOR           no colours
${exitCodesHelp}`)
    .exitOverride()
    .configureOutput({ writeOut: io.write, writeErr: io.writeError })
    .showHelpAfterError('(lannerctl --help tells more)');
  addAlertCommands(program, io);
  addIncidentCommands(program, io);
  addFleetCommands(program, io);
  addFindCommands(program, io);
  addProfileCommands(program, io);
  addLearnCommands(program, io);
  addResponseCommands(program, io);
  addControlCommands(program, io);
  addSuppressCommands(program, io);
  addMaintenanceCommands(program, io);
  addBudgetCommands(program, io);
  addPolicyCommands(program, io);
  addReportCommands(program, io);
  addAuditCommands(program, io);
  addEgressCommands(program, io);
  addBlastRadiusCommands(program, io);
  addOutputCommands(program, io);
  addPkiCommands(program, io);
  addAccessCommands(program, io);
  addTokenCommands(program, io);
  addCompletionCommand(program, io);
  overrideExits(program);
  try {
    refuseSecrets(args);
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

/** Everybody on the machine sees the command line, and the shell keeps it. */
function refuseSecrets(args: readonly string[]): void {
  const isSecret = (arg: string): boolean =>
    /^--token(=|$)/.test(arg) || /\bltk_[0-9a-f]{16}_/.test(arg);
  if (!args.some(isSecret)) return;
  throw new CliFailure(exitCodes.usage, 'a token on the command line can be read by everybody on ' +
    'this machine: use LANNER_TOKEN, --token-file or lannerctl login');
}

/** Commands made by `command()` copy the settings, but not those made before `exitOverride`. */
function overrideExits(command: Command): void {
  for (const child of command.commands) {
    child.exitOverride();
    overrideExits(child);
  }
}
