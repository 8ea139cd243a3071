import type { ProfileDocument } from '../../baseline/profile/document.ts';
import type { Decision } from '../../baseline/profile/decisions.ts';
import type { Store } from '../store/faces.ts';
import type { Decided, DecisionBook, Undone } from './decision-book.ts';
import type { Place, Wish } from './decision-rules.ts';
import { diffRows } from './diff.ts';
import type { DiffRow } from './diff.ts';
import { emptyDocument, forgotten } from './image-profiles.ts';
import type { ProfileBook } from './profile-book.ts';
import type { EvidenceRefusal } from './profile-book.ts';
import type { ProfileFeed } from './profile-feed.ts';
import { toReview } from './review.ts';
import type { Review } from './review.ts';

/**
 * What people do with profiles: each act is decided and stored with its audit record first, then
 * carried out on the stored profiles, then told to the agents. A crash in between leaves the
 * decision, and the act can be repeated: all of them do no harm the second time.
 */
const PROFILES_PER_READ = 100;
/** Each is a decision: what a person can have read, and an eighth of all there may be. */
export const IMPORT_BEHAVIOURS_MAX = 512;

export type CurationOptions = {
  readonly book: ProfileBook;
  readonly decisions: DecisionBook;
  readonly feed: Pick<ProfileFeed, 'changed' | 'wake'>;
  readonly store: Pick<Store, 'listProfiles'>;
};

type By = { readonly by: string; readonly why: string };

export type ResetOutcome =
  | { readonly ok: true; readonly decision: Decision; readonly keys: readonly string[] }
  | Extract<Decided, { ok: false }>
  | { readonly ok: false; readonly reason: EvidenceRefusal; readonly detail: string };

export type Imported =
  | {
    readonly ok: true;
    readonly key: string;
    /** What was not known here. */
    readonly rows: readonly Pick<DiffRow, 'channel' | 'value'>[];
    /** How many stay rejected. */
    readonly rejected: number;
  }
  | Extract<Decided, { ok: false }>
  | { readonly ok: false; readonly reason: 'too-many'; readonly detail: string };

export class Curation {
  readonly #options: CurationOptions;

  constructor(options: CurationOptions) {
    this.#options = options;
  }

  get decisions(): Pick<DecisionBook, 'list' | 'inForce' | 'rules'> {
    return this.#options.decisions;
  }

  get profiles(): Pick<ProfileBook, 'read' | 'readDocument'> {
    return this.#options.book;
  }

  async decide(wishes: readonly Wish[]): Promise<Decided> {
    return this.#told(await this.#options.decisions.decide(wishes));
  }

  async undo(id: string, by: By): Promise<Undone> {
    return this.#told(await this.#options.decisions.undo(id, by));
  }

  /** Forgets what was learned until now, here and at every agent. */
  async reset(place: Place, { by, why }: By): Promise<ResetOutcome> {
    const { book, decisions, feed } = this.#options;
    const wish: Wish = { kind: 'reset', ...place, channel: 'exec', value: '', by, why };
    const decided = await decisions.decide([wish]);
    if (!decided.ok) return decided;
    feed.wake();
    const [decision] = decided.decisions as readonly [Decision];
    const keys: string[] = [];
    for (const key of await this.#keysAt(place)) {
      const changed = await book.change(key, (stored) =>
        stored !== undefined && isAt(place, stored)
          ? forgotten(stored, Date.parse(decision.at))
          : undefined);
      if (changed === undefined) continue;
      if (!changed.ok) return changed;
      feed.changed(changed.profile, { now: true });
      keys.push(key);
    }
    return { ok: true, decision, keys };
  }

  /**
   * What the imported profile has and the stored one has not counts as approved from then on, each
   * behaviour as a decision that can be undone. Nothing is taken away, and what people rejected
   * stays rejected: a file may be older than that.
   */
  async import(review: Review, { by, why, dryRun }: By & { readonly dryRun: boolean }):
  Promise<Imported> {
    const { book, decisions } = this.#options;
    const { key, image: { repository } } = review;
    const known = (await book.readDocument(key))?.document ?? emptyDocument(review);
    const place = { scope: 'image', profileKey: key, repository, by, why } as const;
    const rules = await decisions.rules();
    const wishes: Wish[] = [];
    let rejected = 0;
    for (const { change, channel, value } of diffRows(toReview(known), review)) {
      if (change === 'removed') continue;
      const ruling = rules.rulingOn(channel, value, review);
      if (ruling === 'reject') rejected += 1;
      else if (ruling === null) wishes.push({ kind: 'accept', ...place, channel, value });
    }
    const rows = wishes.map(({ channel, value }) => ({ channel, value }));
    if (rows.length > IMPORT_BEHAVIOURS_MAX) {
      const detail = `${rows.length} behaviours are new here, ${IMPORT_BEHAVIOURS_MAX} can be ` +
        'imported at once: leave out what pods will show by themselves';
      return { ok: false, reason: 'too-many', detail };
    }
    if (dryRun || rows.length === 0) return { ok: true, key, rows, rejected };
    const decided = await this.decide(wishes);
    return decided.ok ? { ok: true, key, rows, rejected } : decided;
  }

  async #keysAt({ scope, profileKey, repository }: Place): Promise<readonly string[]> {
    if (scope === 'image') return [profileKey];
    const keys: string[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await this.#options.store.listProfiles({
        limit: PROFILES_PER_READ,
        ...(after === undefined ? {} : { after }),
      });
      for (const { key } of page) {
        if (scope === 'everywhere' || isOf(key, repository)) keys.push(key);
      }
      after = page.at(-1)?.key;
      if (after === undefined || page.length < PROFILES_PER_READ) return keys;
    }
  }

  #told<T extends { readonly ok: boolean }>(outcome: T): T {
    if (outcome.ok) this.#options.feed.wake();
    return outcome;
  }
}

const isAt = ({ scope, repository }: Place, { image }: ProfileDocument): boolean =>
  scope !== 'lineage' || image.repository === repository;

/** Which to look at: `shop/web@…`, `shop/web:1`; also `registry:5000/web` for `registry`. */
const isOf = (key: string, repository: string): boolean =>
  key.startsWith(`${repository}@`) || key.startsWith(`${repository}:`);
