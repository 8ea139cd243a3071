import type { RefusalReason } from '../access/refusals.ts';

/** An answer that is not what was asked for: its status and a code for programs. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError';
  readonly statusCode: number;
  readonly code: string;
  /** Beside code and message, for programs. */
  readonly details: Readonly<Record<string, unknown>> = {};

  constructor(statusCode: number, code: string, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
  }
}

export function notFound(what: string): never {
  throw new ApiError(404, 'not-found', `there is no such ${what}`);
}

/** Not an error of the request but of who sent it: counted, audited, told in the log. */
export class Refused extends ApiError {
  override readonly name: string = 'Refused';
  readonly reason: RefusalReason;

  constructor(statusCode: number, reason: RefusalReason, message: string) {
    super(statusCode, reason, message);
    this.reason = reason;
  }
}

/** A right that is missing. */
export class Forbidden extends Refused {
  override readonly name = 'Forbidden';

  constructor(reason: 'role' | 'namespace' | 'same-person' | 'credential-kind', message: string) {
    super(403, reason, message);
  }
}

/** Exists, but not for this principal: the answer is that of `notFound`, word for word. */
export class Hidden extends Refused {
  override readonly name = 'Hidden';
  override readonly code = 'not-found';

  constructor(what: string) {
    super(404, 'hidden', `there is no such ${what}`);
  }
}
