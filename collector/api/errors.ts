/** An answer that is not what was asked for: its status and a code for programs. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly statusCode: number;
  readonly code: string;

  constructor(statusCode: number, code: string, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
  }
}

export function notFound(what: string): never {
  throw new ApiError(404, 'not-found', `there is no such ${what}`);
}
