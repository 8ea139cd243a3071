/**
 * Asks the container runtime (containerd, CRI-O) who a container is, for those that Falco did not
 * name in time. At most `CRI_CALLS_MAX` containers at once and `CRI_QUEUE_MAX` behind them, each
 * call with a deadline. A runtime that does not answer costs nothing but the answer: the wait of
 * `identity.ts` runs out by itself. What it does not know is not asked again for a minute.
 */
import { Client, credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import type { Image } from '../../baseline/observation.ts';
import {
  decodeContainerStatus,
  decodeIds,
  decodeImageStatus,
  encodeContainerStatusRequest,
  encodeFilterById,
  encodeImageStatusRequest,
} from '../../proto/cri/messages.ts';
import type { CriContainerStatus } from '../../proto/cri/messages.ts';
import type { IdentityAnswer } from './identity.ts';

export const CRI_CALLS_MAX = 4;
export const CRI_QUEUE_MAX = 256;
export const CRI_DEADLINE_MS = 2_000;
export const CRI_UNKNOWN_KEPT_MS = 60_000;
const CRI_UNKNOWN_MAX = 1_024;
const CRI_RESPONSE_BYTES_MAX = 4 * 1_024 * 1_024;

const RUNTIME = '/runtime.v1.RuntimeService';
const IMAGES = '/runtime.v1.ImageService';

export const criOutcomes = ['found', 'sandbox', 'unknown', 'failed', 'overflow'] as const;
export type CriOutcome = (typeof criOutcomes)[number];

/** What an agent without a CRI socket counts. */
export const CRI_NONE: Readonly<Record<CriOutcome, number>> = {
  found: 0,
  sandbox: 0,
  unknown: 0,
  failed: 0,
  overflow: 0,
};

export type CriOptions = {
  /** `unix:///run/containerd/containerd.sock` */
  readonly address: string;
  /** Milliseconds since 1970: gRPC's deadlines are points in time. */
  readonly nowMs: () => number;
  readonly onAnswer: (containerId: string, answer: IdentityAnswer) => void;
  readonly deadlineMs?: number;
};

type Found = { readonly outcome: 'found'; readonly answer: IdentityAnswer };
type Other = { readonly outcome: 'sandbox' | 'unknown' | 'failed' };

export class Cri {
  readonly #client: Client;
  readonly #options: CriOptions;
  readonly #queue: string[] = [];
  readonly #unknownUntilMs = new Map<string, number>();
  #calls = 0;
  #isStopped = false;
  readonly counts: Record<CriOutcome, number> = { ...CRI_NONE };

  constructor(options: CriOptions) {
    this.#options = options;
    this.#client = new Client(options.address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': CRI_RESPONSE_BYTES_MAX,
      // The runtime's server refuses the path that grpc-js would send as the authority.
      'grpc.default_authority': 'localhost',
    });
  }

  ask(containerId: string): void {
    if (this.#isStopped) return;
    const untilMs = this.#unknownUntilMs.get(containerId);
    if (untilMs !== undefined && untilMs > this.#options.nowMs()) return;
    if (this.#queue.length >= CRI_QUEUE_MAX) {
      this.counts.overflow += 1;
      return;
    }
    this.#queue.push(containerId);
    this.#pump();
  }

  stop(): void {
    this.#isStopped = true;
    this.#queue.length = 0;
    this.#client.close();
  }

  #pump(): void {
    while (this.#calls < CRI_CALLS_MAX) {
      const id = this.#queue.shift();
      if (id === undefined) return;
      this.#calls += 1;
      void this.#answer(id).finally(() => {
        this.#calls -= 1;
        this.#pump();
      });
    }
  }

  async #answer(id: string): Promise<void> {
    const found = await this.#find(id);
    if (this.#isStopped) return;
    this.counts[found.outcome] += 1;
    switch (found.outcome) {
      case 'found':
        this.#options.onAnswer(id, found.answer);
        return;
      case 'sandbox':
        this.#options.onAnswer(id, { kind: 'none' });
        return;
      case 'unknown':
        // Perhaps too new: Falco may still name it, so the wait goes on.
        this.#remember(id);
        return;
      case 'failed':
        return;
    }
  }

  async #find(id: string): Promise<Found | Other> {
    try {
      const containers = decodeIds(
        await this.#call(`${RUNTIME}/ListContainers`, encodeFilterById(id)),
      );
      const fullId = containers?.find((one) => one.startsWith(id));
      if (fullId === undefined) return await this.#findSandbox(id);
      const request = encodeContainerStatusRequest(fullId);
      const known = decodeContainerStatus(
        await this.#call(`${RUNTIME}/ContainerStatus`, request),
      );
      if (known === null) return { outcome: 'failed' };
      return { outcome: 'found', answer: identityOf(known, await this.#imageOf(known)) };
    } catch (error) {
      return { outcome: isNotFound(error) ? 'unknown' : 'failed' };
    }
  }

  async #findSandbox(id: string): Promise<Other> {
    const request = encodeFilterById(id);
    const sandboxes = decodeIds(await this.#call(`${RUNTIME}/ListPodSandbox`, request));
    const isSandbox = sandboxes?.some((one) => one.startsWith(id)) ?? false;
    return { outcome: isSandbox ? 'sandbox' : 'unknown' };
  }

  async #imageOf(known: CriContainerStatus): Promise<Image> {
    const image = imageFrom(known.image, known.imageRef);
    if (image.digest !== '' && image.repository !== '') return image;
    // CRI-O, and containerd for images without a repository digest: ask for the image itself.
    const reference = known.imageRef || known.image;
    const status = decodeImageStatus(
      await this.#call(`${IMAGES}/ImageStatus`, encodeImageStatusRequest(reference)),
    );
    return imageFrom(
      status?.repoTags[0] ?? known.image,
      status?.repoDigests[0] ?? known.imageRef,
    );
  }

  #remember(id: string): void {
    if (this.#unknownUntilMs.size >= CRI_UNKNOWN_MAX) {
      const [oldest] = this.#unknownUntilMs.keys();
      if (oldest !== undefined) this.#unknownUntilMs.delete(oldest);
    }
    this.#unknownUntilMs.delete(id);
    this.#unknownUntilMs.set(id, this.#options.nowMs() + CRI_UNKNOWN_KEPT_MS);
  }

  #call(path: string, request: Buffer): Promise<Buffer> {
    const deadline = this.#options.nowMs() + (this.#options.deadlineMs ?? CRI_DEADLINE_MS);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#client.makeUnaryRequest(
      path,
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

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === status.NOT_FOUND;
}

