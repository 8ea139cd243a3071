import type { Page } from '../page.ts';
import type { Response, ResponseState } from './response.ts';

/** What this room asks of the store: responses, and the audit of every step. */
export type AuditEntry = {
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
};

export type AuditRow = AuditEntry & { readonly number: number };

export type AuditStore = {
  appendAudit(entry: AuditEntry): Promise<void>;
  listAudit(page: Page): Promise<readonly AuditRow[]>;
};

export type ResponseRow = { readonly number: number; readonly response: Response };

export type ResponseStore = {
  /** False when a response of that id exists: proposing twice is one proposal. */
  insertResponse(response: Response, audit: AuditEntry): Promise<boolean>;
  /**
   * Writes the response and its audit record together, only over revision `response.revision - 1`.
   * False when somebody else was faster.
   */
  updateResponse(response: Response, audit: AuditEntry): Promise<boolean>;
  readResponse(id: string): Promise<Response | undefined>;
  responsesInState(state: ResponseState, limit: number): Promise<readonly Response[]>;
  /** Of this pod: those that wait, run, or are in effect. */
  liveResponses(podUid: string): Promise<readonly Response[]>;
  /** Actions begun in the namespace since then, releases not among them: the budget's count. */
  countExecuted(namespace: string, sinceMs: number): Promise<number>;
  listResponses(
    filter: { readonly state?: ResponseState; readonly incidentId?: string },
    page: Page,
  ): Promise<readonly ResponseRow[]>;
};
