import type { Command } from 'commander';

import type { Io } from './io.ts';

/** Whoever changes something says why, and the audit keeps who said it. */
export type SaidOptions = { readonly why: string; readonly by?: string };

export const addSaid = (command: Command): Command =>
  command
    .requiredOption('--why <text>', 'the reason, for those who read the audit')
    .option('--by <name>', 'who decides (LANNER_USER, else USER)');

export function saidOf(io: Io, { why, by }: SaidOptions): { why: string; by?: string } {
  const name = by ?? io.env['LANNER_USER'] ?? io.env['USER'] ?? '';
  return name.trim() === '' ? { why } : { why, by: name };
}
