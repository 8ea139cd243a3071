import type { ImagesFrame } from '../../proto/lanner/v1/frames.ts';
import { ImageLayerReader, LAYERS_NONE } from './image-layers.ts';
import type { LayerOutcome } from './image-layers.ts';
import { LOOK_MS, RunBook } from './run-book.ts';
import type { KnownContainer } from './run-book.ts';

/** What this node tells of its images: where they run, and what they are made of. */
export type ImageReportOptions = {
  /** Socket of the container runtime; empty for none, and then no layers are told. */
  readonly cri: string;
  /** The clock's own time, for deadlines. */
  readonly nowMs: () => number;
  /** There is something for the link. */
  readonly onNews: () => void;
};

export type ImageCounts = {
  readonly runs: number;
  readonly running: number;
  readonly dropped: number;
  readonly layers: Readonly<Record<LayerOutcome, number>>;
};

export class ImageReport {
  readonly #book = new RunBook();
  readonly #reader: ImageLayerReader | null;
  readonly #onNews: () => void;
  #lookedMs = -Infinity;

  constructor({ cri, nowMs, onNews }: ImageReportOptions) {
    this.#onNews = onNews;
    this.#reader = cri === ''
      ? null
      : new ImageLayerReader({ address: cri, nowMs, onFound: onNews });
  }

  /** Names what the agent can tell, for its hello. */
  get capabilities(): readonly string[] {
    return this.#reader === null ? ['image-runs'] : ['image-runs', 'image-layers'];
  }

  /** By the events' time, which may go faster than ours, or back. */
  isTime(nowMs: number): boolean {
    return Math.abs(nowMs - this.#lookedMs) >= LOOK_MS;
  }

  look(containers: Iterable<KnownContainer>, nowMs: number): void {
    this.#lookedMs = nowMs;
    const known = [...containers];
    if (this.#reader !== null) {
      for (const { container, isUnnamed } of known) {
        if (!isUnnamed) this.#reader.see(container.image);
      }
    }
    if (this.#book.look(known, nowMs)) this.#onNews();
  }

  next(): ImagesFrame | null {
    const runs = this.#book.take(this.#lookedMs);
    const layers = this.#reader?.take() ?? [];
    return runs.length + layers.length === 0 ? null : { kind: 'images', runs, layers };
  }

  /** On a new link: nobody said that the last report arrived. */
  sendAllAgain(): void {
    this.#book.tellAllAgain();
    this.#reader?.tellAllAgain();
  }

  stop(): void {
    this.#reader?.stop();
  }

  counts(): ImageCounts {
    const { size, running, dropped } = this.#book;
    return { runs: size, running, dropped, layers: { ...(this.#reader?.counts ?? LAYERS_NONE) } };
  }
}
