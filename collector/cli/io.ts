import { Client } from './client.ts';
import { findToken } from './credentials.ts';
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
  /** Asks without showing what is typed, or reads standard input; absent where nobody can. */
  readonly readSecret?: (prompt: string) => Promise<string>;
};

export type GlobalOptions = {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
  readonly lang?: string;
};

const DEFAULT_URL = 'http://127.0.0.1:8470';

export const urlOf = (io: Io, options: GlobalOptions): string =>
  options.url ?? io.env['LANNER_URL'] ?? DEFAULT_URL;

export function clientOf(io: Io, options: GlobalOptions): Client {
  const url = urlOf(io, options);
  const token = findToken({ url, tokenFile: options.tokenFile, env: io.env });
  return new Client({ url, token });
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
