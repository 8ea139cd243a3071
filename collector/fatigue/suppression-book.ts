import type { Alert, Severity } from '../../baseline/alert.ts';
import type { Clock } from '../clock.ts';
import type { AlertReader, FatigueRulesStore, Put, RuleRow } from './fatigue-store.ts';
import {
  RULES_MAX,
  RULE_DAYS_DEFAULT,
  isNarrow,
  lifetimeProblem,
  suppresses,
} from './suppression.ts';
import type { MatchProblem, SuppressionMatch, SuppressionRule } from './suppression.ts';
import { isOnNeverLearnList } from './destructive.ts';

/**
 * What people do with suppression rules. Each change is written with its audit record in one
 * transaction, under the bound of `RULES_MAX`; a full list refuses and nothing goes by itself. A
 * rule is never edited: it is ended, and another one made, so that what was suppressed can be told.
 */
const DAY_MS = 86_400_000;
const PREVIEW_DAYS = 7;
/** Each is a document to be read: some seconds of this process in all, in turns with the rest. */
const PREVIEW_ALERTS_MAX = 10_000;
const PREVIEW_PAGE = 200;
const EXAMPLES_MAX = 10;

export type RuleWish = {
  readonly match: SuppressionMatch;
  readonly includesDestructive: boolean;
  readonly owner: string;
  readonly reason: string;
  /** Absent: in thirty days. */
  readonly expiresTime?: string;
};

export type Preview = {
  /** Alerts of the last days that the rule would have suppressed. */
  readonly alerts: number;
  readonly bySeverity: Readonly<Partial<Record<Severity, number>>>;
  readonly byNamespace: Readonly<Record<string, number>>;
  /** It would have, but for what is on the never-learn list. */
  readonly destructive: number;
  readonly looked: number;
  readonly days: number;
  /** There were more alerts than may be looked at. */
  readonly isPartial: boolean;
  readonly examples: readonly Alert[];
};

export type SuppressionBookOptions = {
  readonly store: FatigueRulesStore & AlertReader;
  readonly clock: Clock;
  readonly newId: () => string;
};

type Refused = { readonly ok: false; readonly reason: MatchProblem | 'full' };

export type MadeRule = { readonly ok: true; readonly rule: SuppressionRule } | Refused;

export class SuppressionBook {
  readonly #options: SuppressionBookOptions;

  constructor(options: SuppressionBookOptions) {
    this.#options = options;
  }

  list(query: Parameters<FatigueRulesStore['listSuppressions']>[0]): Promise<readonly RuleRow[]> {
    return this.#options.store.listSuppressions(query);
  }

  read(id: string): Promise<RuleRow | undefined> {
    return this.#options.store.readSuppression(id);
  }

  async make(wish: RuleWish, by: string): Promise<MadeRule> {
    const { store, clock, newId } = this.#options;
    const nowMs = clock.now();
    const expiresMs = wish.expiresTime === undefined
      ? nowMs + RULE_DAYS_DEFAULT * DAY_MS
      : Date.parse(wish.expiresTime);
    const problem = isNarrow(wish.match) ? lifetimeProblem(expiresMs, nowMs) : 'too-broad';
    if (problem !== undefined) return { ok: false, reason: problem };
    const { match, includesDestructive, owner, reason } = wish;
    const rule: SuppressionRule = {
      id: newId(),
      match,
      includesDestructive,
      owner,
      reason,
      createdBy: by,
      createdTime: new Date(nowMs).toISOString(),
      expiresTime: new Date(expiresMs).toISOString(),
      ended: null,
    };
    const put = await store.addSuppression(rule, RULES_MAX, {
      atMs: nowMs,
      actor: by,
      action: 'suppression.create',
      subject: rule.id,
      detail: { match, includesDestructive, owner, reason, expiresTime: rule.expiresTime },
    });
    return put.ok ? { ok: true, rule } : { ok: false, reason: 'full' };
  }

