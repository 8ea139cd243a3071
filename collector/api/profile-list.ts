import type { Image } from '../../baseline/observation.ts';
import type { DecisionBook } from '../profiles/decision-book.ts';
import { readDocument } from '../profiles/document-bytes.ts';
import { profileId } from '../profiles/profile-id.ts';
import { numbersOf } from '../profiles/profile-view.ts';
import type { ProfileNumbers } from '../profiles/profile-view.ts';
import type { AgentStore, ProfileStore, StoredProfile } from '../store/faces.ts';
import { imageViews, inOrder } from './views.ts';
import type { ImageView } from './views.ts';

/**
 * All profiles, in order of their keys: those that agents report now and those that are stored,
 * also when no node runs the image any more. Where an agent reports one, state and progress are
 * the agent's, which judges by it; else they are computed from the document, once per revision
 * (`SUMMARIES_MAX` are kept).
 */
const SUMMARIES_MAX = 10_000;
const IMAGES_STORED_MAX = 500;

export type ProfileSummary = Omit<ProfileNumbers, 'behaviours' | 'generation' | 'windows'> & {
  readonly id: string;
  readonly key: string;
  readonly image: Image;
  readonly workload: string;
  /** Null while nothing is stored: the agents have reported it and not yet sent evidence. */
  readonly stored: {
    readonly revision: number;
    readonly updatedTime: string;
    readonly windows: number;
    readonly generation: number;
    readonly behaviours: Readonly<Record<string, number>>;
  } | null;
  /** How many nodes report it now. */
  readonly nodes: number;
  readonly isLocked: boolean;
};

type Stored = { readonly revision: number; readonly image: Image; readonly workload: string } & {
  readonly numbers: ProfileNumbers;
};

export type ProfileListOptions = {
  readonly store: Pick<ProfileStore, 'listProfiles' | 'readProfile'> &
    Pick<AgentStore, 'listAgents'>;
  readonly decisions: Pick<DecisionBook, 'rules'>;
};

export class ProfileList {
  readonly #options: ProfileListOptions;
  readonly #summaries = new Map<string, Stored>();

  constructor(options: ProfileListOptions) {
    this.#options = options;
  }

  async page(query: {
    readonly after?: string;
    readonly prefix?: string;
    readonly limit: number;
  }): Promise<readonly ProfileSummary[]> {
    const { store } = this.#options;
    const { prefix = '', limit } = query;
    // Keys that begin with a text come right after it; one may be that text itself.
    const after = query.after ?? prefix;
    const itself = query.after === undefined && prefix !== ''
      ? await store.readProfile(prefix)
      : undefined;
    const listed = await store.listProfiles({ limit, ...(after === '' ? {} : { after }) });
    const stored = [...itself === undefined ? [] : [itself], ...listed]
      .filter(({ key }) => key.startsWith(prefix));
    const reported = await this.#reported();
    const live = [...reported.keys()].filter((key) => key.startsWith(prefix) &&
      (compareBytes(after, key) < 0 || (key === prefix && query.after === undefined)));
    const byKey = new Map(stored.map((profile) => [profile.key, profile]));
    const keys = [...new Set([...byKey.keys(), ...live])].toSorted(compareBytes).slice(0, limit);
    const summaries: ProfileSummary[] = [];
    for (const key of keys) {
      summaries.push(await this.#summary(key, byKey.get(key), reported.get(key)));
    }
    return summaries;
  }

  async one(key: string): Promise<ProfileSummary | undefined> {
    const stored = await this.#options.store.readProfile(key);
    const reported = (await this.#reported()).get(key);
    if (stored === undefined && reported === undefined) return undefined;
    return this.#summary(key, stored, reported);
  }

  /** All that agents report, and the first `IMAGES_STORED_MAX` of those that are only stored. */
  async images(): Promise<readonly ImageView[]> {
    const { store } = this.#options;
    const reported = await this.#reported();
    const views = [...reported.values()];
    for (const profile of await store.listProfiles({ limit: IMAGES_STORED_MAX })) {
      if (reported.has(profile.key)) continue;
      const stored = await this.#read(profile);
      if (stored === undefined) continue;
      const { image, numbers: { state, coverage, observations, pods, completeInSeconds } } = stored;
      views.push({
        profileKey: profile.key,
        image,
        state,
        coverage,
        observations,
        pods,
        completeInSeconds,
        nodes: 0,
      });
    }
    return inOrder(views);
  }

  async #reported(): Promise<ReadonlyMap<string, ImageView>> {
    const views = imageViews(await this.#options.store.listAgents());
    return new Map(views.map((view) => [view.profileKey, view]));
  }

  async #summary(
    key: string,
    profile: StoredProfile | undefined,
    reported: ImageView | undefined,
  ): Promise<ProfileSummary> {
    const stored = profile && await this.#read(profile);
    const image = reported?.image ?? stored?.image ?? { repository: '', tag: '', digest: '' };
    const rules = await this.#options.decisions.rules();
    const { state, coverage, pods, observations, completeInSeconds } =
      reported ?? stored?.numbers ?? NOTHING;
    return {
      id: profileId(key),
      key,
      image,
      workload: stored?.workload ?? '',
      state,
      coverage,
      pods: Math.max(pods, stored?.numbers.pods ?? 0),
      observations: Math.max(observations, stored?.numbers.observations ?? 0),
      completeInSeconds,
      stored: profile === undefined || stored === undefined ? null : {
        revision: profile.revision,
        updatedTime: new Date(profile.updatedAtMs).toISOString(),
        windows: stored.numbers.windows,
        generation: stored.numbers.generation,
        behaviours: stored.numbers.behaviours,
      },
      nodes: reported?.nodes ?? 0,
      isLocked: rules.isLocked({ key, image }),
    };
  }

  async #read(profile: StoredProfile): Promise<Stored | undefined> {
    const known = this.#summaries.get(profile.key);
    if (known?.revision === profile.revision) return known;
    const found = await readDocument(profile.document);
    // The book says so when it needs it; a list shows the others.
    if (!found.ok) return undefined;
    const { document } = found;
    const read = {
      revision: profile.revision,
      image: document.image,
      workload: document.workload,
      numbers: numbersOf(document),
    };
    this.#summaries.delete(profile.key);
    if (this.#summaries.size >= SUMMARIES_MAX) {
      const [oldest] = this.#summaries.keys();
      if (oldest !== undefined) this.#summaries.delete(oldest);
    }
    this.#summaries.set(profile.key, read);
    return read;
  }
}

const NOTHING = {
  state: 'learning',
  coverage: 0,
  pods: 0,
  observations: 0,
  completeInSeconds: -1,
} as const;

/** As the store orders keys: by their bytes. */
export const compareBytes = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left), Buffer.from(right));
