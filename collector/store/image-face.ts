import type { Scope } from '../incident/visibility.ts';
import type { AgentName } from './faces.ts';

/** Which images ran where, and what they are made of: what `images/` asks of the store. */
export type ImageName = {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
};

/** One image in one pod, as somebody saw it. */
export type SeenRun = AgentName & {
  readonly image: ImageName;
  readonly namespace: string;
  readonly workload: string;
  readonly pod: string;
  readonly podUid: string;
  readonly firstMs: number;
  readonly lastMs: number;
  /** When its node said whether it runs; 0 where an alert alone tells of it. */
  readonly saidMs: number;
  readonly isEnded: boolean;
};

export type ImageRow = ImageName & { readonly id: number };

export type ImageWish = {
  readonly repository?: string;
  readonly tag?: string;
  readonly digests?: readonly string[];
};

export type RunsWish = {
  readonly images: readonly number[];
  readonly scope: Scope;
  readonly cluster?: string;
  /** Runs that were seen since then. */
  readonly sinceMs: number;
  /** A pod runs now if its node said so since then. */
  readonly nowSinceMs: number;
};

type Counted = {
  readonly pods: number;
  readonly podsNow: number;
  readonly firstMs: number;
  readonly lastMs: number;
};

/** A pod is counted once, however many of the images it runs. */
export type OwnerRuns = Counted & {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly images: readonly number[];
  readonly nodes: number;
};

export type NodeRuns = Counted & AgentName;

export type ImageRuns = {
  readonly owners: readonly OwnerRuns[];
  readonly nodes: readonly NodeRuns[];
  readonly images: ReadonlyMap<number, Counted>;
  /** Rows that were counted. */
  readonly rows: number;
  /** More than `RUNS_READ_MAX`: the rest was not looked at. */
  readonly isPartial: boolean;
};

export const layerSources = ['node', 'import'] as const;
export type LayerSource = (typeof layerSources)[number];

/** What somebody says that an image consists of, the lowest layer first. */
export type LayerClaim = {
  readonly digest: string;
  readonly layers: readonly string[];
  readonly source: LayerSource;
};

export type ImageStore = {
  /** Joined with what is known: in any order, any number of times. */
  saveImageRuns(runs: readonly SeenRun[]): Promise<void>;
  findImages(wish: ImageWish, limit: number): Promise<readonly ImageRow[]>;
  imageRuns(wish: RunsWish): Promise<ImageRuns>;
  /**
   * How many claims there was no room for: of one digest, or of all. `names` are those by which
   * images are asked for that nobody runs.
   */
  saveLayers(claims: readonly LayerClaim[], names?: readonly ImageName[]): Promise<number>;
  /** All claims about those digests; one digest may have several. */
  layersOf(digests: readonly string[]): Promise<readonly LayerClaim[]>;
  /** Claims that hold all of these layers, and how many layers they have. */
  claimsWith(
    layers: readonly string[],
    limit: number,
  ): Promise<readonly { readonly digest: string; readonly layers: number }[]>;
  /** Of which no layers are known: how many, and some of them. */
  imagesWithoutLayers(
    limit: number,
  ): Promise<{ readonly count: number; readonly some: readonly ImageName[] }>;
  /** What was seen before was not recorded. */
  imageRunsSince(): Promise<number>;
  /** Of all stored profiles, without reading them. */
  listProfileRevisions(limit: number): Promise<ReadonlyMap<string, number>>;
};
