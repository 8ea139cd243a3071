import { readFileSync } from 'node:fs';

/** What failed because of a setting says which one; the operating system's code stays. */
export function namedError(key: string, error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  const named = new Error(`${key}: ${why}`, { cause: error });
  return error instanceof Error && 'code' in error
    ? Object.assign(named, { code: error.code })
    : named;
}

/** The content of a file that a setting names. */
export function readNamed(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw namedError(key, error);
  }
}
