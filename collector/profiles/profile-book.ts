import type { ProfileDocument } from '../../baseline/profile/document.ts';
import { DOCUMENT_BYTES_MAX } from '../../proto/lanner/v1/bounds.ts';
import type { Clock } from '../clock.ts';
import type { AgentName, ProfileStore, StoredProfile } from '../store/faces.ts';
import type { Subject } from './decision-rules.ts';
import { packDocument, readDocument } from './document-bytes.ts';
import type { DocumentRefusal } from './document-bytes.ts';
import { EvidenceBudget } from './evidence-budget.ts';
import type { BudgetRefusal } from './evidence-budget.ts';
import {
  emptyDocument,
  forgotten,
  merged,
  mismatch,
  ofGeneration,
  stamped,
  textOf,
} from './image-profiles.ts';

/**
 * The fleet's profiles: what each agent has learned is stamped with who says it, merged into the
 * one profile of its key and stored. Merging is idempotent, so an agent may send the same again.
 * One document at a time in this process, because it is parsed whole; a write of another replica
 * in between is seen by its revision, and the merge is done again on what that one wrote.
 *
 * Bounds: those of `evidence-budget.ts` per agent, `JSON_BYTES_MAX` when unpacked, `PROFILES_MAX`
 * keys, `TRIES_MAX` merges of one document. What is refused is refused with a reason and changes
 * nothing. A stored profile that this version cannot read is begun anew from what agents send.
 */
const PROFILES_MAX = 50_000;
export const TRIES_MAX = 8;

export type EvidenceRefusal =
  | DocumentRefusal
  | BudgetRefusal
  | 'wrong-image'
  | 'locked'
  | 'outdated'
  | 'full'
  | 'conflict';

type Refused = {
  readonly ok: false;
  readonly reason: EvidenceRefusal;
  readonly detail: string;
};

export type Received =
  | {
    readonly ok: true;
    /** The stored profile grew: other agents should hear of it. */
    readonly changed: boolean;
    /** The sender does not know all of it. */
    readonly senderLacks: boolean;
    readonly profile: StoredProfile;
  }
  | Refused;

export type Changed = { readonly ok: true; readonly profile: StoredProfile } | Refused;

export type StoredDocument = {
  readonly profile: StoredProfile;
  readonly document: ProfileDocument;
};

export type ProfileBookOptions = {
  readonly store: ProfileStore;
  readonly clock: Clock;
  /** What people said: that a profile learns nothing new, or was to be forgotten. */
  readonly decisions: {
    isLocked(subject: Subject): Promise<boolean>;
    generationOf(subject: Subject): Promise<number>;
  };
  /** A stored document cannot be read: it was damaged, or written by another version. */
  readonly onUnreadable: (key: string, detail: string) => void;
  readonly budget?: EvidenceBudget;
  readonly profilesMax?: number;
};

