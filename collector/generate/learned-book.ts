import type { ClusterObjects } from '../kube/cluster-objects.ts';
import { readDocument } from '../profiles/document-bytes.ts';
import { learnedOf } from './learned.ts';
import type { Learned } from './learned.ts';

/**
 * Profiles of the images that run, worked out once for each revision: what a profile's names are is
 * some hundred milliseconds of work. Bounds: `LEARNED_MAX` profiles are kept and answered with;
 * those beyond are left out like images without a profile, and shown as such.
 */
export const LEARNED_MAX = 2_000;
const KEYS_PER_IMAGE_MAX = 50;
const KEYS_PER_READ = 200;

type Stored = { readonly revision: number; readonly document: Uint8Array };

/** What is asked of the store. */
export type LearnedStore = {
  findProfileKeys(q: string, limit: number): Promise<readonly string[]>;
  profileRevisions(keys: readonly string[]): Promise<ReadonlyMap<string, number>>;
  readProfile(key: string): Promise<Stored | undefined>;
};

export class LearnedBook {
  readonly #store: LearnedStore;
  readonly #known = new Map<string, { readonly revision: number; readonly learned: Learned }>();

  constructor(store: LearnedStore) {
    this.#store = store;
  }

  async of(objects: ClusterObjects): Promise<readonly Learned[]> {
    const keys = await this.#keysOf(objects);
    const found: Learned[] = [];
    for (let start = 0; start < keys.length; start += KEYS_PER_READ) {
      const some = keys.slice(start, start + KEYS_PER_READ);
      for (const [key, revision] of await this.#store.profileRevisions(some)) {
        const learned = await this.#one(key, revision);
        if (learned !== undefined) found.push(learned);
      }
    }
    return found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  async #keysOf({ pods }: ClusterObjects): Promise<readonly string[]> {
    const images = new Set(pods.flatMap(({ containers }) => containers)
      .map(({ image, digest }) => digest || (/sha256:[0-9a-f]{64}$/.exec(image)?.[0] ?? image)));
    const keys = new Set<string>();
    for (const image of images) {
      if (image === '' || keys.size >= LEARNED_MAX) continue;
      for (const key of await this.#store.findProfileKeys(image, KEYS_PER_IMAGE_MAX)) keys.add(key);
    }
    return [...keys].toSorted().slice(0, LEARNED_MAX);
  }

  async #one(key: string, revision: number): Promise<Learned | undefined> {
    const known = this.#known.get(key);
    if (known?.revision === revision) return known.learned;
    const stored = await this.#store.readProfile(key);
    const read = stored === undefined ? undefined : await readDocument(stored.document);
    if (stored === undefined || read?.ok !== true) return undefined;
    const learned = learnedOf(read.document);
    if (this.#known.size >= LEARNED_MAX) this.#known.clear();
    this.#known.set(key, { revision: stored.revision, learned });
    return learned;
  }
}
