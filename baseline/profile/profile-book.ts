import type { Container, Image } from '../observation.ts';
import type { CompletionRule } from './completion.ts';
import { Decisions, type ParsedDecisions } from './decisions.ts';
import { ImageProfile, type Outlook } from './image-profile.ts';
import { reporterOf } from './pod-set.ts';
import { partOf, shouldSplit } from './workload-split.ts';

/**
 * All profiles of one agent (or one fleet), by image digest, and the lineages they form: the
 * profiles of one repository in order of first sight. Bound: `PROFILES_MAX`; the profile that was
 * not seen for longest goes first, and `forgotten` counts it.
 */

export const PROFILES_MAX = 1024;

export class ProfileBook {
  readonly #profiles = new Map<string, ImageProfile>();
  readonly #lineages = new Map<string, ImageProfile[]>();
  /** Images whose applications have a profile each; so have later images of the repository. */
  readonly #split = new Set<string>();
  readonly #hostPool: string;
  readonly #outlook: Outlook;
  /** What people decided about any of them. */
  readonly decisions = new Decisions();
  forgotten = 0;

  constructor(options: {
    readonly hostPool: string;
    readonly cluster: string;
    readonly node: string;
    readonly windowMs: number;
    readonly completion: CompletionRule;
  }) {
    const { hostPool, cluster, node, windowMs, completion } = options;
    this.#hostPool = hostPool;
    this.#outlook = { windowMs, completion, self: reporterOf(`${cluster}/${node}`) };
  }

  /** The profile that a container is judged by; made on first sight, with its parent. */
  profileFor(container: Container): ImageProfile {
    const base = profileKey(container, this.#hostPool);
    const workload = this.#split.has(container.image.repository) ? workloadName(container) : '';
    return this.ensure(partKey(base, workload), container.image, workload);
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

  ensure(key: string, image: Image, workload = ''): ImageProfile {
    const known = this.#profiles.get(key);
    if (known !== undefined) return known;
    const profile = new ImageProfile(key, image, workload, this.#outlook);
    profile.decisions = this.decisions;
    profile.generation = this.decisions.generationOf(profile);
    profile.parent = latestWithEvidence(this.#lineage(profile));
    this.#add(profile);
    return profile;
  }

  /** Replaces what people decided; profiles that were reset since forget what they know. */
  decide(list: unknown): ParsedDecisions {
    const parsed = this.decisions.replace(list);
    if (!parsed.ok) return parsed;
    for (const profile of this.#profiles.values()) {
      const generation = this.decisions.generationOf(profile);
      if (generation > profile.generation) profile.reset(generation);
    }
    return parsed;
  }

  /** Splits a profile by workload if its applications differ; true if they did. */
  splitIfDifferent(profile: ImageProfile): boolean {
    if (profile.workload !== '' || profile.image.repository === '') return false;
    if (!shouldSplit(profile)) return false;
    this.#split.add(profile.image.repository);
    const workloads = new Set([...profile.pods.spans().values()].map((span) => span.workload));
    for (const workload of workloads) {
      if (workload === '') continue;
      const part = partOf(profile, workload, partKey(profile.key, workload));
      part.parent = profile.parent;
      this.#add(part);
    }
    this.#remove(profile);
    return true;
  }

  #add(profile: ImageProfile): void {
    if (this.#profiles.size >= PROFILES_MAX) this.#forgetLeastRecent();
    this.#profiles.set(profile.key, profile);
    this.#lineage(profile).push(profile);
  }

  /** The profiles of one repository (and application), oldest first. */
  #lineage({ image, workload }: ImageProfile): ImageProfile[] {
    if (image.repository === '') return [];
    const name = partKey(image.repository, workload);
    const lineage = this.#lineages.get(name) ?? [];
    this.#lineages.set(name, lineage);
    return lineage;
  }

  #forgetLeastRecent(): void {
    let oldest: ImageProfile | null = null;
    for (const profile of this.#profiles.values()) {
      if (oldest === null || lastSeen(profile) < lastSeen(oldest)) oldest = profile;
    }
    if (oldest === null) return;
    this.forgotten += 1;
    this.#remove(oldest);
    for (const profile of this.#profiles.values()) {
      if (profile.parent === oldest) profile.parent = oldest.parent;
    }
  }

  #remove(profile: ImageProfile): void {
    this.#profiles.delete(profile.key);
    const lineage = this.#lineage(profile);
    const index = lineage.indexOf(profile);
    if (index >= 0) lineage.splice(index, 1);
  }
}

function lastSeen({ seenMs, lastMs }: ImageProfile): number {
  return Math.max(seenMs, lastMs);
}

export function workloadName(container: Container): string {
  return container.workload === '' ? '' : `${container.namespace}/${container.workload}`;
}

function partKey(base: string, workload: string): string {
  return workload === '' ? base : `${base}#${workload}`;
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
