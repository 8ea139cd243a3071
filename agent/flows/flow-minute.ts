import type { Container, Observation, Process } from '../../baseline/observation.ts';
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
  readonly podUid: string;
  /** By remote address: a key of all that tells flows apart would be made for each connection. */
  readonly exact: Map<string, CountedFlow[]>;
  /** All of these, as they came. */
  readonly inOrder: CountedFlow[];
  readonly folded: Map<string, CountedFlow>;
  readonly rest: Map<string, CountedFlow>;
};

type Who = { readonly container: Container; readonly process: string; readonly exe: string };

/**
 * What was connected to within one minute. Bounds fold from the exact to the general and say so:
 * nothing is left out while there is a row for its container.
 */
export class FlowMinute {
  /** By container id; one whose pod was named late is there twice. */
  readonly #containers = new Map<string, OfContainer[]>();
  #size = 0;
  #exact = 0;
  /** Connections that stand in folded flows. */
  folded = 0;
  /** Connections of containers beyond the bound: nobody counts them but this. */
  dropped = 0;

  add(observation: Observation, seen: Sighting, atMs: number): void {
    const own = this.#of(observation.container);
    if (own === null) {
      this.dropped += 1;
      return;
    }
    const flow = this.#exactly(own, observation, seen)
      ?? this.#folded(own, whoOf(observation), seen);
    count(flow, seen.sourcePort, atMs);
  }

  /** In the order in which they were first seen, container by container. */
  flows(): readonly CountedFlow[] {
    return [...this.#containers.values()].flat().flatMap(({ inOrder, folded, rest }) =>
      [...inOrder, ...folded.values(), ...rest.values()]);
  }

  #of({ id, podUid }: Container): OfContainer | null {
    const ofId = this.#containers.get(id) ?? NOBODY;
    for (const own of ofId) if (own.podUid === podUid) return own;
    if (this.#size >= CONTAINERS_MAX) return null;
    this.#size += 1;
    const made = { podUid, exact: new Map(), inOrder: [], folded: new Map(), rest: new Map() };
    this.#containers.set(id, [...ofId, made]);
    return made;
  }

  #exactly(own: OfContainer, observation: Observation, seen: Sighting): CountedFlow | null {
    const { exact, inOrder } = own;
    const thither = exact.get(seen.remoteAddress);
    for (const known of thither ?? NO_FLOWS) {
      if (isSame(known, seen, observation.process)) return known;
    }
    if (inOrder.length >= FLOWS_PER_CONTAINER_MAX || this.#exact >= FLOWS_MAX) return null;
    this.#exact += 1;
    const made = newFlow(whoOf(observation), seen, false);
    inOrder.push(made);
    if (thither === undefined) exact.set(seen.remoteAddress, [made]);
    else thither.push(made);
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

const NOBODY: readonly OfContainer[] = [];
const NO_FLOWS: readonly CountedFlow[] = [];

const whoOf = ({ container, process: { name, exe } }: Observation): Who =>
  ({ container, process: name, exe });

/** The remote address is the same already; ports first, which differ most and compare fastest. */
function isSame(flow: CountedFlow, seen: Sighting, { name, exe }: Process): boolean {
  return (
    flow.port === seen.port &&
    flow.direction === seen.direction &&
    flow.outcome === seen.outcome &&
    flow.process === name &&
    flow.exe === exe &&
    flow.localAddress === seen.localAddress &&
    flow.protocol === seen.protocol &&
    flow.name === seen.name
  );
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
