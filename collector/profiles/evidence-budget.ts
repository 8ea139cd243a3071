import type { AgentName } from '../store/faces.ts';

/**
 * How much one agent may bring in an hour. A stolen node can say anything about images; it must not
 * fill the store with made-up ones, nor keep the collector busy merging for it alone. The hour is
 * the agent's, not the link's: coming again does not begin a new one.
 *
 * Bounds: a node of 250 pods has below 512 profiles (what the agent's own box holds), sends each
 * again on a new link, and what changed once a minute.
 */
export const EVIDENCE_HOUR_MS = 3_600_000;
export const EVIDENCE_KEYS_PER_HOUR_MAX = 2_048;
export const EVIDENCE_BYTES_PER_HOUR_MAX = 512 * 1_024 * 1_024;
/** Profiles that nobody had before; a node starts images that others run, too. */
export const EVIDENCE_NEW_KEYS_PER_HOUR_MAX = 512;
/** More than links may be open: only those without TLS can say they are ever other nodes. */
export const EVIDENCE_AGENTS_MAX = 10_000;

export type BudgetRefusal = 'too-many-keys' | 'too-many-bytes' | 'too-many-new-keys';

export type EvidenceLimits = {
  readonly keysMax: number;
  readonly bytesMax: number;
  readonly newKeysMax: number;
  readonly agentsMax: number;
};

const LIMITS: EvidenceLimits = {
  keysMax: EVIDENCE_KEYS_PER_HOUR_MAX,
  bytesMax: EVIDENCE_BYTES_PER_HOUR_MAX,
  newKeysMax: EVIDENCE_NEW_KEYS_PER_HOUR_MAX,
  agentsMax: EVIDENCE_AGENTS_MAX,
};

type Hour = { readonly startMs: number; readonly keys: Set<string>; bytes: number; made: number };

export class EvidenceBudget {
  readonly #limits: EvidenceLimits;
  /** In order of their hours' beginnings, so that the first one is the oldest. */
  readonly #hours = new Map<string, Hour>();

  constructor(limits: Partial<EvidenceLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Undefined when the document may be looked at; then it is counted. */
  take(agent: AgentName, key: string, bytes: number, nowMs: number): BudgetRefusal | undefined {
    const hour = this.#hour(agent, nowMs);
    const { keysMax, bytesMax } = this.#limits;
    if (hour.bytes + bytes > bytesMax) return 'too-many-bytes';
    if (!hour.keys.has(key) && hour.keys.size >= keysMax) return 'too-many-keys';
    hour.bytes += bytes;
    hour.keys.add(key);
    return undefined;
  }

  /** Whether the agent may make one more profile; the caller says when it did. */
  mayMake(agent: AgentName, nowMs: number): boolean {
    return this.#hour(agent, nowMs).made < this.#limits.newKeysMax;
  }

  noteMade(agent: AgentName, nowMs: number): void {
    this.#hour(agent, nowMs).made += 1;
  }

  #hour(agent: AgentName, nowMs: number): Hour {
    const name = JSON.stringify([agent.cluster, agent.node]);
    const known = this.#hours.get(name);
    const sinceMs = nowMs - (known?.startMs ?? 0);
    // Below zero the clock was set back, and the hour would not end.
    if (known !== undefined && sinceMs >= 0 && sinceMs < EVIDENCE_HOUR_MS) return known;
    this.#hours.delete(name);
    if (this.#hours.size >= this.#limits.agentsMax) {
      const [oldest] = this.#hours.keys();
      if (oldest !== undefined) this.#hours.delete(oldest);
    }
    const hour: Hour = { startMs: nowMs, keys: new Set(), bytes: 0, made: 0 };
    this.#hours.set(name, hour);
    return hour;
  }
}
