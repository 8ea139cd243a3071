import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { CliFailure, exitCodes } from './exit-codes.ts';

/** A certificate and its key, side by side: `node-1.pem` and `node-1.key`. */
export type Pair = { readonly certificate: string; readonly key: string };

export const pairAt = (stem: string): Pair => ({
  certificate: `${stem}.pem`,
  key: `${stem}.key`,
});

/** Before anything is made: half of the certificates of one command would be hard to undo. */
export function refuseToOverwrite(pairs: readonly Pair[], isForced: boolean): void {
  if (isForced) return;
  const taken = pairs.flatMap(({ certificate, key }) => [certificate, key]).filter(existsSync);
  if (taken.length === 0) return;
  throw new CliFailure(
    exitCodes.refused,
    `${taken.join(', ')} is there already; --force makes it anew, and what was made before ` +
      'is gone',
  );
}

export function readPair({ certificate, key }: Pair): Pair {
  try {
    return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliFailure(
      exitCodes.usage,
      `the authority cannot be read: ${reason} (make one with: lannerctl pki init)`,
      { cause: error },
    );
  }
}

/** The key first: a certificate without its key is found by whoever reads both, and retried. */
export function writePair(paths: Pair, contents: Pair): void {
  try {
    mkdirSync(dirname(paths.key), { recursive: true, mode: 0o700 });
    writeWhole(paths.key, contents.key, 0o600);
    writeWhole(paths.certificate, contents.certificate, 0o644);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliFailure(exitCodes.failed, `cannot write: ${reason}`, { cause: error });
  }
}

/** A reader finds the old file or the new one, never a part; the mode holds from the start. */
function writeWhole(path: string, text: string, mode: number): void {
  const part = `${path}.part`;
  rmSync(part, { force: true });
  writeFileSync(part, text, { mode, flag: 'wx', flush: true });
  renameSync(part, path);
}
