import type { Command } from 'commander';

import { roles } from '../access/principal.ts';
import type { TokenView } from '../api/contract/access.ts';
import { jsonText } from '../json-text.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';
import { choice, itemsOf } from './values.ts';

/** `lannerctl token`: for programs, and for people where no identity provider is configured. */
const PATH = '/api/v1/tokens';

const columns: readonly Column<TokenView>[] = [
  { title: 'id', cell: ({ id }) => id },
  { title: 'name', cell: ({ name }) => name },
  { title: 'state', cell: ({ state }) => state },
  { title: 'expires', cell: ({ expiresTime }) => expiresTime?.slice(0, 10) ?? 'never' },
  { title: 'last used', cell: ({ lastUsedTime }) => lastUsedTime?.slice(0, 16) ?? '-' },
  { title: 'made by', cell: ({ createdBy }) => createdBy },
  { title: 'may', cell: ({ grants }) => grants.map(({ role, namespaces }) =>
    `${role} in ${namespaces === 'all' ? 'all' : namespaces.join(',')}`).join('; ') },
];

type CreateOptions = GlobalOptions & {
  readonly name: string;
  readonly role: string;
  readonly namespace?: readonly string[];
  readonly expires?: string;
};

export function addTokenCommands(program: Command, io: Io): void {
  const token = program.command('token')
    .description('make, list and revoke access tokens')
    .addHelpText('after', `
Examples:
  lannerctl token create --name ann --role responder --namespace shop --namespace bank
  lannerctl token create --name prometheus --role viewer --expires never
  lannerctl token list
  lannerctl token revoke 3f2a90c1d4e5f607`);
  token.command('create')
    .description('make a token; it is shown this once')
    .requiredOption('--name <name>', 'the audit calls its holder token:<name>')
    .requiredOption('--role <role>', roles.join(', '), choice(roles))
    .option('--namespace <name>', 'where the role holds; again for more; all without it',
      (name: string, before: readonly string[] | undefined) => [...before ?? [], name])
    .option('--expires <days>', 'after this many days, or never (default 90)')
    .action(async (_, command: Command) => {
      const options: CreateOptions = command.optsWithGlobals();
      const { name, role, namespace } = options;
      const reply = await clientOf(io, options).post(PATH, {
        name,
        grants: [{ role, namespaces: namespace ?? 'all' }],
        ...expiry(options.expires),
      });
      const { text, token: made } = reply as { readonly text: string; readonly token: TokenView };
      if (options.json === true) {
        io.write(`${jsonText(reply)}\n`);
        return;
      }
      // The token alone on standard output, so that it can go into a file.
      io.writeError(`${escapeText(`${made.id} ${made.name}: expires ${
        made.expiresTime?.slice(0, 10) ?? 'never'}; shown this once:`)}\n`);
      io.write(`${escapeText(text)}\n`);
    });
  token.command('list')
    .description('tokens, newest first; never the secret')
    .action(async (_, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      const rows = itemsOf(await clientOf(io, options).get(PATH)) as readonly TokenView[];
      if (options.json === true) for (const row of rows) io.write(`${jsonText(row)}\n`);
      else io.write(formatTable(rows, columns, io.isTerminal ? io.columns : undefined));
    });
  token.command('revoke <id>')
    .description('end a token and its sessions, on all replicas within two seconds')
    .action(async (id: string, _, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      await clientOf(io, options).remove(`${PATH}/${encodeURIComponent(id)}`, {});
      io.write(`${escapeText(id)} is revoked\n`);
    });
}

function expiry(expires: string | undefined): { readonly expiresDays?: number | null } {
  if (expires === undefined) return {};
  if (expires === 'never') return { expiresDays: null };
  const days = /^(\d{1,4})d?$/.exec(expires)?.[1];
  if (days !== undefined) return { expiresDays: Number(days) };
  throw new CliFailure(exitCodes.usage, '--expires is a number of days, or never');
}
