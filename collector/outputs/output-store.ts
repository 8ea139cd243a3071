import type { IncidentWork } from '../incident/work.ts';
import type { Incident } from '../incident/incident.ts';
import type { Page } from '../page.ts';
import type { AuditEntry } from '../respond/response-store.ts';
import type { Change, Lease } from '../store/faces.ts';

/** What the outputs ask of the store: the stream of changes is their queue. */

/** Where one output is, and what it says of itself; any replica can show it. */
export type OutputPosition = {
  readonly name: string;
  /** Everything up to here was sent, or left out on purpose. */
  readonly position: number;
  readonly progress: OutputProgress;
};

export const outputStates = ['waiting', 'sending', 'backing-off'] as const;
export type OutputState = (typeof outputStates)[number];

export type OutputProgress = {
  readonly state: OutputState;
  readonly sent: number;
  readonly failed: number;
  readonly deadLettered: number;
  readonly passedOver: number;
  readonly lastError: string;
  readonly lastErrorAtMs: number;
  readonly lastSentAtMs: number;
  /** Left out and not yet told in a summary, by reason. */
  readonly untold: Readonly<Record<string, number>>;
  readonly untoldSinceMs: number;
};

export type SendableChange = Change & {
  /** When the store got it; 0 where nobody knows. */
  readonly storedAtMs: number;
  /** Of alerts: nobody has looked yet where it belongs and whether it is told at all. */
  readonly isCorrelated: boolean;
};

/** What an output last sent of one record. */
export type SentMark = {
  readonly recordId: string;
  readonly severity: number;
  readonly state: string;
  readonly atMs: number;
};

/** What a receiver refused for good; the record as it was. */
export type NewDeadLetter = {
  readonly uuid: string;
  readonly kind: string;
  readonly reason: string;
  readonly detail: string;
  readonly atMs: number;
  readonly notice: unknown;
};

export type DeadLetter = NewDeadLetter & {
  readonly number: number;
  readonly output: string;
  /** Somebody asked to send it once more. */
  readonly isQueued: boolean;
};

/** One step of an output, all or nothing, and only in the name of who has the lease. */
export type OutputStep = {
  readonly output: OutputPosition;
  readonly sent: readonly SentMark[];
  readonly dead: readonly NewDeadLetter[];
  /** Dead letters that were taken at last. */
  readonly replayed: readonly number[];
  readonly lease: Lease | undefined;
};

/** Which dead letters of an output. */
export type DeadLetterChoice = readonly number[] | 'all';

export type OutputStore = {
  readOutput(name: string): Promise<OutputPosition | undefined>;
  listOutputs(): Promise<readonly OutputPosition[]>;
  /** Gives back how many of the oldest dead letters had to go for it. */
  saveStep(step: OutputStep): Promise<number>;
  /** In order of position, as `changesAfter`, with what was decided about alerts. */
  changesToSend(position: number, limit: number): Promise<readonly SendableChange[]>;
  /** How many changes wait behind this position. */
  countChanges(position: number): Promise<number>;
  /** Incidents that are open, and that no person has closed. */
  openIncidentsWithWork(limit: number): Promise<readonly {
    readonly incident: Incident;
    readonly work: IncidentWork;
  }[]>;
  /** The position that has `keep` changes behind it. */
  positionBefore(keep: number): Promise<number>;
  sentMarks(output: string, recordIds: readonly string[]): Promise<ReadonlyMap<string, SentMark>>;
  /** Marks that are older or more than that. */
  forgetMarks(output: string, beforeMs: number, max: number): Promise<number>;
  deadLetters(output: string, page: Page): Promise<readonly DeadLetter[]>;
  countDeadLetters(): Promise<ReadonlyMap<string, number>>;
  queuedDeadLetters(output: string, limit: number): Promise<readonly DeadLetter[]>;
  /** To be sent again; gives back how many. */
  queueDeadLetters(output: string, which: DeadLetterChoice, audit: AuditEntry): Promise<number>;
  /** No longer to be sent: it failed again, with this detail. */
  refuseDeadLetter(number: number, detail: string, lease: Lease | undefined): Promise<void>;
  dropDeadLetters(output: string, which: DeadLetterChoice, audit: AuditEntry): Promise<number>;
};

/** Per output; beyond it the oldest go, and are counted. */
export const DEAD_LETTERS_MAX = 10_000;
