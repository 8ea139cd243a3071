import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { isLoopback } from '../../config/address.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';

/**
 * Where lannerctl finds its token: the environment, a file that is named, what `lannerctl login`
 * kept for this collector, and on the collector's own machine the file beside its data. Never the
 * command line, which everybody on the machine can read. A kept token is sent to the collector it
 * was kept for and to no other; the local one only to loopback.
 */
export type CredentialPlaces = {
  readonly url: string;
  readonly tokenFile: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** As the collector's own settings name it. */
const DATA_DIR_VARIABLE = 'LANNER_COLLECTOR_DATA_DIR';
const DATA_DIR_DEFAULT = 'lanner-data';

export function findToken({ url, tokenFile, env }: CredentialPlaces): string | undefined {
  if (tokenFile !== undefined) return readNamed('--token-file', tokenFile);
  const { LANNER_TOKEN: token = '', LANNER_TOKEN_FILE: file = '' } = env;
  if (token !== '') return token;
  if (file !== '') return readNamed('LANNER_TOKEN_FILE', file);
  const kept = readKept(env)[originOf(url)];
  if (kept !== undefined) return kept;
  if (!isLoopback(URL.parse(url)?.hostname ?? '')) return undefined;
  return readText(join(env[DATA_DIR_VARIABLE] ?? DATA_DIR_DEFAULT, 'api-token'))?.trim();
}

export function keepToken(url: string, token: string, env: CredentialPlaces['env']): string {
  return writeKept({ ...readKept(env), [originOf(url)]: token }, env);
}

/** False when there was none. */
export function forgetToken(url: string, env: CredentialPlaces['env']): boolean {
  const kept = readKept(env);
  if (kept[originOf(url)] === undefined) return false;
  writeKept(Object.fromEntries(Object.entries(kept).filter(([origin]) =>
    origin !== originOf(url))), env);
  return true;
}

const originOf = (url: string): string => URL.parse(url)?.origin ?? url;

type Kept = Readonly<Record<string, string>>;

function fileOf(env: CredentialPlaces['env']): string | undefined {
  const { XDG_CONFIG_HOME: config = '', HOME: home = '' } = env;
  const folder = config !== '' ? config : home !== '' ? join(home, '.config') : undefined;
  return folder === undefined ? undefined : join(folder, 'lanner', 'tokens.json');
}

function readKept(env: CredentialPlaces['env']): Kept {
  const file = fileOf(env);
  const text = file === undefined ? undefined : readText(file);
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    return Object.fromEntries(entries.filter((entry): entry is [string, string] =>
      typeof entry[1] === 'string'));
  } catch (error) {
    throw new CliFailure(exitCodes.usage, `${file ?? ''} is not what lannerctl login wrote`, {
      cause: error,
    });
  }
}

function writeKept(kept: Kept, env: CredentialPlaces['env']): string {
  const file = fileOf(env);
  if (file === undefined) {
    throw new CliFailure(exitCodes.usage, 'there is no place to keep a token: HOME is not set');
  }
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new CliFailure(exitCodes.failed, `${file} cannot be written`, { cause: error });
  }
  return file;
}

function readNamed(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CliFailure(exitCodes.usage, `${name} ${file} cannot be read`, { cause: error });
  }
}

/** Undefined when it is not there, or not for us: then somebody else's credential is needed. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
