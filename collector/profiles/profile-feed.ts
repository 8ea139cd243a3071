import type { Clock } from '../clock.ts';
import type { ProfileStore, StoredProfile } from '../store/faces.ts';
import type { DecisionDocument } from './decision-book.ts';

/**
 * Who hears of which profile. An agent that names a key for the first time gets what the fleet
 * knows at once; later changes reach it at most every `PUSH_MS` per profile, because a thousand
 * agents of one DaemonSet would otherwise send each other a million documents a minute. What people
 * decided goes to everybody at once. Every `TICK_MS` the store is asked what is newer than what
 * each link was sent: that finds what other replicas wrote and what did not fit a slow link.
 *
 * Bounds: `KEYS_PER_LINK_MAX` profiles per link; links are those that are open. When the store
 * fails, nothing was noted as sent and the next tick tries again (`onFailed` counts and logs).
 */
export const TICK_MS = 10_000;
export const PUSH_MS = 30_000;
/** How long a change in the store may wait to be looked at, so that alerts cost no query each. */
export const NOTICE_MS = 1_000;
export const KEYS_PER_LINK_MAX = 2_048;
const KEYS_PER_QUERY = 500;

export type FeedLink = {
  readonly isEnded: boolean;
  /** False when the agent has too much unread to be sent a document now. */
  pushProfile(key: string, revision: number, document: Uint8Array): boolean;
  pushDecisions(revision: number, document: Uint8Array): boolean;
};

export type FeedOptions = {
  readonly store: Pick<ProfileStore, 'readProfile' | 'profileRevisions'>;
  readonly decisions: { document(): Promise<DecisionDocument> };
  /** All that are open at this replica. */
  readonly links: () => readonly FeedLink[];
  readonly clock: Clock;
  readonly onPush: (what: 'profile' | 'decisions', isSent: boolean) => void;
  readonly onFailed: (error: unknown) => void;
};

/** Revision 0: named by the agent, and nothing was sent yet. */
type Sent = { revision: number; atMs: number };

type Told = { readonly profiles: Map<string, Sent>; decisions: number };

export class ProfileFeed {
  readonly #options: FeedOptions;
  /** Only links that were welcomed: before that an agent expects nothing else. */
  readonly #told = new WeakMap<FeedLink, Told>();
  #cancelTick: () => void = () => undefined;
  #cancelNotice: (() => void) | undefined;
  #working: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  start(): void {
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => {
      this.start();
      this.#work(async () => {
        await this.#tellDecisions();
        await this.#catchUp();
      });
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTick();
    this.#cancelNotice?.();
    await this.#working;
  }

  async welcome(link: FeedLink): Promise<void> {
    this.#told.set(link, { profiles: new Map(), decisions: -1 });
    const { revision, document } = await this.#options.decisions.document();
    // An agent that was away may hold decisions that were undone: also an empty list is news.
    this.#pushDecisions(link, { revision, document });
  }

  /** The agent runs these images; those it named before cost nothing. */
  async named(link: FeedLink, keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      if (!this.#remember(link, key)) continue;
      const known = await this.#options.store.readProfile(key);
      if (known !== undefined) this.#push(link, known);
    }
  }

  /** The agent's evidence is in the stored profile now; `lacks`: that holds more than it knows. */
  brought(link: FeedLink, profile: StoredProfile, { lacks }: { readonly lacks: boolean }): void {
    this.#remember(link, profile.key);
    const sent = this.#told.get(link)?.profiles.get(profile.key);
    if (sent === undefined) return;
    if (!lacks) sent.revision = profile.revision;
    else if (this.#isDue(sent, profile)) this.#push(link, profile);
  }

  /** The stored profile changed: to all that run the image, `now` even to those just told. */
  changed(profile: StoredProfile, { now }: { readonly now: boolean }): void {
    for (const link of this.#options.links()) {
      const sent = this.#told.get(link)?.profiles.get(profile.key);
      if (sent === undefined || sent.revision >= profile.revision) continue;
      if (now || this.#isDue(sent, profile)) this.#push(link, profile);
    }
  }

  /** People decided something here: told at once. */
  wake(): void {
    this.#work(() => this.#tellDecisions());
  }

  /** Something changed in the store, alerts mostly: asked about decisions once for many changes. */
  notice(): void {
    if (this.#cancelNotice !== undefined || this.#isStopped) return;
    this.#cancelNotice = this.#options.clock.after(NOTICE_MS, () => {
      this.#cancelNotice = undefined;
      this.wake();
    });
  }

  #work(run: () => Promise<void>): void {
    if (this.#isStopped) return;
    this.#working = this.#working
      .then(() => (this.#isStopped ? undefined : run()))
      .catch((error: unknown) => this.#options.onFailed(error));
  }

  async #tellDecisions(): Promise<void> {
    const decided = await this.#options.decisions.document();
    for (const link of this.#options.links()) {
      const told = this.#told.get(link);
      if (told !== undefined && told.decisions !== decided.revision) {
        this.#pushDecisions(link, decided);
      }
    }
  }

  async #catchUp(): Promise<void> {
    const keys = new Set<string>();
    for (const link of this.#options.links()) {
      for (const key of this.#told.get(link)?.profiles.keys() ?? []) keys.add(key);
    }
    const all = [...keys];
    for (let start = 0; start < all.length; start += KEYS_PER_QUERY) {
      const some = all.slice(start, start + KEYS_PER_QUERY);
      const revisions = await this.#options.store.profileRevisions(some);
      for (const [key, revision] of revisions) await this.#catchUpOn(key, revision);
    }
  }

  async #catchUpOn(key: string, revision: number): Promise<void> {
    const behind = this.#options.links().filter((link) => {
      const sent = this.#told.get(link)?.profiles.get(key);
      return sent !== undefined && this.#isDue(sent, { revision });
    });
    if (behind.length === 0) return;
    const profile = await this.#options.store.readProfile(key);
    if (profile === undefined) return;
    for (const link of behind) this.#push(link, profile);
  }

  #isDue(sent: Sent, { revision }: { readonly revision: number }): boolean {
    const { clock } = this.#options;
    if (sent.revision >= revision) return false;
    const sinceMs = clock.now() - sent.atMs;
    // Below zero the clock was set back: waiting for it to catch up could be hours.
    return sent.revision === 0 || sinceMs < 0 || sinceMs >= PUSH_MS;
  }

  /** True when the agent names it for the first time. */
  #remember(link: FeedLink, key: string): boolean {
    const told = this.#told.get(link);
    if (told === undefined || told.profiles.has(key)) return false;
    if (told.profiles.size >= KEYS_PER_LINK_MAX) return false;
    told.profiles.set(key, { revision: 0, atMs: 0 });
    return true;
  }

  #push(link: FeedLink, { key, revision, document }: StoredProfile): void {
    const { clock, onPush } = this.#options;
    const sent = this.#told.get(link)?.profiles.get(key);
    if (sent === undefined || link.isEnded || sent.revision >= revision) return;
    const isSent = link.pushProfile(key, revision, document);
    onPush('profile', isSent);
    if (!isSent) return;
    sent.revision = revision;
    sent.atMs = clock.now();
  }

  #pushDecisions(link: FeedLink, { revision, document }: DecisionDocument): void {
    const told = this.#told.get(link);
    if (told === undefined || link.isEnded) return;
    const isSent = link.pushDecisions(revision, document);
    this.#options.onPush('decisions', isSent);
    if (isSent) told.decisions = revision;
  }
}
