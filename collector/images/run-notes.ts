import type { Alert } from '../../baseline/alert.ts';
import type { ImageLayers, ImagesFrame } from '../../proto/lanner/v1/frames.ts';
import type { Clock } from '../clock.ts';
import type { AgentName } from '../store/faces.ts';
import type { ImageStore, SeenRun } from '../store/image-face.ts';

/**
 * What agents tell of their images, written together every `WRITE_MS`: nothing hangs on the moment,
 * and an agent tells all of it again on its next link. Alerts are noted, too: a pod that lived for
 * a minute on a node whose report was lost is in the record all the same.
 *
 * Bounds: `RUNS_WAITING_MAX` runs and `LAYERS_WAITING_MAX` images wait; an agent may bring
 * `RUNS_PER_HOUR_MAX` runs an hour, some ten times what the largest node has, or one stolen agent
 * could push the record of all others out. What is above is dropped and counted by reason.
 */
export const WRITE_MS = 500;
export const RUNS_WAITING_MAX = 100_000;
export const LAYERS_WAITING_MAX = 4_096;
export const RUNS_PER_HOUR_MAX = 16_384;
export const AGENTS_COUNTED_MAX = 20_000;
const HOUR_MS = 3_600_000;

export const noteRefusals = ['full', 'too-many', 'store', 'disputed'] as const;
export type NoteRefusal = (typeof noteRefusals)[number];

export type RunNotesOptions = {
  readonly store: Pick<ImageStore, 'saveImageRuns' | 'saveLayers'>;
  readonly clock: Clock;
  readonly onDropped: (reason: NoteRefusal, count: number, error?: unknown) => void;
};

export class RunNotes {
  readonly #options: RunNotesOptions;
  #runs: SeenRun[] = [];
  readonly #layers = new Map<string, ImageLayers>();
  /** How many each agent brought in the hour at hand. */
  readonly #brought = new Map<string, number>();
  #hour = 0;
  #writing: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(options: RunNotesOptions) {
    this.#options = options;
  }

  /** `agent` is the one that the link's credentials name. */
  report({ cluster, node }: AgentName, { runs, layers }: ImagesFrame): void {
    const taken = runs.slice(0, this.#roomOf({ cluster, node }, runs.length));
    this.#drop('too-many', runs.length - taken.length);
    this.#note(taken.map((run): SeenRun => ({
      cluster,
      node,
      image: run.image,
      namespace: run.namespace,
      workload: run.workload,
      pod: run.pod,
      podUid: run.podUid,
      firstMs: run.first,
      lastMs: run.last,
      saidMs: run.last,
      isEnded: run.ended,
    })));
    for (const one of layers) this.#noteLayers(one);
    this.#soon();
  }

  alerts(alerts: readonly Alert[]): void {
    this.#note(alerts.flatMap(runOf));
    this.#soon();
  }

  /** Resolves when what was told is written, or dropped. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    this.#write();
    await this.#writing;
  }

  #note(runs: readonly SeenRun[]): void {
    const taken = runs.slice(0, Math.max(0, RUNS_WAITING_MAX - this.#runs.length));
    for (const run of taken) this.#runs.push(run);
    this.#drop('full', runs.length - taken.length);
  }

  #noteLayers(one: ImageLayers): void {
    const { image: { digest }, layers } = one;
    if (digest === '' || layers.length === 0) return;
    const key = JSON.stringify([digest, layers]);
    if (!this.#layers.has(key) && this.#layers.size >= LAYERS_WAITING_MAX) this.#drop('full', 1);
    else this.#layers.set(key, one);
  }

  /** How many of so many an agent may still bring in this hour. */
  #roomOf({ cluster, node }: AgentName, wanted: number): number {
    const hour = Math.floor(this.#options.clock.now() / HOUR_MS);
    if (hour !== this.#hour) this.#brought.clear();
    this.#hour = hour;
    const key = JSON.stringify([cluster, node]);
    const brought = this.#brought.get(key);
    if (brought === undefined && this.#brought.size >= AGENTS_COUNTED_MAX) return 0;
    const room = Math.min(wanted, RUNS_PER_HOUR_MAX - (brought ?? 0));
    this.#brought.set(key, (brought ?? 0) + room);
    return room;
  }

  #soon(): void {
    if (this.#isStopped) return;
    this.#cancel ??= this.#options.clock.after(WRITE_MS, () => this.#write());
  }

  #write(): void {
    this.#cancel = undefined;
    this.#writing = this.#writing.then(async () => {
      const runs = this.#runs;
      this.#runs = [];
      const layers = [...this.#layers.values()];
      this.#layers.clear();
      if (runs.length > 0) await this.#saveRuns(runs);
      if (layers.length > 0) await this.#saveLayers(layers);
    });
  }

  async #saveRuns(runs: readonly SeenRun[]): Promise<void> {
    await this.#options.store.saveImageRuns(runs)
      .catch((error: unknown) => this.#options.onDropped('store', runs.length, error));
  }

  async #saveLayers(found: readonly ImageLayers[]): Promise<void> {
    const claims = found.map(({ image: { digest }, layers }) =>
      ({ digest, layers, source: 'node' as const }));
    await this.#options.store.saveLayers(claims)
      .then((refused) => this.#drop('disputed', refused))
      .catch((error: unknown) => this.#options.onDropped('store', claims.length, error));
  }

  #drop(reason: NoteRefusal, count: number): void {
    if (count > 0) this.#options.onDropped(reason, count);
  }
}

/** Whether it still runs, an alert does not say. */
function runOf(alert: Alert): readonly SeenRun[] {
  const { cluster, node, namespace, workload, pod, podUid, image, containerId } = alert;
  if (image.repository === '' && image.digest === '') return [];
  const firstMs = Date.parse(alert.firstTime);
  const lastMs = Date.parse(alert.lastTime);
  if (!(firstMs >= 0 && lastMs >= firstMs)) return [];
  return [{ cluster, node, namespace, workload, pod, podUid: podUid || containerId, image,
    firstMs, lastMs, saidMs: 0, isEnded: true }];
}
