import {
  ALERT_BEHAVIOURS_MAX,
  severities,
  type Alert,
  type AlertBehaviour,
  type AlertKind,
  type AlertProcess,
  type AlertProfile,
  type Severity,
  type Words,
} from '../alert.ts';
import type { Container, Observation } from '../observation.ts';
import type { Finding } from './finding.ts';
import { rfc3339 } from './time.ts';
import { shorten } from './words.ts';

/**
 * Folds the findings of one pod into one alert per episode: one intrusion is twenty novel programs,
 * and an analyst wants one line for it, with the twenty inside. An episode ends when nothing was
 * found for a quiet time. The first finding is told at once, growth as new revisions.
 */

export type EpisodeOrigin = {
  readonly cluster: string;
  readonly node: string;
  readonly kind: AlertKind;
  readonly container: Container;
  readonly firstNs: bigint;
};

const URGENT_RANK = severities.indexOf('high');
const FIELD_CHARS_MAX = 512;
const FIELDS_MAX = 40;
const UNLISTED_MAX = 128;
const UNLISTED_CHARS_MAX = 256;
const COUNT_MAX = 0xffff_ffff;

export class Episode {
  readonly id: string;
  readonly #origin: EpisodeOrigin;
  readonly #behaviours = new Map<string, AlertBehaviour>();
  readonly #techniques = new Set<string>();
  readonly #unlisted = new Set<string>();
  #dropped = 0;
  #count = 0;
  #clear = 1;
  #lastNs: bigint;
  #revision = 0;
  #dirty = false;
  #sentMs = Number.NEGATIVE_INFINITY;
  /** The severity that was told. */
  #toldRank = -1;
  #profile: AlertProfile = { state: 'learning', coverage: 0, observations: 0, pods: 0 };
  #lead: { reason: Words; process: AlertProcess; score: number } | null = null;
  #informational = false;

  constructor(origin: EpisodeOrigin) {
    this.#origin = origin;
    this.#lastNs = origin.firstNs;
    const pod = origin.container.podUid || origin.container.id;
    this.id = alertId([origin.cluster, origin.node, origin.kind, pod, String(origin.firstNs)]);
  }

  get kind(): AlertKind {
    return this.#origin.kind;
  }

  get lastNs(): bigint {
    return this.#lastNs;
  }

