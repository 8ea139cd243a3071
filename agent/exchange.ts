/**
 * Profiles and decisions, to and from the collector, as gzipped JSON. What comes in is bounded
 * before it is unpacked to memory; a document that cannot be read or adopted is counted and changes
 * nothing. What was adopted or learned goes to the cache, and comes back from it at the start.
 */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { DOCUMENT_BYTES_MAX } from '../proto/lanner/v1/bounds.ts';
import type { DecisionsFrame, ProfileFrame } from '../proto/lanner/v1/frames.ts';
import type { EvidenceBox } from './link/evidence-box.ts';
import type { CacheEntry } from './profiles/cache-entry.ts';
import type { ProfileCache } from './profiles/profile-cache.ts';

export const UNPACKED_BYTES_MAX = 64 * 1_024 * 1_024;
/** Profiles being unpacked at once; the collector sends them again when they change. */
export const ADOPTIONS_OPEN_MAX = 16;

export const adoptOutcomes = ['adopted', 'refused', 'malformed', 'overflow'] as const;
export type AdoptOutcome = (typeof adoptOutcomes)[number];

export type Adopted =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: string };

export type ProfileSide = {
  /** Profiles that changed since the last call; events may come between one and the next. */
  eachEvidence(): Iterable<{
    readonly key: string;
    readonly revision: number;
    readonly document: unknown;
  }>;
  adopt(key: string, document: unknown): Adopted;
  /** What `eachEvidence` gave before a restart; without it, it is adopted like the fleet's. */
  restore?(key: string, document: unknown): Adopted;
  /** The whole list of what people decided; replaces the one before. */
  decide?(decisions: unknown): Adopted;
};

export type ExchangeOptions = {
  readonly profiles: ProfileSide;
  readonly box: EvidenceBox;
  readonly cache: ProfileCache | null;
  readonly onRefused: (key: string, error: string) => void;
};

/** How a refused list of decisions is named in the log; no profile has this key. */
const DECISIONS = '(decisions)';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

export class Exchange {
  readonly #options: ExchangeOptions;
  #open = 0;
  #isDeciding = false;
  #decisionsWaiting: DecisionsFrame | null = null;
  /** Documents above the link's bound; the profile is too large to be shared. */
  evidenceTooLarge = 0;
  readonly adoptions = noOutcomes();
  /** Profiles from the cache. */
  readonly restored = noOutcomes();
  /** `overflow`: a newer list came before this one was looked at. */
  readonly decisions = noOutcomes();

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Puts what changed since the last call into the box; true when there was something. */
  async gather(): Promise<boolean> {
    const { profiles, box, cache } = this.#options;
    let isNews = false;
    for (const { key, revision, document } of profiles.eachEvidence()) {
      isNews = true;
      const bytes = await pack(JSON.stringify(document));
      if (bytes.length > DOCUMENT_BYTES_MAX) {
        this.evidenceTooLarge += 1;
        continue;
      }
      box.put({ key, revision, document: bytes });
      cache?.put({ side: 'own', key, revision, document: bytes });
    }
    return isNews;
  }

  async adopt({ profileKey, revision, document }: ProfileFrame): Promise<void> {
    if (this.#open >= ADOPTIONS_OPEN_MAX) {
      this.adoptions.overflow += 1;
      return;
    }
    const { profiles, cache } = this.#options;
    this.#open += 1;
    const outcome = await this.#take(profileKey, document, (parsed) =>
      profiles.adopt(profileKey, parsed));
    this.#open -= 1;
    this.adoptions[outcome] += 1;
    if (outcome === 'adopted') cache?.put({ side: 'fleet', key: profileKey, revision, document });
  }

  /** In order, because the last list holds; of those that wait only the newest is looked at. */
  async decide(frame: DecisionsFrame): Promise<void> {
    if (this.#decisionsWaiting !== null) this.decisions.overflow += 1;
    this.#decisionsWaiting = frame;
    if (this.#isDeciding) return;
    this.#isDeciding = true;
    for (let next = this.#nextDecisions(); next !== null; next = this.#nextDecisions()) {
      const { revision, document } = next;
      const outcome = await this.#decide(document);
      this.decisions[outcome] += 1;
      if (outcome !== 'adopted') continue;
      this.#options.cache?.put({ side: 'decisions', key: '', revision, document });
    }
    this.#isDeciding = false;
  }

  /** What the agent before knew, before the first event is judged. */
  async restore(): Promise<void> {
    const { cache } = this.#options;
    if (cache === null) return;
    let decisions: Uint8Array | null = null;
    for await (const entry of cache.load()) {
      if (entry.side === 'decisions') decisions = entry.document;
      else await this.#restoreProfile(entry);
    }
    // Last, when the profiles that they are about are there.
    if (decisions !== null) await this.#decide(decisions);
  }

  async #restoreProfile({ side, key, revision, document }: CacheEntry): Promise<void> {
    const { profiles, box } = this.#options;
    const outcome = await this.#take(key, document, (parsed) =>
      side === 'own' && profiles.restore !== undefined
        ? profiles.restore(key, parsed)
        : profiles.adopt(key, parsed));
    this.restored[outcome] += 1;
    // The collector may have been away when it was learned.
    if (side === 'own' && outcome === 'adopted') box.put({ key, revision, document });
  }

  #nextDecisions(): DecisionsFrame | null {
    const next = this.#decisionsWaiting;
    this.#decisionsWaiting = null;
    return next;
  }

  #decide(document: Uint8Array): Promise<AdoptOutcome> {
    return this.#take(DECISIONS, document, (parsed) =>
      this.#options.profiles.decide?.(parsed) ??
        { ok: false, error: 'this agent knows no decisions' });
  }

  async #take(
    key: string,
    document: Uint8Array,
    adopt: (parsed: unknown) => Adopted,
  ): Promise<AdoptOutcome> {
    let parsed: unknown;
    try {
      const bytes = await unpack(document, { maxOutputLength: UNPACKED_BYTES_MAX });
      parsed = JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      this.#options.onRefused(key, error instanceof Error ? error.message : String(error));
      return 'malformed';
    }
    const adopted = adopt(parsed);
    if (adopted.ok) return 'adopted';
    this.#options.onRefused(key, adopted.error);
    return 'refused';
  }
}

function noOutcomes(): Record<AdoptOutcome, number> {
  return { adopted: 0, refused: 0, malformed: 0, overflow: 0 };
}
