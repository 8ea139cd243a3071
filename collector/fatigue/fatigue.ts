import type { AlertWeigher, Weighed } from '../incident/handling.ts';
import type { UncorrelatedAlert } from '../incident/incident-store.ts';
import { keyOf, mayCool } from './cool-down.ts';
import type { CoolDownStore, FatigueRulesStore } from './fatigue-store.ts';
import { CLOCK_DIFFERENCE_MAX_MS, WINDOWS_MAX, spanAt } from './maintenance.ts';
import type { MaintenanceWindow } from './maintenance.ts';
import { RULES_MAX, isInForce } from './suppression.ts';
import type { SuppressionRule } from './suppression.ts';
import { nodeKey, weigh } from './weigh.ts';

/**
 * What people and time have said about alerts, asked by the correlator in each of its runs. Rules
 * and windows are read when their revision has changed, whoever changed it; what they say holds
 * from the next run on. When the store cannot be read the run fails and is tried again: an alert is
 * late then, and never silently loud or quiet.
 */
/** A window that has ended still holds for what happened in it and arrives now. */
const LATE_MS = 7 * 86_400_000;
const CLOCKS_EVERY_MS = 10_000;
/** Four heartbeats. */
const HEARTBEATS_MS = 20_000;
/** Of those that ended within `LATE_MS`, beside the ones in force. */
const WINDOWS_READ_MAX = WINDOWS_MAX + 1_000;

/** What an agent says of its own time, and when we heard it. */
export type AgentClock = {
  readonly cluster: string;
  readonly node: string;
  readonly connectedAtMs: number;
  readonly lastSeenMs: number;
  readonly heartbeat: { readonly time: string } | null;
};

export type FatigueOptions = {
  readonly store: FatigueRulesStore & CoolDownStore;
  readonly agents: { listAgents(): Promise<readonly AgentClock[]> };
  /** ATT&CK ids that the policy calls destructive. */
  readonly destructive: () => readonly string[];
};

type Standing = {
  readonly revision: number;
  readonly rules: readonly SuppressionRule[];
  readonly windows: readonly MaintenanceWindow[];
};

export class Fatigue implements AlertWeigher {
  readonly #options: FatigueOptions;
  #standing: Standing = { revision: -1, rules: [], windows: [] };
  #wrongClocks: ReadonlySet<string> = new Set();
  #clocksReadMs = -Infinity;

  constructor(options: FatigueOptions) {
    this.#options = options;
  }

  async weigh(arrivals: readonly UncorrelatedAlert[], nowMs: number): Promise<Weighed> {
    const { store, destructive } = this.#options;
    const { rules, windows } = await this.#read(nowMs);
    const keys = new Set(arrivals.flatMap(({ alert }) => (mayCool(alert) ? [keyOf(alert)] : [])));
    const coolDowns = keys.size === 0 ? [] : await store.coolDownsOf([...keys]);
    return weigh(arrivals, {
      rules,
      windows,
      destructive: destructive(),
      coolDowns: new Map(coolDowns.map((one) => [one.key, one])),
      wrongClocks: windows.length === 0 ? new Set() : await this.#clocks(nowMs),
    }, nowMs);
  }

  /** As read last: for the metrics. */
  levels(nowMs: number): { readonly rules: number; readonly windows: number } {
    const { rules, windows } = this.#standing;
    return {
      rules: rules.filter((rule) => isInForce(rule, nowMs)).length,
      windows: windows.filter((one) => one.ended === null && spanAt(one, nowMs)).length,
    };
  }

  async #read(nowMs: number): Promise<Standing> {
    const { store } = this.#options;
    // Before the lists: what changes while they are read is seen again at the next revision.
    const revision = await store.fatigueRevision();
    if (revision === this.#standing.revision) return this.#standing;
    const rows = await store.listSuppressions({ withEnded: false, limit: RULES_MAX });
    const windows =
      await store.listWindows({ endedSinceMs: nowMs - LATE_MS, limit: WINDOWS_READ_MAX });
    // Oldest first: of two that match, the one that was there before says so.
    const rules = rows.map(({ rule }) => rule).toReversed();
    this.#standing = { revision, rules, windows: windows.toReversed() };
    return this.#standing;
  }

  async #clocks(nowMs: number): Promise<ReadonlySet<string>> {
    if (Math.abs(nowMs - this.#clocksReadMs) < CLOCKS_EVERY_MS) return this.#wrongClocks;
    const agents = await this.#options.agents.listAgents();
    this.#wrongClocks = new Set(agents.filter(isWrong).map(nodeKey));
    this.#clocksReadMs = nowMs;
    return this.#wrongClocks;
  }
}

/** An agent that has just come back has not yet said its time: it is taken at its word. */
function isWrong({ heartbeat, connectedAtMs, lastSeenMs }: AgentClock): boolean {
  if (heartbeat === null || lastSeenMs - connectedAtMs < HEARTBEATS_MS) return false;
  const saidMs = Date.parse(heartbeat.time);
  return Number.isNaN(saidMs) || Math.abs(saidMs - lastSeenMs) > CLOCK_DIFFERENCE_MAX_MS;
}
