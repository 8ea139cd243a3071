import type { Clock } from './clock.ts';
import type { AgentStore } from './store/faces.ts';

/**
 * Which cluster it is that the collector's Kubernetes client speaks to, as agents call it. Pods of
 * another cluster can have the same namespaces and names: nothing is done for them here. Where no
 * setting says it, it is the one that all agents are of; with agents of several it is nobody's.
 */
const AGE_MS = 5_000;

export type OwnClusterOptions = {
  /** Empty where no setting says it. */
  readonly name: string;
  readonly store: Pick<AgentStore, 'listAgents'>;
  readonly clock: Clock;
};

export class OwnCluster {
  readonly #options: OwnClusterOptions;
  #clusters: ReadonlySet<string> = new Set();
  #readMs = -Infinity;

  constructor(options: OwnClusterOptions) {
    this.#options = options;
  }

  /** Empty while there is no agent; undefined where it cannot be told. */
  async name(): Promise<string | undefined> {
    const { name } = this.#options;
    if (name !== '') return name;
    const [only = '', ...others] = await this.#all();
    return others.length === 0 ? only : undefined;
  }

  async isOwn(cluster: string): Promise<boolean> {
    const name = await this.name();
    return name !== undefined && (name === '' || name === cluster);
  }

  /** No agent is of another cluster. */
  async isAlone(): Promise<boolean> {
    const name = await this.name();
    return [...await this.#all()].every((cluster) => cluster === name);
  }

  async #all(): Promise<ReadonlySet<string>> {
    const { store, clock } = this.#options;
    if (clock.now() - this.#readMs > AGE_MS) {
      this.#clusters = new Set((await store.listAgents()).map(({ cluster }) => cluster));
      this.#readMs = clock.now();
    }
    return this.#clusters;
  }
}
