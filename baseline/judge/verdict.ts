import type { Channel } from '../alert.ts';
import type { Behaviour } from '../behaviour/behaviour.ts';
import type { Observation } from '../observation.ts';
import type { EvidencePart } from './budget.ts';
import type { InnateRule } from './innate.ts';
import type { Mode } from './modes.ts';
import type { PodWatch } from './pod-watch.ts';
import type { Session } from './process-table.ts';

/** What the judge found, without words; `episode/` tells it. */
export type Verdict = {
  readonly channel: Channel;
  /** The behaviour in general terms. */
  readonly value: string;
  /** 0 to 100. */
  readonly score: number;
  readonly observation: Observation;
  readonly watch: PodWatch;
  readonly session: Session | null;
  /** How far the channel was learned: what is said about normality is said with that reserve. */
  readonly mode: Mode;
  readonly cause: Cause;
};

export type Cause =
  /** Never seen in a complete strong channel (or in the version before, after an upgrade). */
  | { readonly kind: 'novel'; readonly behaviour: Behaviour }
  /** A person said that it must not be. */
  | { readonly kind: 'rejected'; readonly behaviour: Behaviour }
  /** On the never-learn list. */
  | { readonly kind: 'innate'; readonly rule: InnateRule }
  /** One of Falco's own rules, for the first time at this image. */
  | { readonly kind: 'rule'; readonly behaviour: Behaviour }
  /** Far more often than any pod of this image. */
  | { readonly kind: 'rate'; readonly feature: string; readonly seen: number; readonly most: number }
  /** Weak evidence of several windows or channels beyond the alarm budget. */
  | { readonly kind: 'evidence'; readonly parts: readonly EvidencePart[] };
