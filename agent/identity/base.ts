import type { Container, Process } from '../../baseline/observation.ts';
import type { Fields } from './fields.ts';

/** Why an event is no observation; closed, because it is a metric's label. */
export type UnmappedReason = 'internal' | 'plugin' | 'no-type' | 'unknown-type' | 'no-path';

/** What every kind shares, as a mapper gets it. */
export type Base = {
  readonly timeNs: bigint;
  readonly node: string;
  readonly container: Container;
  readonly process: Process;
  readonly fields: Fields;
};
