import type { BenchAlert } from './detector.ts';
import type { Label } from './recording.ts';

/** What follows an attack this closely is still its own. */
const AFTER_ATTACK_MS = 5_000;

export type Detection = {
  readonly attack: Label;
  /** From the start of the attack to the first alert on it. */
  readonly seconds: number;
  /** Ids of all alerts on it. */
  readonly alerts: ReadonlySet<string>;
  readonly channels: ReadonlySet<string>;
  /** As first said. */
  readonly text: string;
};

/**
 * An attack is detected by an alert above informational on the attacked pod, or on the pod it came
 * through, that rests on an event between its start and five seconds after its end.
 */
export function detectionsOf(
  attacks: readonly Label[],
  alerts: readonly BenchAlert[],
): ReadonlyMap<string, Detection> {
  const detections = new Map<string, Detection>();
  for (const attack of attacks) {
    const hits = alerts.filter((alert) => !alert.informational && touches(alert, attack));
    const first = hits.toSorted((a, b) => a.saidMs - b.saidMs)[0];
    if (first === undefined) continue;
    detections.set(attack.id, {
      attack,
      seconds: Math.max(0, first.saidMs - attack.startMs) / 1000,
      alerts: new Set(hits.map((hit) => hit.id)),
      channels: new Set(hits.flatMap((hit) => hit.channels)),
      text: first.text,
    });
  }
  return detections;
}

function touches(alert: BenchAlert, attack: Label): boolean {
  if (!attack.pods.includes(alert.pod)) return false;
  return alert.eventMs.some((ms) => ms >= attack.startMs && ms <= attack.endMs + AFTER_ATTACK_MS);
}
