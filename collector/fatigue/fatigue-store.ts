import type { Alert, ProfileState } from '../../baseline/alert.ts';
import type { CoolDown, HandlingKind } from '../incident/handling.ts';
import type { Page } from '../page.ts';
import type { AuditEntry } from '../respond/response-store.ts';
import type { MaintenanceWindow } from './maintenance.ts';
import type { SuppressionRule } from './suppression.ts';

/** What this room asks of the store. */
export type RuleRow = {
  readonly number: number;
  readonly rule: SuppressionRule;
  /** Alerts that it suppressed. */
  readonly hits: number;
  /** 0 for never. */
  readonly lastHitAtMs: number;
};

export type Put =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'full' | 'exists' | 'not-found' | 'ended' };

export type FatigueRulesStore = {
  /** Grows with every change of rules and windows, by whichever replica. */
  fatigueRevision(): Promise<number>;
  /** Newest first; ended ones too when asked for. */
  listSuppressions(query: {
    readonly withEnded: boolean;
    readonly limit: number;
    readonly before?: number;
  }): Promise<readonly RuleRow[]>;
  readSuppression(id: string): Promise<RuleRow | undefined>;
  /** Refused when `max` are in force. */
  addSuppression(rule: SuppressionRule, max: number, audit: AuditEntry): Promise<Put>;
  /** Refused when it has ended already. */
  endSuppression(rule: SuppressionRule, audit: AuditEntry): Promise<Put>;
  listWindows(query: {
    /** Those that ended at this time or later. */
    readonly endedSinceMs: number;
    readonly limit: number;
  }): Promise<readonly MaintenanceWindow[]>;
  readWindow(id: string): Promise<MaintenanceWindow | undefined>;
  addWindow(window: MaintenanceWindow, max: number, audit: AuditEntry): Promise<Put>;
  endWindow(window: MaintenanceWindow, audit: AuditEntry): Promise<Put>;
};

export type CoolDownStore = {
  coolDownsOf(keys: readonly string[]): Promise<readonly CoolDown[]>;
  /** Those quiet since then, and the longest quiet beyond `max`; gives back how many went. */
  forgetCoolDowns(beforeMs: number, max: number): Promise<number>;
};

export type CoveragePoint = {
  readonly profileKey: string;
  readonly atMs: number;
  readonly coverage: number;
  readonly observations: number;
  readonly pods: number;
  readonly state: ProfileState;
};

/** One bound of thinning: of what is older than this only the last of each span is kept. */
export type Thinning = { readonly olderThanMs: number; readonly spanMs: number };

export type CoverageStore = {
  addCoverage(points: readonly CoveragePoint[]): Promise<void>;
  /** The newest of each profile: where sampling goes on after a restart. */
  newestCoverage(limit: number): Promise<readonly CoveragePoint[]>;
  /** Oldest first, the newest `limit`. */
  coverageOf(profileKey: string, limit: number): Promise<readonly CoveragePoint[]>;
  thinCoverage(thinnings: readonly Thinning[], nowMs: number, max: number): Promise<number>;
};

export type TallyRow = {
  readonly image: string;
  readonly day: number;
  readonly handling: HandlingKind;
  readonly alerts: number;
};

export type TallyStore = {
  talliesSince(day: number): Promise<readonly TallyRow[]>;
  forgetTallies(beforeDay: number, max: number): Promise<number>;
};

/** Alerts, newest first. */
export type AlertReader = {
  listAlerts(
    filter: { readonly namespace?: string; readonly image?: string },
    page: Page,
  ): Promise<readonly {
    readonly number: number;
    readonly alert: Alert;
    readonly receivedAtMs: number;
  }[]>;
};

export type RefReader = {
  /** The newest alerts that fell under a rule or a window. */
  alertsByRef(
    ref: string,
    limit: number,
  ): Promise<readonly { readonly alert: Alert; readonly handling: HandlingKind }[]>;
};

export type FatigueStore =
  & FatigueRulesStore
  & CoolDownStore
  & CoverageStore
  & TallyStore
  & RefReader;
