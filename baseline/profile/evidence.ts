import type { Behaviour } from '../behaviour/behaviour.ts';
import { boundedObject, namesOf, separatorOf, type Names } from './names.ts';
import { podHash, SharedPods } from './pod-set.ts';
import { copyOf, extend, join, newTrace, type Sight, type Trace } from './trace.ts';

/**
 * What pods showed of one channel, before anything is generalised: a sketch that merges by union,
 * whatever the order and the split. Names are kept as they were seen, so that what a directory
 * generalises to is a function of the merged evidence and of nothing else (`naming.ts`).
 *
 * Names of one shape are a *family* (`/var/cache/<x1>/<x2>/<H>`), families of one directory shape a
 * *place*. A family keeps the `LITERALS_MAX` names with the smallest hashes, a place the
 * `PLACE_FAMILIES_MAX` families with the smallest: whatever is in the sketch of the union was never
 * dropped by any part of it. Of the rest only the joined trace is kept. When `FAMILIES_MAX`
 * families or `RECORDS_MAX` names are used up, families and places keep half as many, which makes
 * more of them general, up to `LEVEL_MAX` times. After that new ones are refused and counted: what
 * was refused first depends on the order, so only below that is the sketch free of it.
 */

export const LITERALS_MAX = 64;
export const PLACE_FAMILIES_MAX = 512;
export const FAMILIES_MAX = 4096;
export const RECORDS_MAX = 8192;
export const LEVEL_MAX = 4;

export type Literal = {
  readonly behaviour: Behaviour;
  /** Null until a name is made of it, which merging never does; ask `namesIn`. */
  names: Names | null;
  readonly hash: number;
  trace: Trace;
  /** False when smaller hashes pushed it out of the sketch. */
  isKept: boolean;
};

export type Family = {
  readonly key: string;
  readonly hash: number;
  readonly place: Place | null;
  /** Sorted by hash. */
  literals: readonly Literal[];
  /** Of the names that are no longer kept. */
  rest: Trace | null;
};

export type Place = {
  readonly key: string;
  /** One behaviour of it, for its verb, its program and its kind of tree. */
  readonly behaviour: Behaviour;
  /** Sorted by hash. */
  families: readonly Family[];
  rest: Trace | null;
};

/** Where the evidence of one sighting went. */
export type Sighting = {
  readonly literal: Literal | null;
  /** Another pod, another name: what it is called may change. */
  readonly isNews: boolean;
};

const REFUSED: Sighting = { literal: null, isNews: false };

/** A name and what is known of it. */
export type Seen = { readonly behaviour: Behaviour; readonly trace: Trace };

/** The names that are kept of a family, and what is known of the others. */
export type FamilyView = { readonly literals: readonly Seen[]; readonly rest: Trace | null };

/** Evidence to be read: its families, then what was dropped of each place. */
export type EvidenceView = {
  readonly level: number;
  readonly isEmpty: boolean;
  view(): Iterable<FamilyView | Seen>;
};

export function namesIn(literal: Literal): Names {
  literal.names ??= namesOf(literal.behaviour);
  return literal.names;
}

export class Evidence implements EvidenceView {
  readonly families = new Map<string, Family>();
  readonly places = new Map<string, Place>();
  records = 0;
  refused = 0;
  /** Grows when something was learned, not when something was seen again. */
  version = 0;
  #level = 0;
  #shared: SharedPods | null = null;

  /** How often families and places were halved. */
  get level(): number {
    return this.#level;
  }

  get isEmpty(): boolean {
    return this.families.size === 0;
  }

  /** New families are refused: the bound of the whole channel. */
  get isFull(): boolean {
    return this.#level >= LEVEL_MAX && this.#isCrowded;
  }

