import type { Channel, Words } from '../alert.ts';
import type { Cause } from '../judge/verdict.ts';
import type { Observation } from '../observation.ts';

/** A verdict in words, or a record that only informs. */
export type Finding = {
  readonly kind: Cause['kind'] | 'session' | 'upgrade';
  readonly channel: Channel;
  readonly value: string;
  /** 0 to 100. */
  readonly score: number;
  readonly techniques: readonly string[];
  readonly reason: Words;
  readonly observation: Observation;
};
