/** What stops a source from starting, as against what it survives; told to the operator. */
export type SourceErrorCode =
  | 'bad-address'
  | 'unreadable-certificate'
  | 'unreadable-recording'
  | 'listen-failed';

export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: SourceErrorCode;

  constructor(code: SourceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
