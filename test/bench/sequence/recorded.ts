import type { BenchAlert } from '../detect/detector.ts';
import { falseAlertsOf } from '../detect/false-alerts.ts';
import { behindIngress } from '../detect/ingress.ts';
import type { Recording } from '../detect/recording.ts';
import { score } from '../detect/score.ts';
import { rocOf } from './roc.ts';
import { slicesOf, SYMBOLS_MAX, type Alphabet, type Slice, type Unit } from './slices.ts';
import { WittenBell } from './witten-bell.ts';

/**
 * The sequence model on a recording of Falco's events, behind an ingress: each image learns the
 * sequences of its pods in the training span; in the test span a slice scores by how many bits a
 * symbol costs more than in any pod of the training span that was judged by the others. So the
 * threshold is as good as it can be for that image, and where it lies is chosen with hindsight: a
 * detector that decides beforehand does no better.
 */

/** Slices that alarm falsely, at which the attacks above the threshold are counted. */
export const FALSE_SLICES = [0, 5, 20] as const;

export type Recorded = {
  readonly unit: Unit;
  readonly alphabet: Alphabet;
  readonly order: number;
  readonly slices: number;
  /** That a slice of an attack scores above one of a pod that nobody touches. */
  readonly auc: number;
  readonly attacks: number;
  /** By false slices: ids of the attacks that score above all but so many of them. */
  readonly detected: ReadonlyMap<number, readonly string[]>;
  readonly contexts: number;
  readonly bytes: number;
  readonly microsecondsPerEvent: number;
};

type Scored = { readonly alert: BenchAlert; readonly margin: number };

export function measureRecorded(
  recording: Recording,
  how: { readonly unit: Unit; readonly alphabet: Alphabet; readonly order: number },
): Recorded {
  const { unit, alphabet, order } = how;
  const slices = slicesOf({ events: behindIngress(recording.events) }, unit, alphabet);
  const models = new Map<string, Learned>();
  const began = performance.now();
  for (const [repository, own] of byRepository(slices)) {
    models.set(repository, learn(own.filter((one) => one.lastMs < recording.testStartMs), order));
  }
  const judged = slices.filter(({ firstMs }) => firstMs >= recording.testStartMs);
  const scored = judged.map((slice, index) => scoredOf(slice, index, models));
  const spentMs = performance.now() - began;
  const symbols = slices.reduce((sum, one) => sum + one.symbols.length, 0);
  const { auc, detected, attacks } = weigh(recording, scored);
  const all = [...models.values()].map(({ model }) => model);
  return {
    ...how,
    slices: judged.length,
    auc,
    attacks,
    detected,
    contexts: all.reduce((sum, model) => sum + model.contexts, 0),
    bytes: all.reduce((sum, model) => sum + JSON.stringify(model.export()).length, 0),
    microsecondsPerEvent: (spentMs * 1000) / Math.max(1, symbols),
  };
}

function byRepository(slices: readonly Slice[]): Map<string, Slice[]> {
  const all = new Map<string, Slice[]>();
  for (const slice of slices) {
    const own = all.get(slice.repository);
    if (own === undefined) all.set(slice.repository, [slice]);
    else own.push(slice);
  }
  return all;
}

type Learned = { readonly model: WittenBell; readonly most: number };

/** What all pods taught, and the most bits a slice of any pod costs the model of the others. */
function learn(slices: readonly Slice[], order: number): Learned {
  const pods = new Map<string, Slice[]>();
  for (const slice of slices) pods.set(slice.pod, [...(pods.get(slice.pod) ?? []), slice]);
  const modelOf = (wanted: (pod: string) => boolean): WittenBell => {
    const model = new WittenBell({ alphabetSize: SYMBOLS_MAX, order });
    for (const slice of slices) if (wanted(slice.pod)) model.learn(slice.symbols);
    return model;
  };
  let most = 0;
  for (const [pod, own] of pods) {
    if (pods.size < 2) break;
    const others = modelOf((other) => other !== pod);
    for (const { symbols } of own) most = Math.max(most, others.bits(symbols));
  }
  return { model: modelOf(() => true), most };
}

function scoredOf(slice: Slice, index: number, models: ReadonlyMap<string, Learned>): Scored {
  const learned = models.get(slice.repository);
  const { pod, image, firstMs, lastMs } = slice;
  return {
    margin: learned === undefined ? 0 : learned.model.bits(slice.symbols) - learned.most,
    alert: {
      id: String(index),
      pod,
      image,
      informational: false,
      eventMs: [firstMs, lastMs],
      saidMs: lastMs,
      channels: ['sequence'],
      text: '',
    },
  };
}

function weigh(
  recording: Recording,
  scored: readonly Scored[],
): Pick<Recorded, 'auc' | 'detected' | 'attacks'> {
  const { steady } = falseAlertsOf(recording, scored.map(({ alert }) => alert));
  const isSteady = new Set(steady.map(({ id }) => id));
  const marginsOf = (wanted: (one: Scored) => boolean): number[] =>
    scored.filter(wanted).map(({ margin }) => margin);
  const normal = marginsOf(({ alert }) => isSteady.has(alert.id)).sort((a, b) => b - a);
  const attacks = recording.labels.filter((label) => label.kind === 'attack' && label.verified);
  const touched = marginsOf(({ alert: { pod, eventMs } }) =>
    attacks.some(({ pods, startMs, endMs }) =>
      pods.includes(pod) && eventMs.some((ms) => ms >= startMs && ms <= endMs)));
  const detected = new Map<number, readonly string[]>();
  for (const allowed of FALSE_SLICES) {
    const threshold = normal[allowed] ?? Number.NEGATIVE_INFINITY;
    const alerts = scored.filter(({ margin }) => margin > threshold).map(({ alert }) => alert);
    const { missed } = score(recording, { alerts }).score;
    detected.set(allowed, attacks.map(({ id }) => id).filter((id) => !missed.includes(id)));
  }
  return { auc: rocOf(normal, touched, []).auc, attacks: attacks.length, detected };
}
