import type { Page } from '../page.ts';
import type { Response, ResponseState } from './response.ts';

/** What this room asks of the store: responses, settings, evidence, and the audit of every step. */
export type AuditEntry = {
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
};

export type AuditRow = AuditEntry & {
  readonly number: number;
  readonly previousHash: string;
  /** Over the record and `previousHash`. */
  readonly hash: string;
};

export type AuditVerdict =
  | { readonly ok: true; readonly rows: number }
  | { readonly ok: false; readonly at: number; readonly problem: string };

/** All that are there must hold. */
export type AuditFilter = {
  /** Part of who did it, or of what it was done on; without regard to case. */
  readonly actor?: string;
  readonly subject?: string;
  /** `response.approve`, or a whole family: `response`. */
  readonly action?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
};

export type AuditStore = {
  appendAudit(entry: AuditEntry): Promise<void>;
  listAudit(page: Page): Promise<readonly AuditRow[]>;
  /** Looks at a bounded number of rows; `next` says where to go on. Undefined is the end. */
  findAudit(filter: AuditFilter, page: Page):
    Promise<{ readonly rows: readonly AuditRow[]; readonly next?: number }>;
  /** Reads the whole chain: any edit, gap or change of order is found, truncation is not. */
  verifyAudit(): Promise<AuditVerdict>;
};

export type ResponseRow = { readonly number: number; readonly response: Response };

/** Each part that is given narrows it; all of the cluster when none is. */
export type ResponseScope = {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly workload?: string;
  readonly node?: string;
};

export type ResponseStore = {
  /**
   * With the audit record of each step that brought it here. False when a response of that id
   * exists: proposing twice is one proposal.
   */
  insertResponse(response: Response, ...audit: readonly AuditEntry[]): Promise<boolean>;
  /**
   * Writes the response and its audit record together, only over revision `response.revision - 1`.
   * False when somebody else was faster.
   */
  updateResponse(response: Response, audit: AuditEntry): Promise<boolean>;
  readResponse(id: string): Promise<Response | undefined>;
  responsesInState(state: ResponseState, limit: number): Promise<readonly Response[]>;
  /** Of this pod: those that wait, run, or are in effect. */
  liveResponses(podUid: string): Promise<readonly Response[]>;
  /** Actions begun in the scope since then, reversals not among them: what limits count. */
  countExecuted(scope: ResponseScope, sinceMs: number): Promise<number>;
  /** The same actions themselves, newest first. */
  executedSince(
    scope: ResponseScope,
    sinceMs: number,
    limit: number,
  ): Promise<readonly Response[]>;
  /** In effect, with a `reverseAtMs` that has passed. */
  reversalsDue(nowMs: number, limit: number): Promise<readonly Response[]>;
  listResponses(
    filter: {
      readonly state?: ResponseState;
      readonly incidentId?: string;
      /** Only pods in these; absent for all. */
      readonly namespaces?: readonly string[];
    },
    page: Page,
  ): Promise<readonly ResponseRow[]>;
};

export type Setting = { readonly value: unknown; readonly revision: number };

export type SettingStore = {
  readSetting(name: string): Promise<Setting | undefined>;
  /** Only over that revision (0 when there is none yet), with its audit record. */
  writeSetting(
    name: string,
    value: unknown,
    expectedRevision: number,
    audit: AuditEntry,
  ): Promise<boolean>;
};

export type EvidenceFile = {
  readonly responseId: string;
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly takenAtMs: number;
};

export type EvidenceFileStore = {
  /** Putting the same name again replaces it: evidence is taken again after a crash. */
  putEvidence(file: EvidenceFile): Promise<void>;
  listEvidence(
    responseId: string,
  ): Promise<readonly (Omit<EvidenceFile, 'bytes'> & { readonly size: number })[]>;
  readEvidence(responseId: string, name: string): Promise<EvidenceFile | undefined>;
};
