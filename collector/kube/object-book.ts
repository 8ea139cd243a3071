import type { Clock } from '../clock.ts';
import type { ClusterObjects } from './cluster-objects.ts';
import type { Kube, KubeFailure } from './kube.ts';

/**
 * The cluster's objects as they were listed last, for all who ask: a list is made when the last one
 * is older than asked for, and one at a time. Nothing is kept but the newest.
 */
export type Listed = { readonly objects: ClusterObjects; readonly listedMs: number };

export type ObjectsRead =
  | ({ readonly ok: true } & Listed)
  | KubeFailure
  /** The role may not list, or there is no cluster: see `kube.listObjects`. */
  | { readonly ok: false; readonly reason: 'not-enabled'; readonly message: string };

export type ObjectBookOptions = {
  /** Undefined without a cluster, or where it is not to be listed. */
  readonly kube: Pick<Kube, 'listObjects'> | undefined;
  readonly clock: Clock;
  readonly onListed: (outcome: 'ok' | KubeFailure['reason'], objects: number) => void;
};

export class ObjectBook {
  readonly #options: ObjectBookOptions;
  #last: Listed | undefined;
  #listing: Promise<ObjectsRead> | undefined;

  constructor(options: ObjectBookOptions) {
    this.#options = options;
  }

  /** At most so old. */
  async read(ageMs: number): Promise<ObjectsRead> {
    const { clock } = this.#options;
    const last = this.#last;
    if (last !== undefined && clock.now() - last.listedMs <= ageMs) return { ok: true, ...last };
    this.#listing ??= this.#list().finally(() => {
      this.#listing = undefined;
    });
    return this.#listing;
  }

  async #list(): Promise<ObjectsRead> {
    const { kube, clock, onListed } = this.#options;
    if (kube === undefined) {
      const message = 'the collector does not list the cluster: kube.listObjects is off';
      return { ok: false, reason: 'not-enabled', message };
    }
    // What is listed was so at some moment after this one: nothing is claimed for before.
    const listedMs = clock.now();
    const listed = await kube.listObjects();
    if (!listed.ok) {
      onListed(listed.reason, 0);
      return listed;
    }
    const { pods, services, endpoints, nodes, namespaces } = listed.value;
    onListed('ok',
      pods.length + services.length + endpoints.length + nodes.size + namespaces.size);
    this.#last = { objects: listed.value, listedMs };
    return { ok: true, ...this.#last };
  }
}
