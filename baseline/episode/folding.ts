import type { Alert, AlertKind, AlertProcess, AlertProfile, Words } from '../alert.ts';
import type { Container } from '../observation.ts';
import { Episode } from './episode.ts';
import type { Finding } from './finding.ts';

/**
 * The open episodes of all pods. Bound: `EPISODES_MAX`; the one that grew longest ago is closed
 * first (its alert was sent; only further growth becomes a new alert).
 */

export const EPISODES_MAX = 1024;
/** A record (a session, a rollout) is one alert however long its pauses are. */
export const RECORD_QUIET_MS = 86_400_000;
/** Growth of an alert is told at most this often; that it became high or critical, at once. */
export const UPDATE_INTERVAL_MS = 1000;

export type Teller = {
  readonly container: Container;
  readonly kind: AlertKind;
  /** Separates episodes of one pod: an operator's session, an image's upgrade. */
  readonly topic: string;
};

export class Folding {
  readonly #cluster: string;
  readonly #node: string;
  readonly #quietMs: number;
  readonly #open = new Map<string, Episode>();
  /** Those that may be urgent, until the next taking of either kind. */
  readonly #urgent = new Set<Episode>();

  constructor(options: {
    readonly cluster: string;
    readonly node: string;
    readonly quietMs: number;
  }) {
    this.#cluster = options.cluster;
    this.#node = options.node;
    this.#quietMs = options.quietMs;
  }

  add(
    teller: Teller,
    finding: Finding,
    process: AlertProcess,
    profile: AlertProfile,
  ): { readonly score: number } {
    const episode = this.#episode(teller, finding.observation.timeNs);
    episode.add(finding, process, profile);
    if (episode.isUrgent) this.#urgent.add(episode);
    return { score: episode.score };
  }

  /** A record that informs: the finding is listed, the reason is the record's own. */
  inform(
    teller: Teller,
    finding: Finding,
    reason: Words,
    process: AlertProcess,
    profile: AlertProfile,
  ): void {
    const episode = this.#episode(teller, finding.observation.timeNs);
    episode.add(finding, process, profile);
    episode.setInformational(reason, process);
  }

  /** Alerts that have something new to tell; episodes that fell quiet are closed. */
  take(nowMs: number): Alert[] {
    const alerts: Alert[] = [];
    this.#urgent.clear();
    for (const [key, episode] of this.#open) {
      const quietMs = this.#quietOf(episode.kind);
      const quiet = nowMs - Number(episode.lastNs / 1_000_000n) > quietMs;
      const alert = episode.take(nowMs, quiet || episode.isUrgent ? 0 : UPDATE_INTERVAL_MS);
      if (alert !== null) alerts.push(alert);
      if (quiet) this.#open.delete(key);
    }
    return alerts;
  }

  /** Those that became high or critical since they were last told: at most two of an episode. */
  takeUrgent(nowMs: number): Alert[] {
    if (this.#urgent.size === 0) return [];
    const urgent = [...this.#urgent].filter(({ isUrgent }) => isUrgent);
    this.#urgent.clear();
    return urgent.map((episode) => episode.take(nowMs, 0)).filter((alert) => alert !== null);
  }

  #episode(teller: Teller, timeNs: bigint): Episode {
    const pod = teller.container.podUid || teller.container.id;
    const key = `${teller.kind}\u0000${pod}\u0000${teller.topic}`;
    const open = this.#open.get(key);
    const quietNs = BigInt(this.#quietOf(teller.kind)) * 1_000_000n;
    // Either way: after a leap of the clock the episode of another time does not go on.
    const apartNs = open === undefined ? 0n : timeNs - open.lastNs;
    if (open !== undefined && apartNs <= quietNs && -apartNs <= quietNs) {
      // To the end: the first of the map is the one that grew longest ago.
      this.#open.delete(key);
      this.#open.set(key, open);
      return open;
    }
    const episode = new Episode({
      cluster: this.#cluster,
      node: this.#node,
      kind: teller.kind,
      container: teller.container,
      firstNs: timeNs,
    });
    this.#closed(key, open);
    this.#open.set(key, episode);
    return episode;
  }

  #quietOf(kind: AlertKind): number {
    return kind === 'session' || kind === 'upgrade' ? RECORD_QUIET_MS : this.#quietMs;
  }

  /** An episode that is replaced may still have something to tell. */
  #closed(key: string, open: Episode | undefined): void {
    if (open !== undefined) this.#open.delete(key);
    const last = open ?? (this.#open.size >= EPISODES_MAX ? this.#longestQuiet() : undefined);
    if (last !== undefined) this.#parting.push(last);
  }

  readonly #parting: Episode[] = [];

  #longestQuiet(): Episode | undefined {
    for (const [key, episode] of this.#open) {
      this.#open.delete(key);
      return episode;
    }
    return undefined;
  }

  takeParting(nowMs: number): Alert[] {
    const alerts = this.#parting.map((episode) => episode.take(nowMs, 0));
    this.#parting.length = 0;
    return alerts.filter((alert) => alert !== null);
  }
}
