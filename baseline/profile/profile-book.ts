import type { Container, Image } from '../observation.ts';
import { ImageProfile } from './image-profile.ts';

/**
 * All profiles of one agent (or one fleet), by image digest, and the lineages they form: the
 * profiles of one repository in order of first sight. Bound: `PROFILES_MAX`; the profile that was
 * not seen for longest goes first, and `forgotten` counts it.
 */

export const PROFILES_MAX = 1024;

export class ProfileBook {
  readonly #profiles = new Map<string, ImageProfile>();
  readonly #lineages = new Map<string, ImageProfile[]>();
  readonly #hostPool: string;
  forgotten = 0;

  constructor(options: { readonly hostPool: string }) {
    this.#hostPool = options.hostPool;
  }

  /** The profile that a container is judged by; made on first sight, with its parent. */
  profileFor(container: Container): ImageProfile {
    const key = profileKey(container, this.#hostPool);
    return this.#profiles.get(key) ?? this.#create(key, container.image);
  }

  get(key: string): ImageProfile | undefined {
    return this.#profiles.get(key);
  }

  values(): IterableIterator<ImageProfile> {
    return this.#profiles.values();
  }

  get size(): number {
    return this.#profiles.size;
  }

  /** Oldest first. */
  lineage(repository: string): readonly ImageProfile[] {
    return this.#lineages.get(repository) ?? [];
  }

  ensure(key: string, image: Image): ImageProfile {
    return this.#profiles.get(key) ?? this.#create(key, image);
  }

  #create(key: string, image: Image): ImageProfile {
    if (this.#profiles.size >= PROFILES_MAX) this.#forgetLeastRecent();
    const profile = new ImageProfile(key, image);
    this.#profiles.set(key, profile);
    if (image.repository === '') return profile;
    const lineage = this.#lineages.get(image.repository) ?? [];
    profile.parent = latestWithEvidence(lineage);
    lineage.push(profile);
    this.#lineages.set(image.repository, lineage);
    return profile;
  }

  #forgetLeastRecent(): void {
    let oldest: ImageProfile | null = null;
    for (const profile of this.#profiles.values()) {
      if (oldest === null || profile.lastMs < oldest.lastMs) oldest = profile;
    }
    if (oldest === null) return;
    this.#profiles.delete(oldest.key);
    this.forgotten += 1;
    const lineage = this.#lineages.get(oldest.image.repository);
    if (lineage !== undefined) lineage.splice(lineage.indexOf(oldest), 1);
    for (const profile of this.#profiles.values()) {
      if (profile.parent === oldest) profile.parent = oldest.parent;
    }
  }
}

/** Nothing is learned from a version that never ran for a window. */
function latestWithEvidence(lineage: readonly ImageProfile[]): ImageProfile | null {
  for (let index = lineage.length - 1; index >= 0; index -= 1) {
    const profile = lineage[index];
    if (profile !== undefined && profile.windows > 0) return profile;
  }
  return null;
}

/**
 * One profile per digest; where the runtime gives none (plain docker), per repository and tag; for
 * a container whose image nobody could name, one for all such containers of a namespace.
 */
export function profileKey(container: Container, hostPool: string): string {
  if (container.scope === 'host') return `host:${hostPool}`;
  const { repository, tag, digest } = container.image;
  if (digest !== '') return `${repository}@${digest}`;
  if (repository !== '') return `${repository}:${tag}`;
  return `unknown:${container.namespace}`;
}
