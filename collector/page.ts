/** Which part of a list is wanted; lists are newest first. */
export type Page = {
  /** Rows before this number (newest first); absent for the newest. */
  readonly before?: number;
  readonly limit: number;
};
