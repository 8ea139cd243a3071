import type { Observation } from '../../../baseline/observation.ts';
import type { BenchAlert } from './detector.ts';

/** What follows a finding this closely, and is the same, belongs to its alert. */
export const FOLD_MS = 60_000;

/** Whether the same finding is told again after that: as a new alert, or never for this pod. */
export type Repeat = 'again' | 'never';

export type Finding = {
  readonly observation: Observation;
  readonly nowMs: number;
  readonly channel: string;
  readonly text: string;
};

/** The alerts of a peer, per pod and text, with a revision for each event folded into one. */
export class AlertLog {
  readonly alerts: BenchAlert[] = [];
  readonly #repeat: Repeat;
  readonly #open = new Map<string, { id: string; lastMs: number }>();

  constructor(repeat: Repeat) {
    this.#repeat = repeat;
  }

  add({ observation, nowMs, channel, text }: Finding): void {
    const { container } = observation;
    const key = `${container.podUid || container.id}\u0000${text}`;
    const eventMs = Number(observation.timeNs / 1_000_000n);
    let open = this.#open.get(key);
    const isOver = open !== undefined && eventMs - open.lastMs > FOLD_MS;
    if (isOver && this.#repeat === 'never') return;
    if (open === undefined || isOver) {
      open = { id: `${key}\u0000${eventMs}`, lastMs: eventMs };
      this.#open.set(key, open);
    }
    open.lastMs = Math.max(open.lastMs, eventMs);
    this.alerts.push({
      id: open.id,
      pod: container.pod,
      image: `${container.image.repository}:${container.image.tag}`,
      informational: false,
      eventMs: [eventMs],
      saidMs: nowMs,
      channels: [channel],
      text,
    });
  }
}