export class ProfileBook {
  readonly #options: ProfileBookOptions;
  readonly #budget: EvidenceBudget;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ProfileBookOptions) {
    this.#options = options;
    this.#budget = options.budget ?? new EvidenceBudget();
  }

  /** `agent` is who the link's credentials say it is; nothing in the document says so. */
  async receive(agent: AgentName, key: string, bytes: Uint8Array): Promise<Received> {
    const { clock } = this.#options;
    const refusal = this.#budget.take(agent, key, bytes.length, clock.now());
    if (refusal !== undefined) {
      return { ok: false, reason: refusal, detail: 'more than one agent may bring in an hour' };
    }
    return this.#inTurn(() => this.#receive(agent, key, bytes));
  }

  read(key: string): Promise<StoredProfile | undefined> {
    return this.#options.store.readProfile(key);
  }

  async readDocument(key: string): Promise<StoredDocument | undefined> {
    const profile = await this.read(key);
    if (profile === undefined) return undefined;
    const found = await readDocument(profile.document);
    if (found.ok) return { profile, document: found.document };
    this.#options.onUnreadable(key, found.detail);
    return undefined;
  }

  /** What people say about a profile: `change` sees what is stored, and may be asked again. */
  change(
    key: string,
    change: (stored: ProfileDocument | undefined) => ProfileDocument | undefined,
  ): Promise<Changed | undefined> {
    return this.#inTurn(() => this.#retried(async () => {
      const stored = await this.#stored(key);
      const document = change(stored.document);
      if (document === undefined) return undefined;
      if (stored.revision === 0 && await this.#isFull()) return this.#full();
      return this.#write(key, stored.revision + 1, document);
    }));
  }

  async #receive(agent: AgentName, key: string, bytes: Uint8Array): Promise<Received> {
    const sent = await readDocument(bytes);
    if (!sent.ok) return sent;
    const problem = mismatch(key, sent.document);
    if (problem !== undefined) return { ok: false, reason: 'wrong-image', detail: problem };
    const { repository } = sent.document.image;
    if (await this.#options.decisions.isLocked({ profileKey: key, repository })) {
      return { ok: false, reason: 'locked', detail: 'the profile is locked' };
    }
    const evidence = stamped(sent.document, `${agent.cluster}/${agent.node}`);
    return this.#retried(() => this.#merge(agent, key, evidence));
  }

  async #merge(agent: AgentName, key: string, sent: ProfileDocument): Promise<Received> {
    const nowMs = this.#options.clock.now();
    const stored = await this.#stored(key);
    if (stored.revision === 0) {
      if (!this.#budget.mayMake(agent, nowMs)) {
        const detail = 'more new profiles than one agent may bring in an hour';
        return { ok: false, reason: 'too-many-new-keys', detail };
      }
      if (await this.#isFull()) return this.#full();
    }
    const generation = await this.#generation(sent, stored.document);
    if (sent.generation < generation) {
      return { ok: false, reason: 'outdated', detail: 'it was learned before the last reset' };
    }
    const evidence = ofGeneration(sent, generation);
    const known = stored.document ?? emptyDocument(sent);
    const next = merged(forgotten(known, generation), evidence);
    const nextText = textOf(next);
    // Agents write documents as merging does; from any other the answer is a push too many.
    const senderLacks = nextText !== textOf(evidence);
    if (stored.profile !== undefined && nextText === textOf(known)) {
      return { ok: true, changed: false, senderLacks, profile: stored.profile };
    }
    const written = await this.#write(key, stored.revision + 1, next);
    if (!written.ok) return written;
    if (stored.revision === 0) this.#budget.noteMade(agent, nowMs);
    return { ok: true, changed: true, senderLacks, profile: written.profile };
  }

  /** Of the last reset that people asked for; the store may hold a later one than the list. */
  async #generation(
    { key, image }: ProfileDocument,
    stored: ProfileDocument | undefined,
  ): Promise<number> {
    const subject = { profileKey: key, repository: image.repository };
    const decided = await this.#options.decisions.generationOf(subject);
    return Math.max(decided, stored?.generation ?? 0);
  }

  async #stored(key: string): Promise<{
    readonly revision: number;
    readonly profile?: StoredProfile;
    readonly document?: ProfileDocument;
  }> {
    const profile = await this.read(key);
    if (profile === undefined) return { revision: 0 };
    const found = await readDocument(profile.document);
    if (found.ok) return { revision: profile.revision, profile, document: found.document };
    this.#options.onUnreadable(key, found.detail);
    return { revision: profile.revision, profile };
  }

  async #write(key: string, revision: number, document: ProfileDocument): Promise<Changed> {
    const packed = await packDocument(document);
    if (!packed.ok) return packed;
    if (packed.bytes.length > DOCUMENT_BYTES_MAX) {
      const detail = `more than ${DOCUMENT_BYTES_MAX} bytes packed: no agent could be sent it`;
      return { ok: false, reason: 'too-large', detail };
    }
    const updatedAtMs = this.#options.clock.now();
    const profile = { key, revision, document: packed.bytes, updatedAtMs };
    if (await this.#options.store.writeProfile(profile)) return { ok: true, profile };
    return { ok: false, reason: 'conflict', detail: 'other replicas write this profile, too' };
  }

  async #retried<T extends { readonly ok: boolean } | undefined>(
    run: () => Promise<T>,
  ): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      const done = await run();
      const isConflict = done !== undefined && 'reason' in done && done.reason === 'conflict';
      if (!isConflict || tries >= TRIES_MAX) return done;
    }
  }

  async #isFull(): Promise<boolean> {
    const { store, profilesMax = PROFILES_MAX } = this.#options;
    return await store.countProfiles() >= profilesMax;
  }

  #full(): Refused {
    const { profilesMax = PROFILES_MAX } = this.#options;
    return { ok: false, reason: 'full', detail: `${profilesMax} profiles are stored` };
  }

  /** In order of the calls. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#last.then(run);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
