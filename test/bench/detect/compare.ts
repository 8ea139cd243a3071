import { Collapse50 } from './collapse50.ts';
import type { DetectorRun } from './detector.ts';
import { ExecSet } from './exec-set.ts';
import { FalcoStock } from './falco-stock.ts';
import { incidentsOf } from './incidents.ts';
import { behindIngress } from './ingress.ts';
import { scaledTo, type ScaledClock } from '../../../demo/recording/scale.ts';
import { LannerDetector, type LannerRun } from './lanner.ts';
import { lossScore, type LossScore } from './loss-runs.ts';
import type { Recording } from './recording.ts';
import { score, type Scored } from './score.ts';

export type Compared = {
  readonly name: string;
  readonly run: DetectorRun;
  readonly scored: Scored;
};

export type Result = {
  readonly clock: ScaledClock;
  readonly lanner: Compared & {
    readonly run: LannerRun;
    readonly incidentsPerAttack: number;
  };
  readonly peers: readonly Compared[];
  /** Lanner again, without the intruder's direct connections (`ingress.ts`). */
  readonly behindIngress: Scored;
  readonly loss: readonly LossScore[];
};

export const LOSS_SHARES = [0.01, 0.05] as const;

/** Lanner and its peers over one recording, by the same rules. */
export function compareAll(recording: Recording, lossSeeds: number): Result {
  const run = new LannerDetector().run(recording.events, recording);
  const scored = score(recording, run);
  const peers = [new FalcoStock(), new ExecSet(), new Collapse50()].map((detector) => {
    const peerRun = detector.run(recording.events, recording);
    return { name: detector.name, run: peerRun, scored: score(recording, peerRun) };
  });
  return {
    clock: scaledTo(recording.testStartMs - recording.trainStartMs),
    lanner: {
      name: 'lanner',
      run,
      scored,
      incidentsPerAttack: incidentsPerAttack(scored, incidentsOf(run.said)),
    },
    peers,
    behindIngress: score(
      recording,
      new LannerDetector().run(behindIngress(recording.events), recording),
    ),
    loss: lossSeeds === 0
      ? []
      : LOSS_SHARES.map((share) => lossScore(recording, share, lossSeeds)),
  };
}

function incidentsPerAttack(scored: Scored, incidents: ReadonlyMap<string, string>): number {
  let total = 0;
  for (const { alerts } of scored.detections.values()) {
    total += new Set([...alerts].map((id) => incidents.get(id) ?? id)).size;
  }
  return Math.round((1000 * total) / Math.max(1, scored.detections.size)) / 1000;
}

/** The numbers as one object: a detector per key, and what was measured beside. */
export function jsonOf(result: Result): Readonly<Record<string, unknown>> {
  const { lanner, peers, loss, clock } = result;
  return {
    lanner: { ...lanner.scored.score, incidentsPerAttack: lanner.incidentsPerAttack },
    ...Object.fromEntries(peers.map(({ name, scored }) => [name, scored.score])),
    ...Object.fromEntries(loss.map((entry) => [`loss${entry.share * 100}`, entry])),
    behindIngress: result.behindIngress.score,
    learned: Object.fromEntries(lanner.run.learned),
    clock,
  };
}
