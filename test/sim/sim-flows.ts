import { ShippingFlows } from '../../agent/shipping-flows.ts';
import type { Outbox } from '../../agent/outbox/outbox.ts';
import type { Raising } from '../../agent/raising.ts';
import type { FlowActor, FlowChunk } from '../../proto/lanner/v1/frames.ts';
import type { Chance } from './chance.ts';

/** An agent's flows on their way to its disk; what waits in memory dies with it. */
const MINUTE_MS = 60_000;
const LATE_MINUTES_MAX = 3;
const COUNT_MAX = 9;
const FLOWS_MAX = 3;

const actor: FlowActor = {
  namespace: 'shop', pod: 'web-1', podUid: 'uid-1', workload: 'web', containerId: 'c0ffee',
  containerName: 'web', image: { repository: 'registry.local/shop/web', tag: '1', digest: '' },
  process: 'web', exe: '/usr/bin/web',
};

export class SimFlows {
  readonly #shipping: ShippingFlows;
  readonly #chance: Chance;
  readonly #nextPort: () => number;
  #waiting = 0;

  constructor(
    outbox: Pick<Outbox, 'putFlows'>,
    raising: Raising,
    { chance, nextPort }: { readonly chance: Chance; readonly nextPort: () => number },
  ) {
    this.#shipping = new ShippingFlows(outbox, raising);
    this.#chance = chance;
    this.#nextPort = nextPort;
  }

  get isWaiting(): boolean {
    return this.#waiting > 0;
  }

  count(nowMs: number): void {
    this.#waiting += 1;
    this.#ship([this.#chunkOf(nowMs)]);
  }

  /** What the disk refused is tried again, as the agent does. */
  again(): void {
    if (this.#waiting > 0) this.#ship([]);
  }

  #ship(chunks: readonly FlowChunk[]): void {
    if (this.#shipping.ship(chunks, 0)) this.#waiting = 0;
  }

  #chunkOf(nowMs: number): FlowChunk {
    const late = this.#chance.between(0, LATE_MINUTES_MAX) * MINUTE_MS;
    const minute = nowMs - nowMs % MINUTE_MS - late;
    return {
      minute,
      actors: [actor],
      watched: null,
      flows: Array.from({ length: this.#chance.between(1, FLOWS_MAX) }, () => ({
        actor: 0, direction: 'out' as const, protocol: 'tcp', remoteAddress: '203.0.113.9',
        localAddress: '10.244.0.7', outcome: 'ok' as const, name: '', first: minute,
        last: minute + 5, count: this.#chance.between(1, COUNT_MAX), sourcePorts: [],
        portsBeyond: 0, folded: false, port: this.#nextPort(),
      })),
    };
  }
}