  get #isCrowded(): boolean {
    return this.families.size >= FAMILIES_MAX || this.records >= RECORDS_MAX;
  }

  /** A pod showed it. */
  see(behaviour: Behaviour, sight: Sight): Sighting {
    this.#shared ??= new SharedPods();
    return this.#put(behaviour, newTrace(sight, this.#shared));
  }

  /** The name, if it is kept. */
  literalOf(behaviour: Behaviour): Literal | null {
    const family = this.families.get(familyKey(behaviour, namesOf(behaviour)));
    if (family === undefined) return null;
    const { object } = boundedBehaviour(behaviour);
    const literal = family.literals[positionOf(family.literals, podHash(object), object)];
    return literal?.behaviour.object === object ? literal : null;
  }

  /** The same for a name that is kept: the common case, without looking for it. */
  again(literal: Literal, sight: Sight): boolean {
    this.#shared ??= new SharedPods();
    return extend(literal.trace, sight, this.#shared);
  }

  /** Names are made of what it is put together with: of it alone not for the time being. */
  forgetNames(): void {
    for (const { literals } of this.families.values()) {
      for (const literal of literals) literal.names = null;
    }
  }

  /** Keeps half as many of each, until the level is reached. */
  raise(level: number): void {
    while (this.#level < Math.min(level, LEVEL_MAX)) {
      this.#level += 1;
      for (const place of this.places.values()) this.#shrinkPlace(place);
      for (const family of this.families.values()) this.#shrinkFamily(family);
    }
  }

  *view(): Generator<FamilyView | Seen, void> {
    yield* this.families.values();
    for (const { behaviour, rest } of this.places.values()) {
      if (rest !== null) yield { behaviour, trace: rest };
    }
  }

  /**
   * Takes in all that the other holds, or of it the names that are wanted. The traces stay the
   * other's: joining makes new ones, so that only `see` would change them, which nobody tells of
   * evidence that was put together.
   */
  absorb(other: EvidenceView, isWanted: ((seen: Seen) => boolean) | null = null): void {
    this.raise(other.level);
    for (const one of other.view()) {
      if ('behaviour' in one) {
        this.addPlaceRest(one.behaviour, one.trace);
        continue;
      }
      const { literals, rest } = one;
      const wanted = isWanted === null ? literals : literals.filter(isWanted);
      const [first] = wanted;
      if (first === undefined) continue;
      this.addNames(wanted);
      // What was dropped says nothing of a family of which some names do not count.
      if (rest === null || wanted.length < literals.length) continue;
      this.addFamilyRest(first.behaviour, rest);
    }
  }

  /** A name with all that is known of it. */
  add(behaviour: Behaviour, trace: Trace): Sighting {
    return this.#put(behaviour, trace);
  }

  /** Names of one family: what shape they have is found out once, which is most of a merge. */
  addNames(names: readonly Seen[]): void {
    const [first] = names;
    if (first === undefined) return;
    const shape = namesOf(first.behaviour);
    const key = familyKey(first.behaviour, shape);
    for (const { behaviour, trace } of names) {
      const family = this.families.get(key) ?? this.#newFamily(behaviour, key, shape, trace);
      if (family !== null) this.#name(family, boundedBehaviour(behaviour), trace);
    }
  }

  /** What is left of the dropped names of the family that this behaviour belongs to. */
  addFamilyRest(behaviour: Behaviour, rest: Trace): void {
    const names = namesOf(behaviour);
    const family = this.families.get(familyKey(behaviour, names));
    if (family !== undefined) {
      family.rest = joined(family.rest, rest);
      return;
    }
    const place = this.places.get(placeKey(behaviour, names) ?? '');
    if (place !== undefined) place.rest = joined(place.rest, rest);
  }

  addPlaceRest(behaviour: Behaviour, rest: Trace): void {
    // A place that has dropped some is full of others; without any it is nothing we know.
    const place = this.places.get(placeKey(behaviour, namesOf(behaviour)) ?? '');
    if (place !== undefined) place.rest = joined(place.rest, rest);
  }

  #put(behaviour: Behaviour, trace: Trace): Sighting {
    const names = namesOf(behaviour);
    const key = familyKey(behaviour, names);
    const known = this.families.get(key);
    const family = known ?? this.#newFamily(behaviour, key, names, trace);
    if (family === null) return REFUSED;
    return this.#name(family, boundedBehaviour(behaviour), trace);
  }

  /** Null when the channel is full, or its place is full of smaller ones. */
  #newFamily(behaviour: Behaviour, key: string, names: Names, trace: Trace): Family | null {
    while (this.#isCrowded && this.#level < LEVEL_MAX) this.raise(this.#level + 1);
    if (this.#isCrowded) {
      this.refused += 1;
      return null;
    }
    const place = this.#place(behaviour, names);
    const family: Family = { key, hash: podHash(key), place, literals: [], rest: null };
    if (place !== null) {
      const { families } = place;
      const index = placeIn(families, (other) => isBefore(other, family));
      if (index >= PLACE_FAMILIES_MAX >> this.#level) {
        place.rest = joined(place.rest, trace);
        return null;
      }
      place.families = families.toSpliced(index, 0, family);
    }
    this.families.set(key, family);
    if (place !== null) this.#shrinkPlace(place);
    return family;
  }

  #name(family: Family, behaviour: Behaviour, trace: Trace): Sighting {
    const { literals } = family;
    const hash = podHash(behaviour.object);
    const index = positionOf(literals, hash, behaviour.object);
    const known = literals[index];
    if (known !== undefined && known.behaviour.object === behaviour.object) {
      const before = known.trace;
      known.trace = join(before, trace);
      if (isMore(before, known.trace)) this.version += 1;
      return { literal: known, isNews: known.trace.pods.length !== before.pods.length };
    }
    if (index >= LITERALS_MAX >> this.#level) {
      if (family.rest === null) this.version += 1;
      family.rest = joined(family.rest, trace);
      return REFUSED;
    }
    const literal: Literal = { behaviour, names: null, hash, trace, isKept: true };
    // To measure: a list that grows in place takes room for sixteen, and most families are one.
    family.literals = literals.toSpliced(index, 0, literal);
    this.records += 1;
    this.version += 1;
    this.#shrinkFamily(family);
    if (this.records > RECORDS_MAX) this.raise(this.#level + 1);
    return { literal: literal.isKept ? literal : null, isNews: true };
  }

  #shrinkFamily(family: Family): void {
    const most = LITERALS_MAX >> this.#level;
    const dropped = family.literals.slice(most).reverse();
    if (dropped.length === 0) return;
    family.literals = family.literals.slice(0, most);
    for (const literal of dropped) family.rest = joined(family.rest, this.#drop(literal));
  }

  #shrinkPlace(place: Place): void {
    const most = PLACE_FAMILIES_MAX >> this.#level;
    const dropped = place.families.slice(most).reverse();
    if (dropped.length === 0) return;
    place.families = place.families.slice(0, most);
    for (const { key, literals, rest } of dropped) {
      this.families.delete(key);
      for (const literal of literals) place.rest = joined(place.rest, this.#drop(literal));
      if (rest !== null) place.rest = joined(place.rest, rest);
    }
  }

  #drop(literal: Literal): Trace {
    literal.isKept = false;
    this.records -= 1;
    return literal.trace;
  }

  #place(behaviour: Behaviour, names: Names): Place | null {
    const key = placeKey(behaviour, names);
    if (key === null) return null;
    let place = this.places.get(key);
    if (place === undefined) {
      place = { key, behaviour: boundedBehaviour(behaviour), families: [], rest: null };
      this.places.set(key, place);
    }
    return place;
  }
}

