import type { AlertView } from '../../../collector/api/contract/alert.ts';
import type { IncidentView } from '../../../collector/api/contract/incident.ts';
import type { StreamMessage } from './event-lines.ts';

/**
 * The newest alerts, as the stream and the lists tell them. An alert keeps its place when a later
 * revision of it comes: rows fold in place and nothing jumps under the pointer. What arrives is
 * collected and shown once per frame; at most `ROWS_MAX` are kept, and how many fell out is known.
 */
export const ROWS_MAX = 5_000;
/** Rows a hidden page collects before it takes them in without a frame. */
const WAITING_MAX = 2_000;
const RATE_BUCKETS = 60;
export const RATE_BUCKET_MS = 2_000;

export type LiveRow = {
  readonly alert: AlertView;
  /** By which rows stand in order, newest first; fixed when the alert is first seen. */
  readonly atMs: number;
  readonly arrival: number;
};

export type LiveSnapshot = {
  /** Newest first. */
  readonly rows: readonly LiveRow[];
  readonly droppedRows: number;
  /** By id, for rows that are held still while their alerts grow. */
  readonly byId: ReadonlyMap<string, LiveRow>;
  /** Who acknowledged which incident. */
  readonly acknowledgedBy: ReadonlyMap<string, string>;
};

export type FramePort = (run: () => void) => void;

export class LiveAlerts {
  readonly #onFrame: FramePort;
  readonly #now: () => number;
  readonly #byId = new Map<string, LiveRow>();
  readonly #listeners = new Set<() => void>();
  readonly #waiting = new Map<string, AlertView>();
  readonly #rate = new Map<number, number>();
  readonly #acknowledgedBy = new Map<string, string>();
  #snapshot: LiveSnapshot = {
    rows: [],
    droppedRows: 0,
    byId: this.#byId,
    acknowledgedBy: this.#acknowledgedBy,
  };
  #isFrameAsked = false;
  #arrival = 0;
  #dropped = 0;
  #behind = { ms: 0, atMs: 0 };

  constructor(onFrame: FramePort, now: () => number) {
    this.#onFrame = onFrame;
    this.#now = now;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): LiveSnapshot => this.#snapshot;

  /** From the stream. */
  take(messages: readonly StreamMessage[]): void {
    for (const { event, data } of messages) {
      if (event === 'incident') this.#takeIncident(data);
      if (event !== 'alert') continue;
      const alert = JSON.parse(data) as AlertView;
      const known = this.#waiting.get(alert.id)?.revision ??
        this.#byId.get(alert.id)?.alert.revision;
      if (known === undefined) this.#count();
      this.#hold(alert);
    }
    const newest = [...this.#waiting.values()].at(-1);
    if (newest !== undefined) this.#noteLag(newest);
  }

  /** From a list: also what was there before the stream began. */
  add(alerts: readonly AlertView[]): void {
    for (const alert of alerts) this.#hold(alert);
  }

  /**
   * A storm is hundreds of large incidents a second, of which this wants one name: those that
   * nobody has acknowledged are not parsed. In a text of an attacker the quotes have backslashes.
   */
  #takeIncident(data: string): void {
    if (!data.includes('"acknowledged":null')) {
      this.addIncidents([JSON.parse(data) as IncidentView]);
      return;
    }
    const id = /^\{"id":"([^"\\]+)"/.exec(data)?.[1];
    if (id !== undefined && this.#acknowledgedBy.delete(id)) this.#ask();
  }

  addIncidents(incidents: readonly IncidentView[]): void {
    for (const { id, work } of incidents) {
      this.#acknowledgedBy.delete(id);
      if (work?.acknowledged) this.#acknowledgedBy.set(id, work.acknowledged.by);
      if (this.#acknowledgedBy.size <= ROWS_MAX) continue;
      const [oldest] = this.#acknowledgedBy.keys();
      if (oldest !== undefined) this.#acknowledgedBy.delete(oldest);
    }
    this.#ask();
  }

  clear(): void {
    this.#acknowledgedBy.clear();
    this.#byId.clear();
    this.#waiting.clear();
    this.#dropped = 0;
    this.#ask();
  }

  /** New alerts in each of the last two minutes' buckets, oldest first. */
  rate(nowMs: number): readonly number[] {
    const last = Math.floor(nowMs / RATE_BUCKET_MS);
    return Array.from({ length: RATE_BUCKETS }, (_, index) =>
      this.#rate.get(last - RATE_BUCKETS + 1 + index) ?? 0);
  }

  /** How old the newest arrival was when it came, unless that is long ago itself. */
  behindMs(nowMs: number): number {
    return nowMs - this.#behind.atMs > 10_000 ? 0 : this.#behind.ms;
  }

  #noteLag(alert: AlertView): void {
    const atMs = this.#now();
    const received = Date.parse(alert.receivedTime);
    // A later revision arrives long after its alert was first received.
    if (alert.revision === 1 && Number.isFinite(received)) {
      this.#behind = { ms: Math.max(0, atMs - received), atMs };
    }
  }

  #count(): void {
    const bucket = Math.floor(this.#now() / RATE_BUCKET_MS);
    this.#rate.set(bucket, (this.#rate.get(bucket) ?? 0) + 1);
    if (this.#rate.size > RATE_BUCKETS * 2) {
      for (const key of this.#rate.keys()) if (key <= bucket - RATE_BUCKETS) this.#rate.delete(key);
    }
  }

  #hold(alert: AlertView): void {
    const waiting = this.#waiting.get(alert.id);
    if (waiting !== undefined && waiting.revision > alert.revision) return;
    this.#waiting.set(alert.id, alert);
    if (this.#waiting.size > WAITING_MAX) this.#takeIn();
    this.#ask();
  }

  #ask(): void {
    if (this.#isFrameAsked) return;
    this.#isFrameAsked = true;
    this.#onFrame(() => {
      this.#isFrameAsked = false;
      this.#takeIn();
      const rows = [...this.#byId.values()].toSorted(newestFirst);
      this.#snapshot = { rows, droppedRows: this.#dropped, byId: this.#byId,
        acknowledgedBy: this.#acknowledgedBy };
      for (const listener of this.#listeners) listener();
    });
  }

  #takeIn(): void {
    for (const alert of this.#waiting.values()) {
      const known = this.#byId.get(alert.id);
      // The same revision may say more: that it was correlated since.
      if (known !== undefined && known.alert.revision > alert.revision) continue;
      const atMs = known?.atMs ?? timeOf(alert, this.#now);
      this.#byId.set(alert.id, { alert, atMs, arrival: known?.arrival ?? this.#arrival++ });
    }
    this.#waiting.clear();
    if (this.#byId.size <= ROWS_MAX) return;
    const oldest = [...this.#byId.values()].toSorted(newestFirst).slice(ROWS_MAX);
    for (const { alert } of oldest) this.#byId.delete(alert.id);
    this.#dropped += oldest.length;
  }
}

function timeOf({ receivedTime }: AlertView, now: () => number): number {
  const ms = Date.parse(receivedTime);
  return Number.isFinite(ms) ? ms : now();
}

const newestFirst = (a: LiveRow, b: LiveRow): number => b.atMs - a.atMs || b.arrival - a.arrival;
