import type { Command } from 'commander';

import type { SessionAnswer } from '../api/contract/access.ts';
import { jsonText } from '../json-text.ts';
import { Client } from './client.ts';
import { forgetToken, keepToken } from './credentials.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf, urlOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { escapeText } from './terminal.ts';

/** `lannerctl login`, `logout`, `whoami`. */
const SESSION = '/api/v1/session';

export function addAccessCommands(program: Command, io: Io): void {
  program.command('whoami')
    .description('who the collector takes you for, and what you may do')
    .action(async (_, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      const session = await clientOf(io, options).get(SESSION) as SessionAnswer;
      io.write(options.json === true ? `${jsonText(session)}\n` : sessionText(session));
    });

  program.command('login')
    .description('keep a token for this collector, or sign a browser in')
    .option('--browser', 'print a link that signs a browser on this machine in, once')
    .addHelpText('after', `
Without --browser the token is asked for and not shown, or read from standard input; it is kept in
~/.config/lanner/tokens.json, readable by you alone, and sent to this collector only.
Examples:
  lannerctl login
  lannerctl --url https://lanner.bank.example login < token-file
  lannerctl login --browser`)
    .action(async (_, command: Command) => {
      const options: GlobalOptions & { browser?: boolean } = command.optsWithGlobals();
      await (options.browser === true ? loginBrowser(io, options) : login(io, options));
    });

  program.command('logout')
    .description('forget the token that login kept for this collector')
    .action((_, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      const wasKept = forgetToken(urlOf(io, options), io.env);
      io.write(wasKept ? 'the token is forgotten here; it still holds until it is revoked\n'
        : 'no token was kept for this collector\n');
    });
}

async function login(io: Io, options: GlobalOptions): Promise<void> {
  if (io.readSecret === undefined) {
    throw new CliFailure(exitCodes.usage, 'there is nobody to ask for a token here');
  }
  const token = (await io.readSecret('Token: ')).trim();
  if (token === '') throw new CliFailure(exitCodes.usage, 'no token was given');
  const url = urlOf(io, options);
  // Before it is kept: a typing mistake shows now, and not in the next script.
  const session = await new Client({ url, token }).get(SESSION) as SessionAnswer;
  const file = keepToken(url, token, io.env);
  io.write(`${escapeText(`signed in as ${session.principal.name}; kept in ${file}`)}\n`);
}

async function loginBrowser(io: Io, options: GlobalOptions): Promise<void> {
  const client = clientOf(io, options);
  const { code, expiresTime } = await client.post('/api/v1/sign-in-codes', {}) as {
    readonly code: string;
    readonly expiresTime: string;
  };
  const link = `${new URL(urlOf(io, options)).origin}/sign-in#code=${encodeURIComponent(code)}`;
  io.write(options.json === true
    ? `${jsonText({ link, expiresTime })}\n`
    : `${escapeText(link)}\nsigns in once, until ${escapeText(expiresTime)}\n`);
}

function sessionText({ principal, expiresTime }: SessionAnswer): string {
  const { name, kind, grants } = principal;
  const lines = [
    `${name} (${kind})`,
    ...grants.map(({ role, namespaces }) =>
      `  ${role} in ${namespaces === 'all' ? 'all namespaces' : namespaces.join(', ')}`),
    expiresTime === null ? 'never expires' : `until ${expiresTime}`,
  ];
  return lines.map((line) => `${escapeText(line)}\n`).join('');
}
