import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import type { Clock } from '../clock.ts';
import type { ProfileStore, StoredProfile } from '../store/faces.ts';

/**
 * The fleet's profiles: what each agent has learned is merged into the one profile of its key and
 * stored. Merging is idempotent, so an agent may send the same again. One document at a time: it
 * is parsed whole. Bounds: `JSON_BYTES_MAX` when unpacked (a small gzip can hold gigabytes),
 * `PROFILES_MAX` keys; what is refused is refused with a reason and changes nothing.
 */
export const JSON_BYTES_MAX = 16 * 1_024 * 1_024;
const PROFILES_MAX = 50_000;

const unpack = promisify(gunzip);
const pack = promisify(gzip);

/** What profiles are is the baseline's business; this room only needs to merge and compare. */
export type ProfileAlgebra<P> = {
  parse(json: unknown): { readonly ok: true; readonly profile: P } | {
    readonly ok: false;
    readonly error: string;
  };
  merge(left: P, right: P): P;
  /** The same profile gives the same JSON, key order included: changes are found by comparing. */
  toJson(profile: P): unknown;
};

export type EvidenceRefusal = 'too-large' | 'not-gzip' | 'not-json' | 'invalid' | 'full';

export type Received =
  | {
    readonly ok: true;
    /** The stored profile grew: other agents should hear of it. */
    readonly changed: boolean;
    /** The sender does not know all of it. */
    readonly senderLacks: boolean;
    readonly profile: StoredProfile;
  }
  | { readonly ok: false; readonly reason: EvidenceRefusal; readonly detail: string };

export class ProfileBook<P> {
  readonly #store: ProfileStore;
  readonly #algebra: ProfileAlgebra<P>;
  readonly #clock: Clock;
  readonly #profilesMax: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: {
    readonly store: ProfileStore;
    readonly algebra: ProfileAlgebra<P>;
    readonly clock: Clock;
    readonly profilesMax?: number;
  }) {
    this.#store = options.store;
    this.#algebra = options.algebra;
    this.#clock = options.clock;
    this.#profilesMax = options.profilesMax ?? PROFILES_MAX;
  }

  /** In order of the calls; two merges of one key at once would lose one of them. */
  receive(key: string, document: Uint8Array): Promise<Received> {
    const received = this.#last.then(() => this.#receive(key, document));
    this.#last = received.catch(() => undefined);
    return received;
  }

  read(key: string): Promise<StoredProfile | undefined> {
    return this.#store.readProfile(key);
  }

  async #receive(key: string, document: Uint8Array): Promise<Received> {
    const sent = await this.#read(document);
    if (!sent.ok) return sent;
    const sentText = this.#text(sent.profile);
    const stored = await this.#store.readProfile(key);
    if (stored === undefined) {
      // Merged with itself it is in the form that all later merges give, so that the same evidence
      // sent again is seen to be the same.
      const firstText = this.#text(this.#algebra.merge(sent.profile, sent.profile));
      if (await this.#store.countProfiles() >= this.#profilesMax) {
        return { ok: false, reason: 'full', detail: `${this.#profilesMax} profiles are stored` };
      }
      const profile = await this.#write(key, 1, firstText);
      return { ok: true, changed: true, senderLacks: false, profile };
    }
    const known = await this.#read(stored.document);
    if (!known.ok) throw new Error(`the stored profile ${key} is damaged: ${known.detail}`);
    const mergedText = this.#text(this.#algebra.merge(known.profile, sent.profile));
    const changed = mergedText !== this.#text(known.profile);
    const profile = changed ? await this.#write(key, stored.revision + 1, mergedText) : stored;
    return { ok: true, changed, senderLacks: mergedText !== sentText, profile };
  }

  #text(profile: P): string {
    return JSON.stringify(this.#algebra.toJson(profile));
  }

  async #read(document: Uint8Array): Promise<
    | { readonly ok: true; readonly profile: P }
    | { readonly ok: false; readonly reason: EvidenceRefusal; readonly detail: string }
  > {
    let text: string;
    try {
      text = (await unpack(document, { maxOutputLength: JSON_BYTES_MAX })).toString();
    } catch (error) {
      const isTooLarge = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
      return {
        ok: false,
        reason: isTooLarge ? 'too-large' : 'not-gzip',
        detail: isTooLarge ? `more than ${JSON_BYTES_MAX} bytes unpacked` : 'cannot be unpacked',
      };
    }
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return { ok: false, reason: 'not-json', detail: 'is not JSON' };
    }
    const parsed = this.#algebra.parse(json);
    return parsed.ok
      ? parsed
      : { ok: false, reason: 'invalid', detail: parsed.error.slice(0, DETAIL_CHARACTERS_MAX) };
  }

  async #write(key: string, revision: number, text: string): Promise<StoredProfile> {
    const profile = {
      key,
      revision,
      document: await pack(text),
      updatedAtMs: this.#clock.now(),
    };
    await this.#store.writeProfile(profile);
    return profile;
  }
}

const DETAIL_CHARACTERS_MAX = 300;