function identityOf(known: CriContainerStatus, image: Image): IdentityAnswer {
  return {
    kind: 'container',
    identity: {
      name: known.labels.get('io.kubernetes.container.name') ?? known.name,
      image,
      namespace: known.labels.get('io.kubernetes.pod.namespace') ?? '',
      pod: known.labels.get('io.kubernetes.pod.name') ?? '',
      podUid: known.labels.get('io.kubernetes.pod.uid') ?? '',
    },
  };
}

/**
 * `registry:5000/shop/api:2.0.3` and `registry:5000/shop/api@sha256:…`. A bare `sha256:…` is the
 * image's id, which is not the digest that Falco gives: it must not become a profile's key.
 */
export function imageFrom(reference: string, digested: string): Image {
  const [named = '', ownDigest = ''] = reference.split('@', 2);
  const [digestedName = '', digest = ''] = digested.split('@', 2);
  let name = named;
  if (isImageId(named)) name = isImageId(digestedName) ? '' : digestedName;
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const repository = hasTag ? name.slice(0, colon) : name;
  return {
    repository,
    tag: hasTag ? name.slice(colon + 1) : '',
    digest: digest || ownDigest,
  };
}

function isImageId(reference: string): boolean {
  return reference.startsWith('sha256:') || /^[0-9a-f]{64}$/.test(reference);
}
