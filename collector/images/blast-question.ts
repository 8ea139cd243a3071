import type { Scope } from '../incident/visibility.ts';
import type { Subject } from './wanted-images.ts';

export type BlastQuestion = {
  readonly subject: Subject;
  readonly days: number;
  readonly scope: Scope;
  readonly cluster?: string;
  readonly limit: number;
  /** How many days are kept. */
  readonly daysKept: number;
};
