/** What lannerctl ends with; scripts rely on these. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  denied: 4,
  notFound: 5,
  refused: 6,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodesHelp = `
Exit codes:
  0  done
  1  the collector failed, or its answer could not be read
  2  the command line is wrong
  3  the collector cannot be reached
  4  the token is missing or not valid, or its role is not enough
  5  there is no such record
  6  refused: wrong state, protected namespace, no cluster, invalid request
`;

export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
