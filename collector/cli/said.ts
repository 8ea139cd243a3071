import type { Command } from 'commander';

/** Whoever changes something says why; who it is, the collector knows by the credential. */
export type SaidOptions = { readonly why: string };

export const addSaid = (command: Command): Command =>
  command.requiredOption('--why <text>', 'the reason, for those who read the audit');

export const saidOf = ({ why }: SaidOptions): { readonly why: string } => ({ why });
