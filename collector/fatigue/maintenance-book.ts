import { severities } from '../../baseline/alert.ts';
import type { Alert, Severity } from '../../baseline/alert.ts';
import type { Clock } from '../clock.ts';
import type { HandlingKind } from '../incident/handling.ts';
import type { FatigueRulesStore, Put, RefReader } from './fatigue-store.ts';
import { WINDOWS_MAX, windowProblem } from './maintenance.ts';
import type { MaintenanceWindow, WindowProblem } from './maintenance.ts';

/**
 * What people do with maintenance windows. Each change is written with its audit record in one
 * transaction, under the bound of `WINDOWS_MAX`. A window begins now or later, never before: what
 * has happened was raised.
 */
const REPORT_ALERTS_MAX = 1_000;
const LISTED_MAX = 500;

export type WindowWish = Pick<MaintenanceWindow,
  'label' | 'scope' | 'fromTime' | 'toTime' | 'weekly' | 'owner' | 'reason'>;

export type MadeWindow =
  | { readonly ok: true; readonly window: MaintenanceWindow }
  | { readonly ok: false; readonly reason: WindowProblem | 'full' };

export type WindowReport = {
  readonly window: MaintenanceWindow;
  /** Quietened, and raised all the same because they were destructive. */
  readonly quietened: number;
  readonly raised: number;
  readonly suppressed: number;
  /** As agents judged them, of the `looked` newest. */
  readonly bySeverity: Readonly<Partial<Record<Severity, number>>>;
  readonly behaviours: readonly { readonly value: string; readonly alerts: number }[];
  readonly looked: number;
  /** The worst first. */
  readonly alerts: readonly { readonly alert: Alert; readonly handling: HandlingKind }[];
};

const BEHAVIOURS_SHOWN = 20;
const ALERTS_SHOWN = 100;

export type MaintenanceBookOptions = {
  readonly store: FatigueRulesStore & RefReader;
  readonly clock: Clock;
  readonly newId: () => string;
};

export class MaintenanceBook {
  readonly #options: MaintenanceBookOptions;

  constructor(options: MaintenanceBookOptions) {
    this.#options = options;
  }

  list({ withEnded }: { readonly withEnded: boolean }): Promise<readonly MaintenanceWindow[]> {
    const endedSinceMs = withEnded ? 0 : Number.MAX_SAFE_INTEGER;
    return this.#options.store.listWindows({ endedSinceMs, limit: LISTED_MAX });
  }

  read(id: string): Promise<MaintenanceWindow | undefined> {
    return this.#options.store.readWindow(id);
  }

  async make(wish: WindowWish, by: string): Promise<MadeWindow> {
    const { store, clock, newId } = this.#options;
    const nowMs = clock.now();
    const problem = windowProblem(wish, nowMs);
    if (problem !== undefined) return { ok: false, reason: problem };
    const window: MaintenanceWindow = {
      id: newId(),
      ...wish,
      fromTime: new Date(wish.fromTime).toISOString(),
      toTime: new Date(wish.toTime).toISOString(),
      createdBy: by,
      createdTime: new Date(nowMs).toISOString(),
      ended: null,
    };
    const { label, scope, fromTime, toTime, weekly, owner, reason } = window;
    const put = await store.addWindow(window, WINDOWS_MAX, {
      atMs: nowMs,
      actor: by,
      action: 'maintenance.create',
      subject: window.id,
      detail: { label, scope, fromTime, toTime, weekly, owner, reason },
    });
    return put.ok ? { ok: true, window } : { ok: false, reason: 'full' };
  }

  async end(id: string, { by, why }: { readonly by: string; readonly why: string }): Promise<Put> {
    const window = await this.read(id);
    if (window === undefined) return { ok: false, reason: 'not-found' };
    return this.#end(window, { because: 'ended', by, why });
  }

  /** Those whose time is over; gives back how many. */
  async expire(by: string): Promise<number> {
    const nowMs = this.#options.clock.now();
    const windows = await this.list({ withEnded: false });
    const due = windows.filter(({ toTime }) => Date.parse(toTime) <= nowMs);
    for (const window of due) {
      await this.#end(window, { because: 'expired', by, why: 'its time is over' });
    }
    return due.length;
  }

  /** What happened in it, from its beginning until now. */
  async report(
    window: MaintenanceWindow,
    maySee: (alert: Alert) => boolean,
  ): Promise<WindowReport> {
    const { store } = this.#options;
    const rows = await store.alertsByRef(window.id, REPORT_ALERTS_MAX);
    const seen = rows.filter(({ alert }) => maySee(alert));
    const count = (kind: HandlingKind): number =>
      seen.filter(({ handling }) => handling === kind).length;
    const bySeverity = new Map<Severity, number>();
    const byValue = new Map<string, number>();
    for (const { alert } of seen) {
      bySeverity.set(alert.severity, (bySeverity.get(alert.severity) ?? 0) + 1);
      for (const { value } of alert.behaviours) byValue.set(value, (byValue.get(value) ?? 0) + 1);
    }
    return {
      window,
      quietened: count('maintenance'),
      raised: count('none') + count('cooled'),
      suppressed: count('suppressed'),
      bySeverity: Object.fromEntries(bySeverity),
      behaviours: [...byValue]
        .map(([value, alerts]) => ({ value, alerts }))
        .toSorted((a, b) => b.alerts - a.alerts || (a.value < b.value ? -1 : 1))
        .slice(0, BEHAVIOURS_SHOWN),
      looked: seen.length,
      alerts: seen.toSorted(byWeight).slice(0, ALERTS_SHOWN),
    };
  }

  #end(
    window: MaintenanceWindow,
    how: { readonly because: 'expired' | 'ended'; readonly by: string; readonly why: string },
  ): Promise<Put> {
    const { store, clock } = this.#options;
    const nowMs = clock.now();
    const time = how.because === 'expired' ? window.toTime : new Date(nowMs).toISOString();
    return store.endWindow({ ...window, ended: { ...how, time } }, {
      atMs: nowMs,
      actor: how.by,
      action: how.because === 'expired' ? 'maintenance.expire' : 'maintenance.end',
      subject: window.id,
      detail: { why: how.why, label: window.label, owner: window.owner, scope: window.scope },
    });
  }
}

const byWeight = ({ alert: a }: { alert: Alert }, { alert: b }: { alert: Alert }): number =>
  severities.indexOf(b.severity) - severities.indexOf(a.severity) || b.score - a.score ||
  (a.id < b.id ? -1 : 1);
