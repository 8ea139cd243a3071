import { readFileSync } from 'node:fs';

import type { Clock } from '../clock.ts';
import type { SecretPlace } from './output-config.ts';

/**
 * Reads secrets where they lie, again every `AGAIN_MS`, so that a rotated one is used without a
 * restart. Remembers what it read, so that no error that goes to a log or an answer shows it.
 */
const AGAIN_MS = 10_000;
const SECRET_BYTES_MAX = 65_536;
/** Below this a "secret" would blank out ordinary words. */
const REDACTED_LENGTH_MIN = 4;

export class SecretMissing extends Error {
  override readonly name = 'SecretMissing';
  readonly code = 'secret-missing';
}

export type SecretSourceOptions = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
};

export class SecretSource {
  readonly #options: SecretSourceOptions;
  readonly #read = new Map<string, { readonly text: string; readonly atMs: number }>();

  constructor(options: SecretSourceOptions) {
    this.#options = options;
  }

  text(place: SecretPlace): string {
    if (place.file === undefined) return this.#remember(this.#fromEnvironment(place.env ?? ''));
    const { clock } = this.#options;
    const known = this.#read.get(place.file);
    const nowMs = clock.now();
    if (known !== undefined && Math.abs(nowMs - known.atMs) < AGAIN_MS) return known.text;
    const text = fileText(place.file);
    this.#read.set(place.file, { text, atMs: nowMs });
    return this.#remember(text);
  }

  /** What was read before is blanked out, too: the other side may repeat an old one. */
  redact(text: string): string {
    let clean = text;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, '[redacted]');
    return clean;
  }

  readonly #secrets = new Set<string>();

  #remember(text: string): string {
    if (text.length >= REDACTED_LENGTH_MIN) {
      this.#secrets.add(text);
      this.#secrets.add(Buffer.from(text).toString('base64'));
    }
    return text;
  }

  #fromEnvironment(name: string): string {
    const text = this.#options.env[name];
    if (text === undefined || text === '') {
      throw new SecretMissing(`the environment variable ${name} is not set`);
    }
    return text.trim();
  }
}

function fileText(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').slice(0, SECRET_BYTES_MAX).trim();
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new SecretMissing(`the file ${path} cannot be read: ${why}`, { cause: error });
  }
  if (text === '') throw new SecretMissing(`the file ${path} is empty`);
  return text;
}
