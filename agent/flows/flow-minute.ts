import type { Container, Observation } from '../../baseline/observation.ts';
import { SOURCE_PORTS_MAX } from '../../proto/lanner/v1/bounds.ts';
import type { Sighting } from './sighting.ts';

/** Kept apart in one minute; one pod cannot take the room of the others. */
export const FLOWS_MAX = 8_192;
export const FLOWS_PER_CONTAINER_MAX = 512;
/** Beyond, by program and port without the remote address; */
export const FOLDED_PER_CONTAINER_MAX = 64;
/** and beyond that one per container and direction. As many containers as identity keeps. */
export const CONTAINERS_MAX = 4_096;

export type CountedFlow = Omit<Sighting, 'sourcePort'> & {
  readonly container: Container;
  readonly process: string;
  readonly exe: string;
  readonly folded: boolean;
  first: number;
  last: number;
  count: number;
  readonly sourcePorts: number[];
  portsBeyond: number;
};

type OfContainer = {
  readonly exact: Map<string, CountedFlow>;
  readonly folded: Map<string, CountedFlow>;
  readonly rest: Map<string, CountedFlow>;
};

type Who = { readonly container: Container; readonly process: string; readonly exe: string };

/**
 * What was connected to within one minute. Bounds fold from the exact to the general and say so:
 * nothing is left out while there is a row for its container.
 */
export class FlowMinute {
  readonly #containers = new Map<string, OfContainer>();
  #exact = 0;
  /** Connections that stand in folded flows. */
  folded = 0;
  /** Connections of containers beyond the bound: nobody counts them but this. */
  dropped = 0;

  add(observation: Observation, seen: Sighting, atMs: number): void {
    const { container, process: { name, exe } } = observation;
    const own = this.#of(container);
    if (own === null) {
      this.dropped += 1;
      return;
    }
    const who = { container, process: name, exe };
    const flow = this.#exactly(own, who, seen) ?? this.#folded(own, who, seen);
    count(flow, seen.sourcePort, atMs);
  }

  /** In the order in which they were first seen, container by container. */
  flows(): readonly CountedFlow[] {
    return [...this.#containers.values()].flatMap(({ exact, folded, rest }) =>
      [...exact.values(), ...folded.values(), ...rest.values()]);
  }

  #of({ id, podUid }: Container): OfContainer | null {
    const key = `${id} ${podUid}`;
    const known = this.#containers.get(key);
    if (known !== undefined) return known;
    if (this.#containers.size >= CONTAINERS_MAX) return null;
    const made = { exact: new Map(), folded: new Map(), rest: new Map() };
    this.#containers.set(key, made);
    return made;
  }

  #exactly({ exact }: OfContainer, who: Who, seen: Sighting): CountedFlow | null {
    // NUL cannot be in a program's name or path.
    const key = `${seen.direction}\0${seen.protocol}\0${seen.remoteAddress}\0${seen.port}\0` +
      `${seen.localAddress}\0${seen.outcome}\0${seen.name}\0${who.process}\0${who.exe}`;
    const known = exact.get(key);
    if (known !== undefined) return known;
    if (exact.size >= FLOWS_PER_CONTAINER_MAX || this.#exact >= FLOWS_MAX) return null;
    this.#exact += 1;
    const made = newFlow(who, seen, false);
    exact.set(key, made);
    return made;
  }

  #folded({ folded, rest }: OfContainer, who: Who, seen: Sighting): CountedFlow {
    this.folded += 1;
    const several = { ...seen, remoteAddress: '', localAddress: '', name: '' };
    const { direction, protocol, port, outcome } = several;
    const key = `${direction}\0${protocol}\0${port}\0${outcome}\0${who.process}\0${who.exe}`;
    const known = folded.get(key) ??
      (folded.size < FOLDED_PER_CONTAINER_MAX ? undefined : rest.get(direction));
    if (known !== undefined) return known;
    if (folded.size < FOLDED_PER_CONTAINER_MAX) {
      const made = newFlow(who, several, true);
      folded.set(key, made);
      return made;
    }
    const nobody = { container: who.container, process: '', exe: '' };
    const made = newFlow(nobody, { ...several, protocol: '', port: -1, outcome: 'ok' }, true);
    rest.set(direction, made);
    return made;
  }
}

function newFlow(who: Who, seen: Sighting, folded: boolean): CountedFlow {
  const { sourcePort: _, ...same } = seen;
  return { ...who, ...same, folded, first: Infinity, last: 0, count: 0, sourcePorts: [],
    portsBeyond: 0 };
}

function count(flow: CountedFlow, sourcePort: number, atMs: number): void {
  if (atMs < flow.first) flow.first = atMs;
  if (atMs > flow.last) flow.last = atMs;
  flow.count += 1;
  const { sourcePorts } = flow;
  if (sourcePorts.includes(sourcePort)) return;
  if (sourcePort >= 0 && sourcePorts.length < SOURCE_PORTS_MAX) sourcePorts.push(sourcePort);
  else flow.portsBeyond += 1;
}
