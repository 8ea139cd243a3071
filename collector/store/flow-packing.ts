import assert from 'node:assert/strict';

/**
 * Flows of one node and one minute (or hour) as bytes: a row each took three to six times as much,
 * most of it row headers and an index entry per flow. Names are numbers (`flow-names.ts`).
 *
 * Layout: version; per peer, in ascending order: its difference to the one before, how many flows
 * follow, how many bytes they take, so that a question about one peer skips the others. Per flow:
 * actor (difference within the peer), a byte with outcome, folded, "one connection" and how many
 * ports, first; unless it is one connection: last, count, connections beyond the ports; the ports.
 * Numbers are LEB128 varints, ports two bytes. Bytes of another version or cut ones are refused.
 */
export type PackedFlow = {
  readonly peer: number;
  readonly actor: number;
  /** Place in `flowOutcomes`. */
  readonly outcome: number;
  readonly folded: boolean;
  /** In milliseconds from the begin of the minute or hour; may lie outside of it. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly sourcePorts: readonly number[];
  readonly portsBeyond: number;
};

export type PlacedFlow = PackedFlow & {
  /** Among the flows of its chunk. */
  readonly place: number;
};

const VERSION = 1;
const OUTCOME_BITS = 0b11;
const FOLDED_BIT = 0b100;
const SINGLE_BIT = 0b1000;
const PORTS_SHIFT = 4;
export const PACKED_PORTS_MAX = 15;
const PORT_MAX = 65_535;
const START_BYTES = 1_024;

/** The bytes are not what this version writes: the disk's fault, or a newer version's. */
export class DamagedFlows extends Error {
  override readonly name = 'DamagedFlows';
  readonly code = 'flows-damaged';
}

export function packFlows(flows: readonly PackedFlow[]): Uint8Array {
  const bytes = new ByteWriter();
  bytes.byte(VERSION);
  const sorted = flows.toSorted((left, right) =>
    left.peer - right.peer || left.actor - right.actor);
  const group = new ByteWriter();
  let previous = 0;
  for (let start = 0; start < sorted.length;) {
    const peer = (sorted[start] as PackedFlow).peer;
    let end = start;
    while (end < sorted.length && sorted[end]?.peer === peer) end += 1;
    group.length = 0;
    let actor = 0;
    for (const flow of sorted.slice(start, end)) {
      packFlow(group, flow, actor);
      actor = flow.actor;
    }
    bytes.unsigned(peer - previous);
    bytes.unsigned(end - start);
    bytes.unsigned(group.length);
    bytes.append(group);
    previous = peer;
    start = end;
  }
  return bytes.taken();
}

function packFlow(bytes: ByteWriter, flow: PackedFlow, actorBefore: number): void {
  const { actor, outcome, folded, first, last, count, sourcePorts, portsBeyond } = flow;
  assert(outcome <= OUTCOME_BITS, 'there are four outcomes');
  assert(sourcePorts.length <= PACKED_PORTS_MAX, 'more ports than four bits count');
  const isSingle = count === 1 && last === first && portsBeyond === 0;
  bytes.unsigned(actor - actorBefore);
  bytes.byte(outcome | (folded ? FOLDED_BIT : 0) | (isSingle ? SINGLE_BIT : 0) |
    sourcePorts.length << PORTS_SHIFT);
  bytes.signed(first);
  if (!isSingle) {
    bytes.unsigned(last - first);
    bytes.unsigned(count);
    bytes.unsigned(portsBeyond);
  }
  for (const port of sourcePorts) {
    assert(port >= 0 && port <= PORT_MAX, 'a port has two bytes');
    bytes.byte(port >> 8);
    bytes.byte(port & 255);
  }
}

/** Those with one of the peers, or all. */
export function unpackFlows(
  packed: Uint8Array,
  peers?: ReadonlySet<number>,
): readonly PlacedFlow[] {
  const bytes = new ByteReader(packed);
  if (bytes.byte() !== VERSION) throw new DamagedFlows('flows of another version');
  const flows: PlacedFlow[] = [];
  let peer = 0;
  let place = 0;
  while (!bytes.isAtEnd()) {
    peer += bytes.unsigned();
    const count = bytes.unsigned();
    const length = bytes.unsigned();
    if (peers?.has(peer) ?? true) {
      const end = bytes.position + length;
      let actor = 0;
      for (let left = count; left > 0; left -= 1) {
        const flow = unpackFlow(bytes, { peer, actorBefore: actor, place });
        actor = flow.actor;
        place += 1;
        flows.push(flow);
      }
      if (bytes.position !== end) throw new DamagedFlows('flows of another length than is said');
    } else {
      bytes.skip(length);
      place += count;
    }
  }
  return flows;
}

function unpackFlow(
  bytes: ByteReader,
  { peer, actorBefore, place }: { peer: number; actorBefore: number; place: number },
): PlacedFlow {
  const actor = actorBefore + bytes.unsigned();
  const bits = bytes.byte();
  const first = bytes.signed();
  const isSingle = (bits & SINGLE_BIT) !== 0;
  const last = isSingle ? first : first + bytes.unsigned();
  const count = isSingle ? 1 : bytes.unsigned();
  const portsBeyond = isSingle ? 0 : bytes.unsigned();
  const sourcePorts: number[] = [];
  for (let left = bits >> PORTS_SHIFT; left > 0; left -= 1) {
    sourcePorts.push(bytes.byte() << 8 | bytes.byte());
  }
  return { place, peer, actor, outcome: bits & OUTCOME_BITS, folded: (bits & FOLDED_BIT) !== 0,
    first, last, count, sourcePorts, portsBeyond };
}

class ByteWriter {
  #bytes = Buffer.allocUnsafe(START_BYTES);
  length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length] = value;
    this.length += 1;
  }

  /** By division: differences of 32-bit numbers are wider than bit operations. */
  unsigned(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'a number that cannot be packed');
    let rest = value;
    while (rest > 127) {
      this.byte(rest % 128 + 128);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  append(other: ByteWriter): void {
    this.#reserve(other.length);
    other.#bytes.copy(this.#bytes, this.length, 0, other.length);
    this.length += other.length;
  }

  taken(): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(0, this.length));
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const wider = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.length + more));
    this.#bytes.copy(wider, 0, 0, this.length);
    this.#bytes = wider;
  }
}

class ByteReader {
  readonly #bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.position >= this.#bytes.length;
  }

  skip(count: number): void {
    this.position += count;
    if (this.position > this.#bytes.length) throw new DamagedFlows('flows that end too early');
  }

  byte(): number {
    const value = this.#bytes[this.position];
    if (value === undefined) throw new DamagedFlows('flows that end too early');
    this.position += 1;
    return value;
  }

  unsigned(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) break;
    }
    if (!Number.isSafeInteger(value)) throw new DamagedFlows('a number that nobody wrote');
    return value;
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