  async end(id: string, { by, why }: { readonly by: string; readonly why: string }): Promise<Put> {
    const row = await this.read(id);
    if (row === undefined) return { ok: false, reason: 'not-found' };
    return this.#end(row, { because: 'ended', by, why });
  }

  /** Those whose time is over; gives back how many. */
  async expire(by: string): Promise<number> {
    const nowMs = this.#options.clock.now();
    const rows = await this.list({ withEnded: false, limit: RULES_MAX });
    const due = rows.filter(({ rule }) => Date.parse(rule.expiresTime) <= nowMs);
    for (const row of due) {
      await this.#end(row, { because: 'expired', by, why: 'its time is over' });
    }
    return due.length;
  }

  /** What it would have suppressed lately; nothing is written. */
  async preview(
    rule: Pick<SuppressionRule, 'match' | 'includesDestructive'>,
    maySee: (alert: Alert) => boolean,
  ): Promise<Preview> {
    const { store, clock } = this.#options;
    const sinceMs = clock.now() - PREVIEW_DAYS * DAY_MS;
    const found = new Found();
    let looked = 0;
    let before: number | undefined;
    let isPartial = false;
    for (;;) {
      const page = { limit: PREVIEW_PAGE, ...(before === undefined ? {} : { before }) };
      const rows = await store.listAlerts(filterOf(rule.match), page);
      const recent = rows.filter(({ receivedAtMs }) => receivedAtMs >= sinceMs);
      for (const { alert } of recent) if (maySee(alert)) found.look(rule, alert);
      looked += recent.length;
      before = rows.at(-1)?.number;
      if (recent.length < rows.length || rows.length < PREVIEW_PAGE) break;
      isPartial = looked >= PREVIEW_ALERTS_MAX;
      if (isPartial) break;
    }
    return { ...found.counts(), looked, days: PREVIEW_DAYS, isPartial };
  }

  #end(
    { rule, hits }: RuleRow,
    how: { readonly because: 'expired' | 'ended'; readonly by: string; readonly why: string },
  ): Promise<Put> {
    const { store, clock } = this.#options;
    const nowMs = clock.now();
    const ended = { ...how, time: new Date(nowMs).toISOString() };
    return store.endSuppression({ ...rule, ended }, {
      atMs: nowMs,
      actor: how.by,
      action: how.because === 'expired' ? 'suppression.expire' : 'suppression.end',
      subject: rule.id,
      detail: { why: how.why, owner: rule.owner, match: rule.match, hits },
    });
  }
}

/** What the store can narrow by itself. */
function filterOf({ namespace, image }: SuppressionMatch) {
  return {
    ...(namespace === undefined || namespace.includes('*') ? {} : { namespace }),
    ...(image === undefined || image.includes('*') ? {} : { image }),
  };
}

class Found {
  #alerts = 0;
  #destructive = 0;
  readonly #bySeverity = new Map<Severity, number>();
  readonly #byNamespace = new Map<string, number>();
  readonly #examples: Alert[] = [];

  look(rule: Pick<SuppressionRule, 'match' | 'includesDestructive'>, alert: Alert): void {
    if (!suppresses(rule, alert)) {
      const wider = { ...rule, includesDestructive: true };
      if (isOnNeverLearnList(alert) && suppresses(wider, alert)) this.#destructive += 1;
      return;
    }
    this.#alerts += 1;
    const { severity, namespace } = alert;
    this.#bySeverity.set(severity, (this.#bySeverity.get(severity) ?? 0) + 1);
    this.#byNamespace.set(namespace, (this.#byNamespace.get(namespace) ?? 0) + 1);
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(alert);
  }

  counts() {
    return {
      alerts: this.#alerts,
      destructive: this.#destructive,
      bySeverity: Object.fromEntries(this.#bySeverity),
      byNamespace: Object.fromEntries(this.#byNamespace),
      examples: this.#examples,
    };
  }
}
