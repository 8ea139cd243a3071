import type { ProfileState } from '../baseline/alert.ts';
import type { GapCause } from '../proto/lanner/v1/frames.ts';
import type { FlowCounts } from './flows/ledger.ts';
import type { AdoptOutcome } from './exchange.ts';
import type { CriOutcome } from './identity/cri.ts';
import type { ImageCounts } from './images/image-report.ts';
import type { DroppedReason } from './identity/identity.ts';
import type { LinkCounts } from './link/options.ts';
import type { OutboxCounts } from './outbox/outbox.ts';
import type { CacheCounts } from './profiles/profile-cache.ts';
import type { RaisingCounts } from './raising.ts';
import type { ShedClass } from './shedding.ts';
import type { MalformedReason, SourceState } from './source/event.ts';

export type EventDropReason = DroppedReason | 'overload';

/** What the agent counts. Events: received = judged + waiting + the sum of dropped. */
export type AgentStats = {
  readonly events: {
    readonly received: number;
    readonly judged: number;
    /** Part of `judged`: known as they stood, so that they were only counted. */
    readonly repeated: number;
    readonly waiting: number;
    readonly dropped: Readonly<Record<EventDropReason, number>>;
    /** What `dropped.overload` is made of. */
    readonly shed: Readonly<Record<ShedClass, number>>;
    /** Part of `judged`: under an empty image, because nobody named it in time. */
    readonly unnamed: number;
    readonly malformed: Readonly<Record<MalformedReason, number>>;
    readonly late: number;
    readonly clockJumps: number;
    /** Part of `judged`: old when they came, although nothing waited for the agent. */
    readonly stale: number;
    /** Age of the newest event; 0 for a replay. */
    readonly lagSeconds: number;
  };
  readonly containers: {
    readonly known: number;
    readonly running: number;
    readonly evicted: number;
  };
  readonly flows: FlowCounts;
  readonly images: Readonly<Record<ProfileState, number>>;
  readonly alerts: RaisingCounts;
  readonly gaps: Readonly<Record<GapCause, number>>;
  readonly source: SourceState;
  /** Values of fields that were longer than is kept. */
  readonly valuesCut: number;
  readonly isSensorAlarmed: boolean;
  readonly outbox: OutboxCounts;
  readonly link: LinkCounts;
  readonly adoptions: Readonly<Record<AdoptOutcome, number>>;
  readonly restored: Readonly<Record<AdoptOutcome, number>>;
  readonly decisions: Readonly<Record<AdoptOutcome, number>>;
  readonly cache: CacheCounts;
  readonly evidenceDropped: number;
  readonly cri: Readonly<Record<CriOutcome, number>>;
  /** What is told of where images run and what they are made of. */
  readonly imageReports: ImageCounts;
};

export const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
