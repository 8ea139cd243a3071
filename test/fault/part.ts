/** One of the processes that are killed and started again. */
export type PartKind = 'agent' | 'collector' | 'compactor' | 'postgres';

export type Part = {
  readonly kind: PartKind;
  readonly name: string;
  /** It runs and may be killed. */
  readonly isUp: boolean;
  start(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
};

/** What went wrong beside the data. */
export type Complain = (problem: string) => void;