/** More than that it was seen again later. */
function isMore(before: Trace, after: Trace): boolean {
  return (
    after.pods.length !== before.pods.length ||
    after.reporters.length !== before.reporters.length ||
    after.firstMs !== before.firstMs ||
    after.exempt !== before.exempt
  );
}

function joined(rest: Trace | null, trace: Trace): Trace {
  return rest === null ? copyOf(trace) : join(rest, trace);
}

function isBefore(a: Family, b: Family): boolean {
  return a.hash === b.hash ? a.key < b.key : a.hash < b.hash;
}

/** Where a name stands, or would stand, by hash; two names of one hash by their text. */
function positionOf(literals: readonly Literal[], hash: number, object: string): number {
  return placeIn(literals, (other) =>
    other.hash === hash ? other.behaviour.object < object : other.hash < hash,
  );
}

/** The first of a sorted list that is not before something. */
function placeIn<T>(sorted: readonly T[], isBefore: (other: T) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(sorted[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function boundedBehaviour(behaviour: Behaviour): Behaviour {
  const object = boundedObject(behaviour);
  return object === behaviour.object ? behaviour : { ...behaviour, object };
}

function shaped(names: Names, tree: Behaviour['tree'], end: number): string {
  const { segments, shapes } = names;
  let text = '';
  for (let depth = 0; depth < end; depth += 1) {
    if (depth > 0) text += separatorOf(tree);
    text += shapes[depth] ?? segments[depth] ?? '';
  }
  return text;
}

export function familyKey(behaviour: Behaviour, names: Names): string {
  const { verb, tree, detail, by, object } = behaviour;
  const shape = tree === 'none' ? object : shaped(names, tree, names.segments.length);
  return `${tree}\u0000${verb}\u0000${shape}\u0000${detail}\u0000${by}`;
}

/** Only directories have families without number: words that users choose. */
function placeKey(behaviour: Behaviour, names: Names): string | null {
  const { verb, tree, detail, by } = behaviour;
  if (tree !== 'path') return null;
  const parent = shaped(names, tree, names.segments.length - 1);
  return `${verb}\u0000${parent}\u0000${detail}\u0000${by}`;
}
