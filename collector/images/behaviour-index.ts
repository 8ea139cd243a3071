import { hash } from 'node:crypto';

import type { Channel } from '../../baseline/alert.ts';
import type { ProfileDocument } from '../../baseline/profile/document.ts';
import type { Clock } from '../clock.ts';
import { readDocument } from '../profiles/document-bytes.ts';
import type { ProfileStore } from '../store/faces.ts';
import type { ImageName, ImageStore } from '../store/image-face.ts';
import { behaviourIn, behaviourKey, directoryKey } from './behaviour-key.ts';
import type { WantedBehaviour } from './behaviour-key.ts';

/**
 * Which profiles know a behaviour, without reading them all each time: per stored profile a sorted
 * list of 48-bit hashes, made anew when its revision grows. A question brings it up to date for at
 * most `READ_MS`; what is left unread then is told with the answer, and read by the next.
 *
 * Bounds: `PROFILES_MAX` profiles, `HASHES_MAX` hashes (32 MB) in all.
 */
export const PROFILES_MAX = 20_000;
export const HASHES_MAX = 4_000_000;
export const READ_MS = 2_000;
const HASH_BYTES = 6;

type Indexed = {
  readonly revision: number;
  readonly image: ImageName;
  readonly hashes: Float64Array;
};

export type BehaviourIndexOptions = {
  readonly store: Pick<ProfileStore, 'readProfile'> & Pick<ImageStore, 'listProfileRevisions'>;
  readonly clock: Clock;
  readonly readMs?: number;
};

export type KnownBy = {
  readonly images: readonly ImageName[];
  /** Profiles that were not looked at. */
  readonly unread: number;
};

export class BehaviourIndex {
  readonly #options: BehaviourIndexOptions;
  readonly #profiles = new Map<string, Indexed>();
  #hashes = 0;
  /** One at a time: two questions would read the same profiles twice. */
  #reading: Promise<number> = Promise.resolve(0);

  constructor(options: BehaviourIndexOptions) {
    this.#options = options;
  }

  async knownBy(wanted: readonly WantedBehaviour[]): Promise<KnownBy> {
    this.#reading = this.#reading.catch(() => 0).then(() => this.#refresh());
    const unread = await this.#reading;
    const keys = wanted.flatMap((one) => {
      const behaviour = behaviourIn(one);
      return behaviour === null ? [] : [hashOf(behaviourKey(behaviour))];
    });
    const images = [...this.#profiles.values()]
      .filter(({ hashes }) => keys.some((key) => holds(hashes, key)))
      .map(({ image }) => image);
    return { images, unread };
  }

  async #refresh(): Promise<number> {
    const { store, clock, readMs = READ_MS } = this.#options;
    const revisions = await store.listProfileRevisions(PROFILES_MAX);
    for (const [key, { hashes }] of this.#profiles) {
      if (revisions.has(key)) continue;
      this.#hashes -= hashes.length;
      this.#profiles.delete(key);
    }
    const untilMs = clock.now() + readMs;
    let unread = 0;
    for (const [key, revision] of revisions) {
      if (this.#profiles.get(key)?.revision === revision) continue;
      if (clock.now() >= untilMs || !await this.#read(key)) unread += 1;
    }
    return unread;
  }

  /** False when there is no room for it, or it cannot be read. */
  async #read(key: string): Promise<boolean> {
    const profile = await this.#options.store.readProfile(key);
    if (profile === undefined) return true;
    const read = await readDocument(profile.document);
    if (!read.ok) return false;
    const hashes = hashesOf(read.document);
    const known = this.#profiles.get(key)?.hashes.length ?? 0;
    if (this.#hashes - known + hashes.length > HASHES_MAX) return false;
    this.#hashes += hashes.length - known;
    this.#profiles.set(key, { revision: profile.revision, image: read.document.image, hashes });
    return true;
  }
}

function hashesOf(document: ProfileDocument): Float64Array {
  const hashes = new Set<number>();
  for (const [channel, evidence] of Object.entries(document.channels)) {
    for (const { verb, tree, detail, by, names } of evidence.families) {
      for (const [object] of names) {
        const behaviour = { channel: channel as Channel, verb, object, tree, detail, by };
        hashes.add(hashOf(behaviourKey(behaviour)));
        const directory = directoryKey(behaviour);
        if (directory !== null) hashes.add(hashOf(directory));
      }
    }
  }
  return Float64Array.from(hashes).sort();
}

const hashOf = (text: string): number =>
  hash('sha256', text, 'buffer').readUIntBE(0, HASH_BYTES);

function holds(sorted: Float64Array, wanted: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? Infinity) < wanted) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === wanted;
}
