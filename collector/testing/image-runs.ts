import type { SeenRun } from '../store/image-face.ts';

/** Runs of images as agents tell of them. */
const SEEN = Date.UTC(2026, 10, 23, 12);
const hex = (number: number, letter: string): string =>
  `sha256:${letter}${String(number).padStart(63, '0')}`;

export const DIGEST = (number: number): string => hex(number, 'd');
/** The diff id of a layer. */
export const layer = (number: number): string => hex(number, 'a');

export const aRun = (over: Partial<SeenRun> = {}): SeenRun => ({
  cluster: 'c1',
  node: 'node-1',
  image: { repository: 'registry.local/shop/web', tag: '1.4.2', digest: DIGEST(7) },
  namespace: 'shop',
  workload: 'web',
  pod: 'web-1',
  podUid: 'uid-1',
  firstMs: SEEN - 60_000,
  lastMs: SEEN,
  saidMs: SEEN,
  isEnded: false,
  ...over,
});
