import { readFileSync } from 'node:fs';

import { Client } from './client.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import type { LineOptions } from './format-alert.ts';

/** The outside of lannerctl, so that tests can stand there. */
export type Io = {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
  readonly columns: number | undefined;
  /** Ends `--follow`. */
  readonly signal: AbortSignal;
};

export type GlobalOptions = {
  readonly url?: string;
  readonly json?: boolean;
  readonly lang?: string;
};

export function clientOf(io: Io, options: GlobalOptions): Client {
  const url = options.url ?? io.env['LANNER_URL'] ?? 'http://127.0.0.1:8470';
  return new Client({ url, token: tokenOf(io) });
}

function tokenOf(io: Io): string | undefined {
  const token = io.env['LANNER_TOKEN'];
  const file = io.env['LANNER_TOKEN_FILE'];
  if (token !== undefined && token !== '') return token;
  if (file === undefined || file === '') return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CliFailure(exitCodes.usage, `LANNER_TOKEN_FILE ${file} cannot be read`, {
      cause: error,
    });
  }
}

/** NO_COLOR is honoured whatever its value (no-color.org), as long as it has one. */
const hasColour = (io: Io): boolean =>
  io.isTerminal && !io.env['NO_COLOR'] && io.env['TERM'] !== 'dumb';

export function lineOptions(io: Io, options: GlobalOptions): LineOptions {
  return {
    colour: hasColour(io),
    language: options.lang === 'zh' ? 'zh' : 'en',
    ...(io.isTerminal ? { width: io.columns ?? 100, wrap: true } : {}),
  };
}
