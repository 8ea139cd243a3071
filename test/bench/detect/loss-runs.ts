import { LannerDetector } from './lanner.ts';
import { dropAtRandom } from './loss.ts';
import type { Recording } from './recording.ts';
import { score } from './score.ts';

/** What a share of lost events does to Lanner, over several seeds. */
export type LossScore = {
  readonly share: number;
  readonly seeds: number;
  readonly detectedMedian: number;
  readonly detectedWorst: number;
  readonly falseAlertsMedian: number;
  readonly falseAlertsWorst: number;
  readonly upgradeFalseMedian: number;
  readonly upgradeFalseWorst: number;
  /** Attack id → in how many of the runs it was missed. */
  readonly missed: Readonly<Record<string, number>>;
  readonly falseTexts: readonly string[];
};

export function lossScore(recording: Recording, share: number, seeds: number): LossScore {
  const detected: number[] = [];
  const falseAlerts: number[] = [];
  const upgradeFalse: number[] = [];
  const missed = new Map<string, number>();
  const texts: string[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    const events = dropAtRandom(recording.events, share, seed);
    const scored = score(recording, new LannerDetector().run(events, recording));
    detected.push(scored.score.detected);
    falseAlerts.push(scored.score.falseAlerts);
    upgradeFalse.push(scored.score.upgradeFalse);
    for (const id of scored.score.missed) missed.set(id, (missed.get(id) ?? 0) + 1);
    for (const { pod, text } of [...scored.falseAlerts.steady, ...scored.falseAlerts.upgrade]) {
      texts.push(`seed ${seed}: ${pod}: ${text}`);
    }
  }
  return {
    share,
    seeds,
    detectedMedian: median(detected),
    detectedWorst: Math.min(...detected),
    falseAlertsMedian: median(falseAlerts),
    falseAlertsWorst: Math.max(...falseAlerts),
    upgradeFalseMedian: median(upgradeFalse),
    upgradeFalseWorst: Math.max(...upgradeFalse),
    missed: Object.fromEntries(missed),
    falseTexts: texts,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
