import type { Alert, AlertKind, Severity } from '../../baseline/alert.ts';
import type { Decision } from '../../baseline/profile/decisions.ts';
import type {
  CommandFrame,
  CommandResultFrame,
  FlowChunk,
  GapRecord,
  HeartbeatFrame,
} from '../../proto/lanner/v1/frames.ts';
import type { AccessStore } from '../access/access-store.ts';
import type { AddressStore } from '../kube/address-keeper.ts';
import type { DeskStore } from './desk-face.ts';
import type { ImageStore } from './image-face.ts';
import type { IncidentWork } from '../incident/work.ts';
import type { FlowStore } from '../flows/flow-store.ts';
import type { FatigueStore } from '../fatigue/fatigue-store.ts';
import type { Handling } from '../incident/handling.ts';
import type { IncidentStore } from '../incident/incident-store.ts';
import type { Incident } from '../incident/incident.ts';
import type { OutputStore } from '../outputs/output-store.ts';
import type { Page } from '../page.ts';
import type {
  AuditEntry,
  AuditStore,
  EvidenceFileStore,
  ResponseStore,
  SettingStore,
} from '../respond/response-store.ts';
import type { Response } from '../respond/response.ts';

export type { AuditEntry, Decision };

/**
 * What the rooms ask of the store, one narrow face per need; `incident` and `respond`, which come
 * before the store, say themselves what they need. The embedded store implements all of them; a
 * store of several collectors implements the same faces.
 */

export type AgentName = { readonly cluster: string; readonly node: string };

export type Batch = AgentName & {
  readonly epoch: string;
  readonly sequence: number;
  readonly alerts: readonly Alert[];
  /** Written in the same transaction; unique per agent, from, to and cause. */
  readonly gaps: readonly GapRecord[];
  readonly flows?: FlowChunk;
};

export type BatchOutcome = {
  /** The batch was committed before: nothing was written, and it is acknowledged again. */
  readonly duplicate: boolean;
  /** Alerts that were new or of a higher revision. */
  readonly stored: readonly Alert[];
  /** Gaps that were new. */
  readonly gaps: readonly GapRecord[];
};

export type BatchStore = {
  /**
   * All or nothing, and of one agent in order: the next call for an agent comes after this one
   * resolved, or a batch that failed would be passed over by the one behind it. Resolves after the
   * commit; rejects with `StoreFailure` when nothing of it was written.
   */
  commitBatches(batches: readonly Batch[]): Promise<readonly BatchOutcome[]>;
  /** Highest committed sequence of this epoch, 0 when there is none. */
  committedSequence(agent: AgentName, epoch: string): Promise<number>;
};

export type AgentRecord = AgentName & {
  readonly epoch: string;
  readonly protocol: number;
  readonly agentVersion: string;
  readonly falcoVersion: string;
  readonly capabilities: readonly string[];
  readonly addresses?: readonly string[];
  readonly connectedAtMs: number;
  readonly lastSeenMs: number;
  readonly heartbeat: HeartbeatFrame | null;
};

export type GapRow = AgentName & {
  readonly number: number;
  readonly from: string;
  readonly to: string;
  readonly cause: string;
  readonly eventsEstimate: number;
  readonly receivedAtMs: number;
};

export type AgentStore = {
  /** What each of them last said of itself; over what is older, and a heartbeat over none. */
  saveAgents(records: readonly AgentRecord[]): Promise<void>;
  listAgents(): Promise<readonly AgentRecord[]>;
  listGaps(page: Page & { readonly node?: string }): Promise<readonly GapRow[]>;
};

export type AlertFilter = {
  readonly severityMin?: Severity;
  readonly namespace?: string;
  readonly image?: string;
  readonly kind?: AlertKind;
  readonly technique?: string;
  readonly node?: string;
  readonly incidentId?: string;
};

export type AlertRow = {
  /** Order of arrival; never changes with later revisions, so paging neither skips nor doubles. */
  readonly number: number;
  readonly incidentId: string;
  readonly receivedAtMs: number;
  readonly alert: Alert;
  /** `none` until it was correlated. */
  readonly handling: Handling;
};

export type AlertStore = {
  listAlerts(filter: AlertFilter, page: Page): Promise<readonly AlertRow[]>;
  readAlert(id: string): Promise<AlertRow | undefined>;
};

export type StoredProfile = {
  readonly key: string;
  readonly revision: number;
  /** Gzipped JSON, ready to be pushed. */
  readonly document: Uint8Array;
  readonly updatedAtMs: number;
};

