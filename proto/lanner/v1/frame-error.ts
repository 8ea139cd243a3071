/** Why bytes are no frame, or a frame no bytes; a closed set: it can be a metric's label. */
export type FrameErrorCode =
  /** More bytes, fields or list members than `bounds.ts` allows. */
  | 'too-large'
  /** Not protobuf, or protobuf that ends in the middle. */
  | 'wire-format'
  /** None of the frames this version knows, or none at all. A newer peer may send such. */
  | 'unknown-frame'
  /** Two frames in one message: the oneof would silently keep the last. */
  | 'ambiguous-frame'
  /** A text that is not one of its closed set. */
  | 'unknown-value'
  /** A number outside its range, or not a number. */
  | 'bad-number'
  /** A message that must be there is not. */
  | 'missing';

export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly code: FrameErrorCode;

  /** `field` is one of our own names, never text of the peer. */
  constructor(code: FrameErrorCode, field: string, options?: ErrorOptions) {
    super(`link frame refused: ${code} in ${field}`, options);
    this.code = code;
  }
}
