/** Why the outbox could not do what it was asked; the alert stays with the caller. */
export type OutboxFailureCode =
  /** Another agent on this node has it open, e.g. during a rolling update. */
  | 'outbox-locked'
  /** Disk full, read-only, or broken. */
  | 'outbox-io'
  /** Its content is broken; `Outbox` sets the file aside by itself, once. */
  | 'outbox-corrupt';

type FailureOptions = { readonly cause: unknown; readonly path?: string };

export class OutboxFailure extends Error {
  override readonly name = 'OutboxFailure';
  readonly code: OutboxFailureCode;

  constructor(code: OutboxFailureCode, { cause, path = '' }: FailureOptions) {
    const where = path === '' ? '' : ` ${path}`;
    super(`the outbox${where} failed (${code}): ${reasonOf(code, cause)}`, { cause });
    this.code = code;
  }
}

function reasonOf(code: OutboxFailureCode, cause: unknown): string {
  if (code === 'outbox-locked') return 'another agent has its file open';
  return cause instanceof Error ? cause.message : String(cause);
}

/** SQLite's primary result codes; the extended code holds them in its low byte. */
const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
/** A file that is cut off in the middle of a page. */
const SHORT_READ = 522;
/** Constraint, mismatch and schema errors on our own statements: somebody else's tables. */
const ERROR = 1;
const CONSTRAINT = 19;
const MISMATCH = 20;

/** An `OutboxFailure` for what SQLite says, or null for an error that is none of SQLite's. */
export function failureOf(error: unknown): OutboxFailure | null {
  if (error instanceof OutboxFailure) return error;
  if (!(error instanceof Error)) return null;
  // Node's own file system errors: no folder, no right, no space.
  if ('syscall' in error) return new OutboxFailure('outbox-io', { cause: error });
  if (!('errcode' in error)) return null;
  const code = Number(error.errcode);
  const primary = code === SHORT_READ ? CORRUPT : code & 0xff;
  switch (primary) {
    case BUSY:
    case LOCKED:
      return new OutboxFailure('outbox-locked', { cause: error });
    case CORRUPT:
    case NOT_A_DATABASE:
    case ERROR:
    case CONSTRAINT:
    case MISMATCH:
      return new OutboxFailure('outbox-corrupt', { cause: error });
    default:
      return new OutboxFailure('outbox-io', { cause: error });
  }
}