  /** 0 to 100: 1 − Π (1 − s), so that more findings raise it and none takes it beyond 100. */
  get score(): number {
    return Math.round((1 - this.#clear) * 1000) / 10;
  }

  /** High or critical, and worse than what was told: nobody should have to wait for it. */
  get isUrgent(): boolean {
    if (!this.#dirty || this.#informational) return false;
    const rank = severities.indexOf(severityOf(this.score));
    return rank >= URGENT_RANK && rank > this.#toldRank;
  }

  add(finding: Finding, process: AlertProcess, profile: AlertProfile): void {
    const { observation } = finding;
    const key = `${finding.kind}\u0000${finding.value}`;
    const known = this.#behaviours.get(key);
    this.#profile = profile;
    this.#count = Math.min(COUNT_MAX, this.#count + 1);
    if (observation.timeNs > this.#lastNs) this.#lastNs = observation.timeNs;
    this.#dirty = true;
    if (known !== undefined) {
      this.#behaviours.set(key, { ...known, count: Math.min(COUNT_MAX, known.count + 1) });
      return;
    }
    if (this.#behaviours.size >= ALERT_BEHAVIOURS_MAX && !this.#isNewUnlisted(key)) return;
    this.#clear *= 1 - finding.score / 100;
    for (const technique of finding.techniques) this.#techniques.add(technique);
    if (this.#lead === null || finding.score > this.#lead.score) {
      this.#lead = { reason: finding.reason, process, score: finding.score };
    }
    if (this.#behaviours.size >= ALERT_BEHAVIOURS_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#behaviours.set(key, toBehaviour(finding, process));
  }

  /** Of what is not listed some names are kept, so that one of them does not count each time. */
  #isNewUnlisted(key: string): boolean {
    const name = key.slice(0, UNLISTED_CHARS_MAX);
    if (this.#unlisted.has(name)) return false;
    if (this.#unlisted.size < UNLISTED_MAX) this.#unlisted.add(name);
    return true;
  }

  /** For records that inform and never alarm (an operator's session, an upgrade's diff). */
  setInformational(reason: Words, process: AlertProcess): void {
    this.#informational = true;
    this.#lead = { reason, process, score: 0 };
    this.#dirty = true;
  }

  /** The alert if there is something to tell: at once when new, then once per `intervalMs`. */
  take(nowMs: number, intervalMs: number): Alert | null {
    if (!this.#dirty || this.#lead === null) return null;
    const sinceMs = nowMs - this.#sentMs;
    // Below zero the clock was set back: that is no reason to be silent until it catches up.
    if (sinceMs >= 0 && sinceMs < intervalMs) return null;
    this.#dirty = false;
    this.#sentMs = nowMs;
    this.#revision += 1;
    const alert = this.#alert(this.#lead);
    this.#toldRank = severities.indexOf(alert.severity);
    return alert;
  }

  #alert(lead: { reason: Words; process: AlertProcess }): Alert {
    const { container, cluster, node, kind, firstNs } = this.#origin;
    const behaviours = [...this.#behaviours.values()];
    const score = this.#informational ? 0 : this.score;
    const more = behaviours.length + this.#dropped - 1;
    return {
      id: this.id,
      revision: this.#revision,
      kind,
      severity: this.#informational ? 'informational' : severityOf(score),
      cluster,
      node,
      namespace: container.namespace,
      pod: container.pod,
      podUid: container.podUid,
      workload: container.workload,
      containerId: container.id,
      containerName: container.name,
      image: container.image,
      process: lead.process,
      behaviours,
      behavioursDropped: this.#dropped,
      profile: this.#profile,
      score,
      scoreParts: scoreParts(behaviours),
      techniques: [...this.#techniques].sort(),
      firstTime: rfc3339(firstNs),
      lastTime: rfc3339(this.#lastNs),
      count: Math.max(1, this.#count),
      reason: withMore(lead.reason, this.#informational ? 0 : more),
    };
  }
}

/** Thresholds on the combined score: two strong findings together make high. */
export function severityOf(score: number): Severity {
  if (score >= 90) return 'critical';
  if (score >= 65) return 'high';
  if (score >= 40) return 'medium';
  if (score > 0) return 'low';
  return 'informational';
}

function withMore(reason: Words, more: number): Words {
  if (more <= 0) return reason;
  return {
    en: `${reason.en}; and ${more} more ${more === 1 ? 'behaviour' : 'behaviours'}`,
    zh: `${reason.zh}；另有 ${more} 项异常行为`,
  };
}

function scoreParts(behaviours: readonly AlertBehaviour[]): readonly {
  name: string;
  value: number;
}[] {
  const best = new Map<string, number>();
  for (const behaviour of behaviours) {
    best.set(behaviour.channel, Math.max(best.get(behaviour.channel) ?? 0, behaviour.score));
  }
  return [...best].map(([name, value]) => ({ name, value })).sort((a, b) => b.value - a.value);
}

function toBehaviour(finding: Finding, process: AlertProcess): AlertBehaviour {
  return {
    channel: finding.channel,
    value: finding.value,
    time: rfc3339(finding.observation.timeNs),
    count: 1,
    score: finding.score,
    techniques: finding.techniques,
    reason: finding.reason,
    process,
    fields: evidenceFields(finding.observation),
  };
}

function evidenceFields(observation: Observation): Readonly<Record<string, string>> {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  let taken = 0;
  for (const [name, value] of observation.fields) {
    if (taken >= FIELDS_MAX) break;
    taken += 1;
    fields[name] = shorten(value, FIELD_CHARS_MAX);
  }
  return fields;
}

/** The same episode has the same id wherever and whenever it is computed (FNV-1a, 2 × 64 bits). */
function alertId(parts: readonly string[]): string {
  const text = parts.join('\u0000');
  return `${fnv64(text, 0xcbf29ce484222325n)}${fnv64(text, 0x84222325cbf29ce4n)}`;
}

const FNV_PRIME = 0x100000001b3n;

function fnv64(text: string, offset: bigint): string {
  let hash = offset;
  for (let i = 0; i < text.length; i += 1) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * FNV_PRIME);
  }
  return hash.toString(16).padStart(16, '0');
}
