import type { Alert } from '../../baseline/alert.ts';
import type { Clock } from '../clock.ts';
import type { Kube } from '../kube/kube.ts';
import type { PodLabels } from '../policy/decide.ts';

/**
 * The labels of alerting pods, for rules that ask for them. An alert grows many times and the
 * correlator waits for the answer: so a pod is asked for once in `FRESH_MS`, and an API server that
 * does not answer is left alone for `AWAY_MS`, in which labels are unknown. Bound: `PODS_MAX`.
 */
const FRESH_MS = 30_000;
const AWAY_MS = 5_000;
const PODS_MAX = 2_000;

export type PodLabelOptions = { readonly kube: Kube | undefined; readonly clock: Clock };

export class PodLabelReader {
  readonly #options: PodLabelOptions;
  readonly #known = new Map<string, { readonly labels: PodLabels; readonly untilMs: number }>();
  #awayUntilMs = 0;

  constructor(options: PodLabelOptions) {
    this.#options = options;
  }

  async of({ namespace, pod, podUid }: Alert): Promise<PodLabels> {
    const { kube, clock } = this.#options;
    const known = this.#known.get(podUid);
    if (known !== undefined && clock.now() < known.untilMs) return known.labels;
    if (kube === undefined || clock.now() < this.#awayUntilMs) return undefined;
    const read = await kube.readPod({ namespace, name: pod });
    if (!read.ok && read.reason !== 'not-found') {
      this.#awayUntilMs = clock.now() + AWAY_MS;
      return undefined;
    }
    const labels = read.ok && read.value.uid === podUid ? read.value.labels ?? {} : undefined;
    // Forgetting all is asking again: a thousand pods in trouble are no everyday thing.
    if (this.#known.size >= PODS_MAX) this.#known.clear();
    this.#known.set(podUid, { labels, untilMs: clock.now() + FRESH_MS });
    return labels;
  }
}