export type ProfileStore = {
  readProfile(key: string): Promise<StoredProfile | undefined>;
  /**
   * Only over a lower revision. False when another replica was faster: read again, merge again.
   */
  writeProfile(profile: StoredProfile): Promise<boolean>;
  /** Of those of the keys that are stored: cheap, no document is read. */
  profileRevisions(keys: readonly string[]): Promise<ReadonlyMap<string, number>>;
  countProfiles(): Promise<number>;
  listProfiles(
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly StoredProfile[]>;
};

/** What people decided about profiles; the whole list is pushed to every agent. */
export type DecisionStore = {
  /** Oldest first, undone ones among them. */
  listDecisions(): Promise<readonly Decision[]>;
  /** New, or over the one of that id (an undo). At the bound the oldest undone ones go. */
  putDecision(decision: Decision, audit: AuditEntry): Promise<void>;
  /** Grows with every `putDecision` of any replica; `onChange` is called after each. */
  decisionsRevision(): Promise<number>;
};

/**
 * Who does what only one replica may do. Time is the database's, so that clocks of replicas do not
 * matter. A holder that was paused longer than `ttlMs` is no longer the holder and does not know:
 * what it then writes must be refused, by a revision or by the lease (`Correlation.lease`).
 */
export type Leases = {
  /** True when `holder` has it until `ttlMs` from now; the same call renews it. */
  acquire(name: string, holder: string, ttlMs: number): Promise<boolean>;
  release(name: string, holder: string): Promise<void>;
};

/** One tenure: a holder that had the lease before has another name. */
export type Lease = { readonly name: string; readonly holder: string };

export type QueuedOutcome =
  | { readonly ok: true; readonly result: CommandResultFrame }
  | { readonly ok: false; readonly reason: 'no-link' | 'deadline' | 'link-closed' | 'busy' };

export type QueuedCommand = {
  /** Of this attempt; the frame's own id stays the same when it is sent again. */
  readonly id: string;
  readonly agent: AgentName;
  readonly frame: CommandFrame;
  readonly remainingMs: number;
};

export type CommandQueue = {
  put(command: QueuedCommand): Promise<void>;
  /** Which agents have something waiting; each replica knows which of them are its own. */
  waiting(): Promise<readonly { readonly id: string; readonly agent: AgentName }[]>;
  /** Undefined when another replica has it, it was withdrawn, or its time is over. */
  claim(id: string): Promise<QueuedCommand | undefined>;
  finish(id: string, outcome: QueuedOutcome): Promise<void>;
  /** The outcome, when there is one; a row that was read is gone. */
  take(id: string): Promise<QueuedOutcome | undefined>;
  /** True when nobody had claimed it, and now nobody will. */
  withdraw(id: string): Promise<boolean>;
  /** Called when something may have happened to a command. */
  onCommands(listener: () => void): () => void;
};

export const changeKinds = ['alert', 'incident', 'response', 'gap'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** What the live stream shows of a gap. */
export type GapDocument = AgentName & GapRecord;

/** One row of the live stream: the newest form of a record, at its place in the stream. */
export type Change = { readonly position: number } & (
  | { readonly kind: 'alert'; readonly document: Alert; readonly row: AlertRow }
  | { readonly kind: 'incident'; readonly document: Incident; readonly work: IncidentWork }
  | { readonly kind: 'response'; readonly document: Response }
  | { readonly kind: 'gap'; readonly document: GapDocument }
);

export type ChangeStore = {
  /** In order of position. A record that changed again has moved on to its newest position. */
  changesAfter(position: number, limit: number): Promise<readonly Change[]>;
  /** The highest position ever given out; a reader beyond it has read from another store. */
  newestChange(): Promise<number>;
  /** Called after each commit that made changes. The returned function ends it. */
  onChange(listener: () => void): () => void;
};

export type StoreCounts = {
  readonly alerts: number;
  readonly incidents: number;
  readonly responses: number;
  readonly profiles: number;
  readonly gaps: number;
  readonly agents: number;
};

export type RetentionLimits = {
  readonly ageMs: number;
  readonly alertsMax: number;
  /** Of which images ran where; absent keeps them. */
  readonly images?: { readonly ageMs: number; readonly rowsMax: number };
};

export type Store =
  & BatchStore
  & AgentStore
  & AlertStore
  & IncidentStore
  & ResponseStore
  & ProfileStore
  & AuditStore
  & ChangeStore
  & DecisionStore
  & DeskStore
  & FlowStore
  & ImageStore
  & SettingStore
  & EvidenceFileStore
  & AccessStore
  & AddressStore
  & FatigueStore
  & Leases
  & OutputStore
  & {
    /** Undefined where one process has all links. */
    readonly commands: CommandQueue | undefined;
    counts(): Promise<StoreCounts>;
    /** Deletes what is older or more than the limits allow; gives back how many rows went. */
    retain(limits: RetentionLimits, nowMs: number): Promise<number>;
    /** Rejects when the store cannot answer. */
    ping(): Promise<void>;
    close(): Promise<void>;
  };

/** An operating failure of the store: disk full, file locked, file damaged, server away. */
export type StoreFailureCode =
  | 'store-in-use'
  | 'store-write'
  | 'store-open'
  | 'store-closed'
  | 'store-full'
  | 'too-large'
  /** Another replica does this now. */
  | 'lease-lost';

export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
  readonly code: StoreFailureCode;

  constructor(code: StoreFailure['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
