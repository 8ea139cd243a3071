import type { Channel } from '../alert.ts';
import type { Behaviour } from '../behaviour/behaviour.ts';
import { Evidence, type EvidenceView, type FamilyView, type Seen } from './evidence.ts';
import type { Trace } from './trace.ts';

/**
 * The evidence of a channel at rest, in some 30 bytes a name instead of 900: what the fleet told is
 * needed again when it tells more, or when names are derived anew, and in between never. It is read
 * from the first name to the last, as `absorb` does.
 *
 * Names are one string, each without what it has in common with the name before; numbers are bytes,
 * seven bits each; who showed and who reported something is held once.
 */

type Kind = Pick<Behaviour, 'verb' | 'tree' | 'detail' | 'by'>;
type Who = Pick<Trace, 'pods' | 'reporters'>;

const IS_EXEMPT = 1;
/** Seen first before the one before was: the difference is taken from it. */
const IS_EARLIER = 2;
const FLAGS = 4;

export class PackedEvidence implements EvidenceView {
  readonly level: number;
  readonly refused: number;
  readonly isEmpty: boolean;
  readonly #channel: Channel;
  readonly #text: string;
  readonly #numbers: Uint8Array;
  readonly #kinds: readonly Kind[];
  readonly #who: readonly Who[];
  readonly #families: number;
  readonly #places: number;

  constructor(channel: Channel, evidence: Evidence) {
    const packing = new Packing();
    this.#channel = channel;
    this.level = evidence.level;
    this.refused = evidence.refused;
    this.isEmpty = evidence.isEmpty;
    this.#families = evidence.families.size;
    for (const { literals, rest } of evidence.families.values()) {
      packing.number(literals.length * 2 + (rest === null ? 0 : 1));
      for (const seen of literals) packing.seen(seen);
      if (rest !== null) packing.trace(rest);
    }
    let places = 0;
    for (const { behaviour, rest } of evidence.places.values()) {
      if (rest === null) continue;
      packing.seen({ behaviour, trace: rest });
      places += 1;
    }
    this.#places = places;
    this.#text = packing.texts.join('');
    this.#numbers = Uint8Array.from(packing.numbers);
    this.#kinds = packing.kinds;
    this.#who = packing.who;
  }

  *view(): Generator<FamilyView | Seen, void> {
    const reading = new Reading(this.#numbers);
    let at = 0;
    let object = '';
    const seen = (): Seen => {
      const kind = this.#kinds[reading.number()] as Kind;
      const shared = reading.number();
      const end = at + reading.number();
      object = object.slice(0, shared) + this.#text.slice(at, end);
      at = end;
      const { verb, tree, detail, by } = kind;
      const behaviour = { channel: this.#channel, verb, object, tree, detail, by };
      return { behaviour, trace: reading.trace(this.#who) };
    };
    for (let family = 0; family < this.#families; family += 1) {
      const count = reading.number();
      const literals: Seen[] = [];
      while (literals.length < count >> 1) literals.push(seen());
      yield { literals, rest: (count & 1) === 1 ? reading.trace(this.#who) : null };
    }
    for (let place = 0; place < this.#places; place += 1) yield seen();
  }

  /** As it was before it was packed. */
  unpacked(): Evidence {
    const evidence = new Evidence();
    evidence.absorb(this);
    evidence.refused = this.refused;
    return evidence;
  }
}

class Packing {
  readonly texts: string[] = [];
  readonly numbers: number[] = [];
  readonly kinds: Kind[] = [];
  readonly who: Who[] = [];
  readonly #kindOf = new Map<string, number>();
  readonly #whoOf = new Map<string, number>();
  #object = '';
  #firstMs = 0;

  number(value: number): void {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.numbers.push((rest % 128) | 128);
    this.numbers.push(rest);
  }

  seen({ behaviour: { verb, tree, detail, by, object }, trace }: Seen): void {
    const key = `${tree}\u0000${verb}\u0000${detail}\u0000${by}`;
    let kind = this.#kindOf.get(key);
    if (kind === undefined) {
      kind = this.kinds.push({ verb, tree, detail, by }) - 1;
      this.#kindOf.set(key, kind);
    }
    const shared = sharedBy(this.#object, object);
    this.number(kind);
    this.number(shared);
    this.number(object.length - shared);
    this.texts.push(object.slice(shared));
    this.#object = object;
    this.trace(trace);
  }

  trace({ pods, reporters, firstMs, lastMs, exempt }: Trace): void {
    const key = `${pods.join()}/${reporters.join()}`;
    let who = this.#whoOf.get(key);
    if (who === undefined) {
      who = this.who.push({ pods, reporters }) - 1;
      this.#whoOf.set(key, who);
    }
    const later = firstMs - this.#firstMs;
    this.#firstMs = firstMs;
    this.number(who * FLAGS + (exempt ? IS_EXEMPT : 0) + (later < 0 ? IS_EARLIER : 0));
    this.number(Math.abs(later));
    this.number(lastMs - firstMs);
  }
}

class Reading {
  readonly #numbers: Uint8Array;
  #at = 0;
  #firstMs = 0;

  constructor(numbers: Uint8Array) {
    this.#numbers = numbers;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#numbers[this.#at] as number;
      this.#at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  trace(all: readonly Who[]): Trace {
    const number = this.number();
    const later = this.number();
    this.#firstMs += (number & IS_EARLIER) === 0 ? later : -later;
    const { pods, reporters } = all[Math.floor(number / FLAGS)] as Who;
    const firstMs = this.#firstMs;
    const exempt = (number & IS_EXEMPT) !== 0;
    return { pods, reporters, firstMs, lastMs: firstMs + this.number(), exempt };
  }
}

function sharedBy(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < most && a.charCodeAt(shared) === b.charCodeAt(shared)) shared += 1;
  return shared;
}
