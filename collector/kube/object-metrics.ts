import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

import type { KubeFailureReason } from './kube.ts';

/** What listing the cluster comes to. */
const outcomes: readonly ('ok' | KubeFailureReason)[] = ['ok', 'not-found', 'conflict', 'forbidden',
  'too-many-requests', 'unavailable', 'too-large', 'invalid'];

export class ObjectMetrics {
  readonly #lists: Counter;
  readonly #objects: Gauge;
  readonly #dropped: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#lists = new Counter({
      name: 'lanner_collector_kube_lists_total',
      help: 'Lists of the cluster’s objects, for network policies',
      labelNames: ['outcome'],
      registers,
    });
    for (const outcome of outcomes) this.#lists.inc({ outcome }, 0);
    this.#objects = new Gauge({
      name: 'lanner_collector_kube_objects',
      help: 'Pods, services, endpoint slices, nodes and namespaces of the last list',
      registers,
    });
    this.#dropped = new Counter({
      name: 'lanner_collector_address_spans_dropped_total',
      help: 'Notes of who had an address that went before their time, because there were too many',
      registers,
    });
  }

  readonly listed = (outcome: 'ok' | KubeFailureReason, objects: number): void => {
    this.#lists.inc({ outcome });
    if (outcome === 'ok') this.#objects.set(objects);
  };

  readonly spansDropped = (spans: number): void => this.#dropped.inc(spans);
}
