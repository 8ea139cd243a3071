/**
 * Profiles to and from the collector, as gzipped JSON. What comes in is bounded before it is
 * unpacked to memory; a document that cannot be read or adopted is counted and changes nothing.
 */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { DOCUMENT_BYTES_MAX } from '../proto/lanner/v1/bounds.ts';
import type { ProfileFrame } from '../proto/lanner/v1/frames.ts';
import type { EvidenceBox } from './link/evidence-box.ts';

export const UNPACKED_BYTES_MAX = 64 * 1_024 * 1_024;
/** Profiles being unpacked at once; the collector sends them again when they change. */
export const ADOPTIONS_OPEN_MAX = 16;

export const adoptOutcomes = ['adopted', 'refused', 'malformed', 'overflow'] as const;
export type AdoptOutcome = (typeof adoptOutcomes)[number];

export type ProfileSide = {
  takeEvidence(): readonly {
    readonly key: string;
    readonly revision: number;
    readonly document: unknown;
  }[];
  adopt(
    key: string,
    document: unknown,
  ): { readonly ok: true } | { readonly ok: false; readonly error: string };
};

const pack = promisify(gzip);
const unpack = promisify(gunzip);

export class Exchange {
  readonly #profiles: ProfileSide;
  readonly #box: EvidenceBox;
  readonly #onRefused: (key: string, error: string) => void;
  #open = 0;
  /** Documents above the link's bound; the profile is too large to be shared. */
  evidenceTooLarge = 0;
  readonly adoptions: Record<AdoptOutcome, number> = {
    adopted: 0,
    refused: 0,
    malformed: 0,
    overflow: 0,
  };

  constructor(
    profiles: ProfileSide,
    box: EvidenceBox,
    onRefused: (key: string, error: string) => void,
  ) {
    this.#profiles = profiles;
    this.#box = box;
    this.#onRefused = onRefused;
  }

  /** Puts what changed since the last call into the box; true when there was something. */
  async gather(): Promise<boolean> {
    const changed = this.#profiles.takeEvidence();
    for (const { key, revision, document } of changed) {
      const bytes = await pack(JSON.stringify(document));
      if (bytes.length > DOCUMENT_BYTES_MAX) this.evidenceTooLarge += 1;
      else this.#box.put({ key, revision, document: bytes });
    }
    return changed.length > 0;
  }

  async adopt({ profileKey, document }: ProfileFrame): Promise<void> {
    if (this.#open >= ADOPTIONS_OPEN_MAX) {
      this.adoptions.overflow += 1;
      return;
    }
    this.#open += 1;
    const outcome = await this.#adopt(profileKey, document);
    this.#open -= 1;
    this.adoptions[outcome] += 1;
  }

  async #adopt(key: string, document: Uint8Array): Promise<AdoptOutcome> {
    let parsed: unknown;
    try {
      const bytes = await unpack(document, { maxOutputLength: UNPACKED_BYTES_MAX });
      parsed = JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      this.#onRefused(key, error instanceof Error ? error.message : String(error));
      return 'malformed';
    }
    const adopted = this.#profiles.adopt(key, parsed);
    if (adopted.ok) return 'adopted';
    this.#onRefused(key, adopted.error);
    return 'refused';
  }
}
