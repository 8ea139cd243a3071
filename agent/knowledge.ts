/**
 * What this node knows of its images, joined up: the exchange with the collector, what waits to be
 * sent, and the cache on disk.
 */
import { Exchange } from './exchange.ts';
import { EvidenceBox } from './link/evidence-box.ts';
import type { AgentOptions } from './options.ts';
import { cacheDisk } from './profiles/cache-disk.ts';
import { ProfileCache } from './profiles/profile-cache.ts';
import type { AgentStats } from './stats.ts';

export type KnowledgeOptions = Pick<AgentOptions, 'baseline' | 'profileCache'> & {
  readonly onRefused: (key: string, error: string) => void;
  readonly onCacheFailure: (error: unknown) => void;
};

type KnowledgeStats = Pick<
  AgentStats,
  'adoptions' | 'restored' | 'decisions' | 'cache' | 'evidenceDropped'
>;

const CACHE_NONE = { entries: 0, bytes: 0, restored: 0, corrupt: 0, evicted: 0, failures: 0 };

export class Knowledge {
  readonly exchange: Exchange;
  readonly evidence = new EvidenceBox();
  readonly #cache: ProfileCache | null;
  #gathering: Promise<void> = Promise.resolve();

  constructor({ baseline, profileCache, onRefused, onCacheFailure }: KnowledgeOptions) {
    this.#cache = profileCache === undefined || profileCache === null
      ? null
      : new ProfileCache({
          ...profileCache,
          disk: cacheDisk(profileCache.folder),
          onFailure: onCacheFailure,
        });
    const { evidence: box } = this;
    this.exchange = new Exchange({ profiles: baseline, box, cache: this.#cache, onRefused });
  }

  /** One after the other; `onNews` when there is something for the link. */
  gather(onNews: () => void): void {
    this.#gathering = this.#gathering.then(async () => {
      if (await this.exchange.gather()) onNews();
    });
  }

  /** To the disk, what is not there yet. */
  async save(): Promise<void> {
    await this.#gathering;
    await this.#cache?.flush();
  }

  stats(): KnowledgeStats {
    const { adoptions, restored, decisions, evidenceTooLarge } = this.exchange;
    return {
      adoptions: { ...adoptions },
      restored: { ...restored },
      decisions: { ...decisions },
      cache: this.#cache?.counts() ?? CACHE_NONE,
      evidenceDropped: this.evidence.dropped + evidenceTooLarge,
    };
  }
}
