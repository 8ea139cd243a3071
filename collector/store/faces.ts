import type { Alert, AlertKind, Severity } from '../../baseline/alert.ts';
import type { GapFrame, HeartbeatFrame, HelloFrame } from '../../proto/lanner/v1/frames.ts';
import type { IncidentStore } from '../incident/incident-store.ts';
import type { Page } from '../page.ts';
import type { AuditStore, ResponseStore } from '../respond/response-store.ts';

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
};

export type BatchOutcome = {
  /** The batch was committed before: nothing was written, and it is acknowledged again. */
  readonly duplicate: boolean;
  /** Alerts that were new or of a higher revision. */
  readonly stored: readonly Alert[];
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
  saveHello(hello: HelloFrame, nowMs: number): Promise<void>;
  saveHeartbeat(agent: AgentName, heartbeat: HeartbeatFrame, nowMs: number): Promise<void>;
  /** False when the same gap is stored already. */
  saveGap(agent: AgentName, gap: GapFrame, nowMs: number): Promise<boolean>;
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
  writeProfile(profile: StoredProfile): Promise<void>;
  countProfiles(): Promise<number>;
  listProfiles(
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly StoredProfile[]>;
};

export const changeKinds = ['alert', 'incident', 'response', 'gap'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** One row of the live stream: the newest form of a record, at its place in the stream. */
export type Change = {
  readonly position: number;
  readonly kind: ChangeKind;
  readonly document: unknown;
};

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
  & {
    counts(): Promise<StoreCounts>;
    /** Deletes what is older or more than the limits allow; gives back how many rows went. */
    retain(limits: RetentionLimits, nowMs: number): Promise<number>;
    /** Rejects when the store cannot answer. */
    ping(): Promise<void>;
    close(): Promise<void>;
  };

/** An operating failure of the store: disk full, file locked, file damaged. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
  readonly code: 'store-in-use' | 'store-write' | 'store-open' | 'store-closed';

  constructor(code: StoreFailure['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
