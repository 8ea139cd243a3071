import { EventClock } from '../../../agent/event-clock.ts';
import { Identity } from '../../../agent/identity/identity.ts';
import type { FalcoEvent } from '../../../agent/source/event.ts';
import type { Alert } from '../../../baseline/alert.ts';
import { Baseline, type BaselineOptions } from '../../../baseline/baseline.ts';
import { COMPLETION_DEFAULT } from '../../../baseline/profile/completion.ts';
import type { BenchAlert, Detector, DetectorRun } from './detector.ts';

/**
 * Recordings last minutes where production lasts days, so the statistical clock is scaled to the
 * training span: a window is a thousandth of it (60 s in production), the minimum age half of it
 * (24 h). What belongs to processes and people (start-up, quiet time of an episode) stays as it is.
 */
export function scaledTo(trainMs: number): Partial<BaselineOptions> & { windowMs: number } {
  const windowMs = Math.min(60_000, Math.max(100, Math.round(trainMs / 1000)));
  return {
    windowMs,
    completion: { ...COMPLETION_DEFAULT, ageMsMin: trainMs / 2 },
    taintMs: 10 * windowMs,
    probeWaitMs: 60 * windowMs,
  };
}

/** How often the bench looks for alerts in event time: an agent does it per batch of events. */
const TAKE_EVERY_MS = 100;

export class LannerDetector implements Detector {
  readonly name = 'lanner';

  run(events: readonly FalcoEvent[], testStartMs: number): DetectorRun {
    const alerts: BenchAlert[] = [];
    const learned = new Map<string, number | null>();
    const startMs = events[0] === undefined ? 0 : Number(events[0].timeNs / 1_000_000n);
    const scale = scaledTo(testStartMs - startMs);
    const baseline = new Baseline({ cluster: 'bench', node: 'node-a', ...scale });
    const identity = new Identity({
      node: 'node-a',
      clock: new EventClock(() => 0),
      onObservation: (observation) => baseline.observe(observation),
    });
    let firstMs = 0;
    let takenMs = 0;
    let nowMs = 0;
    for (const event of events) {
      identity.receive(event);
      nowMs = Math.max(nowMs, Number(event.timeNs / 1_000_000n));
      if (firstMs === 0) firstMs = nowMs;
      if (nowMs - takenMs < TAKE_EVERY_MS) continue;
      takenMs = nowMs;
      identity.advance();
      baseline.advance(BigInt(nowMs) * 1_000_000n);
      for (const alert of baseline.takeAlerts()) alerts.push(toBenchAlert(alert, nowMs));
      noteLearned(baseline, learned, (nowMs - firstMs) / 1000);
    }
    return { alerts, learned };
  }
}

let looked = 0;
function noteLearned(
  baseline: Baseline,
  learned: Map<string, number | null>,
  seconds: number,
): void {
  looked += 1;
  if (looked % 50 !== 0) return;
  for (const image of baseline.progress()) {
    const name = `${image.image.repository}:${image.image.tag}`;
    if (learned.get(name) === undefined) learned.set(name, null);
    if (learned.get(name) === null && image.state === 'complete') learned.set(name, seconds);
  }
}

function toBenchAlert(alert: Alert, saidMs: number): BenchAlert {
  return {
    id: alert.id,
    pod: alert.pod,
    image: `${alert.image.repository}:${alert.image.tag}`,
    informational: alert.severity === 'informational',
    eventMs: alert.behaviours.map((behaviour) => Date.parse(behaviour.time)),
    saidMs,
    channels: [...new Set(alert.behaviours.map((behaviour) => behaviour.channel))],
    text: `${alert.severity} ${alert.reason.en}`,
  };
}
