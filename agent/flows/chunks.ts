import {
  ADDRESS_BYTES_MAX,
  FLOWS_PER_CHUNK_MAX,
  FLOW_TEXT_BYTES_MAX,
  NAME_BYTES_MAX,
} from '../../proto/lanner/v1/bounds.ts';
import type { Flow, FlowActor, FlowChunk } from '../../proto/lanner/v1/frames.ts';
import { cutText } from '../../proto/text.ts';
import type { CountedFlow } from './flow-minute.ts';

/**
 * A minute's flows as they are sent: each actor once in a chunk, texts cut to what the link takes,
 * and a chunk small enough to go in one frame with a full batch of alerts, whatever names somebody
 * thought of. A batch that cannot be sent would take its alerts with it.
 */
export const CHUNK_BYTES_MAX = 512 * 1_024;
const FLOW_BYTES = 256;

export function chunksOf(minute: number, counted: readonly CountedFlow[]): readonly FlowChunk[] {
  const chunks: FlowChunk[] = [];
  let next = new OpenChunk();
  for (const flow of counted) {
    if (!next.hasRoom()) {
      chunks.push(next.closed(minute));
      next = new OpenChunk();
    }
    next.add(flow);
  }
  if (next.flows.length > 0) chunks.push(next.closed(minute));
  return chunks;
}

class OpenChunk {
  readonly flows: Flow[] = [];
  readonly #actors: FlowActor[] = [];
  readonly #places = new Map<string, number>();
  #bytes = 0;

  /** One more may go over the bound; a chunk holds at least one. */
  hasRoom(): boolean {
    return this.flows.length < FLOWS_PER_CHUNK_MAX && this.#bytes < CHUNK_BYTES_MAX;
  }

  add({ container, process, exe, ...flow }: CountedFlow): void {
    const actor = this.#placeOf(actorOf({ container, process, exe }));
    const name = shortly(flow.name);
    this.#bytes += FLOW_BYTES + Buffer.byteLength(name);
    this.flows.push({
      actor,
      ...flow,
      name,
      protocol: cutText(flow.protocol, ADDRESS_BYTES_MAX),
      remoteAddress: cutText(flow.remoteAddress, ADDRESS_BYTES_MAX),
      localAddress: cutText(flow.localAddress, ADDRESS_BYTES_MAX),
      sourcePorts: [...flow.sourcePorts],
    });
  }

  closed(minute: number): FlowChunk {
    return { minute, actors: this.#actors, flows: this.flows, watched: null };
  }

  #placeOf(actor: FlowActor): number {
    const key = JSON.stringify(actor);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#bytes += Buffer.byteLength(key);
    const place = this.#actors.push(actor) - 1;
    this.#places.set(key, place);
    return place;
  }
}

const shortly = (text: string): string => cutText(text, FLOW_TEXT_BYTES_MAX);
const named = (text: string): string => cutText(text, NAME_BYTES_MAX);

const actorOf = (
  { container, process, exe }: Pick<CountedFlow, 'container' | 'process' | 'exe'>,
): FlowActor => ({
  namespace: named(container.namespace),
  pod: named(container.pod),
  podUid: named(container.podUid),
  workload: named(container.workload),
  containerId: named(container.id),
  containerName: named(container.name),
  image: {
    repository: named(container.image.repository),
    tag: named(container.image.tag),
    digest: named(container.image.digest),
  },
  process: shortly(process),
  exe: shortly(exe),
});
