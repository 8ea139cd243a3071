/**
 * Asks the container runtime what images are made of: `ImageStatus`, verbose, once for each digest.
 * One call at a time with a deadline, `QUEUE_MAX` images waiting; what cannot be answered is asked
 * again `TRIES_MAX` times in all, each time the image is next seen after `RETRY_MS`. Nothing waits
 * for it. The answer is the runtime's own JSON, which repeats what whoever built the image wrote:
 * it is bounded before it is parsed, and of it only a list of sha256 digests is believed.
 */
import { Client, credentials } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import type { Image } from '../../baseline/observation.ts';
import { decodeImageInfo, encodeVerboseImageStatus } from '../../proto/cri/image-info.ts';
import {
  IMAGES_WITH_LAYERS_PER_FRAME_MAX,
  LAYERS_PER_IMAGE_MAX,
} from '../../proto/lanner/v1/bounds.ts';
import type { ImageLayers } from '../../proto/lanner/v1/frames.ts';

export const DIGESTS_MAX = 2_048;
export const QUEUE_MAX = 512;
export const RETRY_MS = 600_000;
export const TRIES_MAX = 5;
export const DEADLINE_MS = 5_000;
const RESPONSE_BYTES_MAX = 4 * 1_024 * 1_024;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const layerOutcomes = ['found', 'none', 'failed', 'overflow'] as const;
export type LayerOutcome = (typeof layerOutcomes)[number];

/** What an agent without a CRI socket counts. */
export const LAYERS_NONE: Readonly<Record<LayerOutcome, number>> =
  { found: 0, none: 0, failed: 0, overflow: 0 };

export type ImageLayerReaderOptions = {
  /** `unix:///run/containerd/containerd.sock` */
  readonly address: string;
  /** Milliseconds since 1970: gRPC's deadlines are points in time. */
  readonly nowMs: () => number;
  readonly onFound: () => void;
  readonly deadlineMs?: number;
};

type Known = {
  readonly image: Image;
  tries: number;
  askedMs: number;
  layers: readonly string[] | null;
  isDue: boolean;
};

export class ImageLayerReader {
  readonly #client: Client;
  readonly #options: ImageLayerReaderOptions;
  readonly #known = new Map<string, Known>();
  readonly #queue: Known[] = [];
  #isAsking = false;
  #isStopped = false;
  readonly counts: Record<LayerOutcome, number> = { ...LAYERS_NONE };

  constructor(options: ImageLayerReaderOptions) {
    this.#options = options;
    this.#client = new Client(options.address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': RESPONSE_BYTES_MAX,
      // The runtime's server refuses the path that grpc-js would send as the authority.
      'grpc.default_authority': 'localhost',
    });
  }

  /** Without a digest a tag would be asked for, which may mean another image by now. */
  see(image: Image): void {
    if (this.#isStopped || image.repository === '' || !DIGEST.test(image.digest)) return;
    const known = this.#known.get(image.digest) ?? this.#add(image);
    if (known.layers !== null || known.tries >= TRIES_MAX) return;
    const nowMs = this.#options.nowMs();
    if (nowMs - known.askedMs < RETRY_MS) return;
    if (this.#queue.length >= QUEUE_MAX) {
      this.counts.overflow += 1;
      return;
    }
    known.askedMs = nowMs;
    known.tries += 1;
    this.#queue.push(known);
    if (!this.#isAsking) void this.#ask();
  }

  /** Of what is due, as much as fits in a frame. */
  take(): readonly ImageLayers[] {
    const found: ImageLayers[] = [];
    for (const known of this.#known.values()) {
      if (!known.isDue || known.layers === null) continue;
      known.isDue = false;
      found.push({ image: known.image, layers: known.layers });
      if (found.length >= IMAGES_WITH_LAYERS_PER_FRAME_MAX) break;
    }
    return found;
  }

  tellAllAgain(): void {
    for (const known of this.#known.values()) known.isDue = known.layers !== null;
  }

  stop(): void {
    this.#isStopped = true;
    this.#queue.length = 0;
    this.#client.close();
  }

  #add(image: Image): Known {
    if (this.#known.size >= DIGESTS_MAX) {
      // The longest known: should it still run, it is asked for again.
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    const known = { image, tries: 0, askedMs: -Infinity, layers: null, isDue: false };
    this.#known.set(image.digest, known);
    return known;
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const outcome = await this.#read(next);
      if (this.#isStopped) break;
      this.counts[outcome] += 1;
      if (outcome === 'found') this.#options.onFound();
    }
    this.#isAsking = false;
  }

  async #read(known: Known): Promise<LayerOutcome> {
    const { repository, digest } = known.image;
    try {
      const bytes = await this.#call(encodeVerboseImageStatus(`${repository}@${digest}`));
      const layers = layersIn(decodeImageInfo(bytes));
      if (layers === null) return 'none';
      known.layers = layers;
      known.isDue = true;
      return 'found';
    } catch {
      // Counted as `failed`, and asked again: a runtime that restarts is nothing to report.
      return 'failed';
    }
  }

  #call(request: Buffer): Promise<Buffer> {
    const deadline = this.#options.nowMs() + (this.#options.deadlineMs ?? DEADLINE_MS);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#client.makeUnaryRequest(
      '/runtime.v1.ImageService/ImageStatus',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      request,
      { deadline },
      (error: ServiceError | null, response?: Buffer) => {
        if (error === null && response !== undefined) resolve(response);
        else reject(error ?? new Error('the container runtime answered without a message'));
      },
    );
    return promise;
  }
}

/** containerd and CRI-O both put the OCI configuration in `imageSpec`. */
export function layersIn(info: string | null): readonly string[] | null {
  if (info === null || info === '') return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(info);
  } catch {
    return null;
  }
  const layers = at(at(at(parsed, 'imageSpec'), 'rootfs'), 'diff_ids');
  if (!Array.isArray(layers) || layers.length === 0 || layers.length > LAYERS_PER_IMAGE_MAX) {
    return null;
  }
  const isList = layers.every((layer) => typeof layer === 'string' && DIGEST.test(layer));
  return isList ? layers as readonly string[] : null;
}

const at = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
