import { EventClock } from '../../../agent/event-clock.ts';
import { Identity } from '../../../agent/identity/identity.ts';
import type { FalcoEvent } from '../../../agent/source/event.ts';
import { scaledTo } from '../../../demo/recording/scale.ts';
import type { Alert } from '../../../baseline/alert.ts';
import { Baseline } from '../../../baseline/baseline.ts';
import type { BenchAlert, Detector, DetectorRun, Spans } from './detector.ts';
import { msOf } from './recording.ts';

/** An alert of Lanner's own form, and when it left. */
export type Said = { readonly alert: Alert; readonly saidMs: number };

export type LannerRun = DetectorRun & {
  readonly said: readonly Said[];
  /** Seconds from the first event until each image was complete; null where it never was. */
  readonly learned: ReadonlyMap<string, number | null>;
};

/** How often the bench looks for alerts in event time: an agent does it per batch of events. */
const TAKE_EVERY_MS = 100;
/** How often it asks what is complete: an answer walks through every behaviour of every image. */
const PROGRESS_EVERY_MS = 5_000;

export class LannerDetector implements Detector {
  readonly name = 'lanner';

  run(events: readonly FalcoEvent[], spans: Spans): LannerRun {
    const said: Said[] = [];
    const learned = new Map<string, number | null>();
    const baseline = new Baseline({
      cluster: 'bench',
      node: 'node-a',
      ...scaledTo(spans.testStartMs - spans.trainStartMs),
    });
    const identity = new Identity({
      node: 'node-a',
      clock: new EventClock(() => 0),
      onObservation: (observation) => baseline.observe(observation),
    });
    const take = (nowMs: number): void => {
      identity.advance();
      baseline.advance(BigInt(nowMs) * 1_000_000n);
      for (const alert of baseline.takeAlerts()) said.push({ alert, saidMs: nowMs });
    };
    let takenMs = 0;
    let lookedMs = 0;
    let nowMs = 0;
    for (const event of events) {
      identity.receive(event);
      nowMs = Math.max(nowMs, msOf(event));
      if (nowMs - takenMs < TAKE_EVERY_MS) continue;
      takenMs = nowMs;
      take(nowMs);
      if (nowMs - lookedMs < PROGRESS_EVERY_MS) continue;
      lookedMs = nowMs;
      noteLearned(baseline, learned, (nowMs - spans.trainStartMs) / 1000);
    }
    take(nowMs);
    return { alerts: said.map(toBenchAlert), said, learned };
  }
}

function noteLearned(
  baseline: Baseline,
  learned: Map<string, number | null>,
  seconds: number,
): void {
  for (const { image, key, state } of baseline.progress()) {
    const name = image.repository === '' ? key : `${image.repository}:${image.tag}`;
    if ((learned.get(name) ?? null) !== null) continue;
    learned.set(name, state === 'complete' ? Math.round(seconds) : null);
  }
}

export function toBenchAlert({ alert, saidMs }: Said): BenchAlert {
  return {
    id: alert.id,
    pod: alert.pod,
    image: `${alert.image.repository}:${alert.image.tag}`,
    informational: alert.severity === 'informational',
    eventMs: alert.behaviours.map((behaviour) => Date.parse(behaviour.time)),
    saidMs,
    channels: [...new Set(alert.behaviours.map((behaviour) => behaviour.channel))],
    text: `${alert.severity}: ${alert.reason.en}`,
  };
}
