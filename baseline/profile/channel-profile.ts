import type { Channel } from '../alert.ts';
import { behaviourText, type Behaviour } from '../behaviour/behaviour.ts';
import type { Ruling } from './decisions.ts';
import { Evidence, FAMILIES_MAX, type Family, type Literal } from './evidence.ts';
import { meansOf, type IsMeant } from './meant.ts';
import { namesOf, treeName } from './names.ts';
import { namingsOf, resolveAlone, type Naming } from './naming.ts';
import { addPod, POD_SET_MAX, support, type PodSet } from './pod-set.ts';
import { Share } from './share.ts';
import { copyOf, join, type Trace } from './trace.ts';

/**
 * The behaviours of one channel of one image: the evidence for them, our own and the fleet's, and
 * what they are called in general terms. The general terms are derived (`naming.ts`): at once for
 * a single new name, for all of them when `settle` is called or `NEWS_MAX` changes have come.
 *
 * Bounds: those of `evidence.ts`; when they are used up the channel is frozen and says so
 * (`frozen`, `refused`), nothing is evicted silently. What one pod alone may teach: `share.ts`.
 */

export const ITEMS_MAX = FAMILIES_MAX;
/** Raw behaviours whose item is remembered, so that a known one costs one map look-up. */
const RESOLVED_MAX = 8192;
/** New names and first pods between two looks at what is called how, which costs all of them. */
const NEWS_MAX = 32;
const NEWS_SHARE = 1 / 8;
/** What a pattern stands for already changes little: again when there is half as much more. */
const MORE_MIN = 256;
const MORE_SHARE = 1 / 2;
/** Each costs a look at all behaviours; in a fleet that knows its image there are few. */
const SOLE_REPORTERS_MAX = 256;

export type Item = Trace & {
  readonly key: string;
  /** A directory or edge, for counting novelty per place instead of per file. */
  readonly group: string;
  /** A literal, or the pattern that stands for several. */
  readonly object: string;
  /** One that was really seen, the first by text: the same for equal evidence. */
  behaviour: Behaviour;
  /** Pods of this node showed it; not only the fleet says so. */
  isOwn: boolean;
};

/** Where a known behaviour is counted: as itself, and under what it is called in general. */
export type Standing = { readonly item: Item; literal: Literal | null };

export class ChannelProfile {
  readonly channel: Channel;
  /** What pods of this node showed. */
  readonly own = new Evidence();
  /** What the fleet told. */
  readonly fleet = new Evidence();
  /** New behaviours that do not count because one pod alone had taught its share. */
  overtaught = 0;
  /** Grows when all names are derived anew: where behaviours stand is to be asked again. */
  settles = 0;
  /** Grows with what is learned or told, not with what is seen again. */
  changes = 0;
  #share = new Share();
  readonly #podCount: () => number;
  readonly #isTold: (literal: Literal) => boolean;
  #items = new Map<string, Item>();
  #namings = new Map<string, Naming>();
  readonly #resolved = new Map<string, Standing>();
  /** Made anew when it is asked for after a change. */
  #groups: Set<string> | null = null;
  #news = 0;
  #more = 0;
  readonly #rulings = new Map<string, Ruling>();
  #ruledAt = 0;

  constructor(
    channel: Channel,
    options: {
      readonly podCount?: () => number;
      /** Whether what the fleet told counts; see `quorum.ts`. */
      readonly isTold?: (literal: Literal) => boolean;
    } = {},
  ) {
    this.channel = channel;
    this.#podCount = options.podCount ?? (() => 1);
    this.#isTold = options.isTold ?? (() => true);
  }

  get items(): ReadonlyMap<string, Item> {
    if (this.#news > 0) this.settle();
    return this.#items;
  }

  get frozen(): boolean {
    return this.own.isFull;
  }

  get refused(): number {
    return this.own.refused + this.fleet.refused + this.overtaught;
  }

  find(behaviour: Behaviour): Item | undefined {
    return this.#slot(behaviour)?.item;
  }

  /** True when the pod showed it before: then only the time is news. */
  seeAgain(behaviour: Behaviour, pod: number, ms: number): boolean {
    const standing = this.standing(behaviour);
    if (standing === undefined || !isShownAgain(standing, pod, ms)) return false;
    noteTime(standing, ms);
    return true;
  }

  /** Undefined for what is not known. */
  standing(behaviour: Behaviour): Standing | undefined {
    const slot = this.#slot(behaviour);
    if (slot !== undefined && slot.literal?.isKept !== true) {
      slot.literal = this.own.literalOf(behaviour);
    }
    return slot;
  }

  keyOf(behaviour: Behaviour): string {
    if (this.#isStale) this.settle();
    return behaviourText(behaviour, this.#resolve(behaviour));
  }

  groupOf(behaviour: Behaviour): string {
    if (this.#isStale) this.settle();
    return groupOf(behaviour, this.#resolve(behaviour));
  }

  /**
   * What a person said of it: under its literal name, under what it is called in general, or under
   * a pattern that it fits whatever the profile calls it at present.
   */
  rulingOn(
    behaviour: Behaviour,
    revision: number,
    ask: {
      readonly byText: (value: string) => Ruling;
      readonly byPattern: (isMeant: IsMeant) => Ruling;
    },
  ): Ruling {
    if (revision !== this.#ruledAt) {
      this.#rulings.clear();
      this.#ruledAt = revision;
    }
    const raw = rawKey(behaviour);
    const known = this.#rulings.get(raw);
    if (known !== undefined) return known;
    const literal = behaviourText(behaviour, resolveAlone(behaviour));
    const ruling = ask.byText(literal)
      ?? ask.byText(this.keyOf(behaviour))
      ?? ask.byPattern(meansOf(behaviour));
    if (this.#rulings.size >= RESOLVED_MAX) this.#rulings.clear();
    this.#rulings.set(raw, ruling);
    return ruling;
  }

  /** Counts an occurrence by a pod. Returns null when the channel is frozen. */
  learn(
    behaviour: Behaviour,
    at: { readonly pod: number; readonly ms: number },
    exempt = false,
  ): Item | null {
    const { pod, ms } = at;
    const slot = this.#slot(behaviour);
    if (slot?.literal?.isKept === true) {
      return this.#again(slot.item, slot.literal, { ...at, exempt });
    }
    this.changes += 1;
    const isNew = slot === undefined && this.own.literalOf(behaviour) === null;
    if (isNew && !this.#share.mayKeep(pod, ms)) {
      this.overtaught += 1;
      return null;
    }
    const { literal, isNews } = this.own.see(behaviour, pod, ms, exempt);
    if (isNews) this.#note(behaviour, slot !== undefined);
    if (slot !== undefined) {
      slot.literal = literal;
      touch(slot.item, pod, ms);
      return slot.item;
    }
    if (literal === null || !this.#counts(literal, isNew)) return null;
    return this.#insert(behaviour, this.#resolve(behaviour), { ...literal.trace, isOwn: true });
  }

  /** A name without an item: it counts when its pod's share has room, or with a second pod. */
  #counts({ trace: { pods, firstMs } }: Literal, isNew: boolean): boolean {
    const [pod] = pods;
    if (pod === undefined || support(pods) > 1) return true;
    if (!isNew) return false;
    const isIn = this.#share.add(pod, firstMs);
    if (!isIn) this.overtaught += 1;
    return isIn;
  }

  /** Takes in what the fleet knows, as `put` hands it over. */
  tell(put: (fleet: Evidence) => void): void {
    const { version } = this.fleet;
    put(this.fleet);
    this.changes += 1;
    if (this.fleet.version !== version) this.#news = Number.POSITIVE_INFINITY;
  }

  /** Nodes that alone reported some behaviour; at most `SOLE_REPORTERS_MAX` of them. */
  soleReporters(): ReadonlySet<number> {
    const reporters = new Set<number>();
    for (const { literals } of this.fleet.families.values()) {
      for (const { trace } of literals) {
        const [only] = trace.reporters;
        if (only !== undefined && trace.reporters.length === 1) reporters.add(only);
        if (reporters.size >= SOLE_REPORTERS_MAX) return reporters;
      }
    }
    return reporters;
  }

  /** Something was seen there before: the same operation of the same program in that directory. */
  knowsGroup(group: string): boolean {
    // First, because settling forgets the groups.
    const { items } = this;
    this.#groups ??= new Set(Array.from(items.values(), (item) => item.group));
    return this.#groups.has(group);
  }

  /** Derives all names and items from the evidence. */
  settle(): void {
    this.settles += 1;
    this.changes += 1;
    this.#news = 0;
    this.#more = 0;
    this.#resolved.clear();
    this.#rulings.clear();
    this.#groups = null;
    this.#items = new Map();
    const evidence = this.#withinShare(this.#evidence());
    this.#namings = namingsOf(evidence, this.#podCount());
    const itemsOf = new Map<Family, Set<Item>>();
    for (const family of evidence.families.values()) itemsOf.set(family, this.#derive(family));
    for (const { families, rest } of evidence.places.values()) {
      if (rest === null) continue;
      const items = new Set(families.flatMap((family) => [...(itemsOf.get(family) ?? [])]));
      if (items.size === 1) for (const item of items) absorb(item, rest);
    }
    if (evidence === this.own) return;
    for (const { literals } of this.own.families.values()) {
      for (const { behaviour } of literals) {
        const item = this.#items.get(this.keyOf(behaviour));
        if (item !== undefined) item.isOwn = true;
      }
    }
  }

  /** There are more pods, so that some names may come back as literals. */
  review(): void {
    if (this.#namings.size > 0) this.#news += 1;
  }

  #evidence(): Evidence {
    if (this.fleet.families.size === 0) return this.own;
    const all = new Evidence();
    all.absorb(this.own);
    all.absorb(this.fleet, this.#isTold);
    return all;
  }

  #withinShare(all: Evidence): Evidence {
    this.#share = new Share();
    const beyond = this.#share.beyond(all);
    if (beyond.size === 0) return all;
    const counted = new Evidence();
    counted.absorb(all, (literal) => !beyond.has(literal));
    return counted;
  }

  #derive({ literals, rest }: Family): Set<Item> {
    const items = new Set<Item>();
    const [first] = literals;
    const naming = first === undefined ? undefined : this.#namings.get(treeName(first.behaviour));
    const isOwn = this.fleet.families.size === 0;
    for (const literal of literals) {
      const { behaviour, trace } = literal;
      const isTree = behaviour.tree !== 'none' && naming !== undefined;
      const object = isTree ? naming.nameOf(literal) : behaviour.object;
      items.add(this.#insert(behaviour, object, { ...trace, isOwn }));
    }
    // Of dropped names it is not known which they were: they are what all others are, or nothing.
    if (rest !== null && items.size === 1) for (const item of items) absorb(item, rest);
    return items;
  }

  #again(
    item: Item,
    literal: Literal,
    { pod, ms, exempt }: { readonly pod: number; readonly ms: number; readonly exempt: boolean },
  ): Item {
    const isNews = Evidence.again(literal, pod, ms, exempt);
    if (isNews) this.#note(literal.behaviour, true);
    if (ms > item.lastMs) item.lastMs = ms;
    if (isNews) {
      this.changes += 1;
      addPod(item.pods, pod);
    }
    if (ms < item.firstMs) item.firstMs = ms;
    return item;
  }

  #insert(behaviour: Behaviour, object: string, trace: Trace & { isOwn: boolean }): Item {
    const key = behaviourText(behaviour, object);
    const known = this.#items.get(key);
    if (known !== undefined) {
      absorb(known, trace);
      known.isOwn ||= trace.isOwn;
      if (behaviour.object < known.behaviour.object) known.behaviour = behaviour;
      return known;
    }
    const group = groupOf(behaviour, object);
    const item = { ...copyOf(trace), isOwn: trace.isOwn, key, group, object, behaviour };
    this.#items.set(key, item);
    this.#groups?.add(group);
    return item;
  }

  #note(behaviour: Behaviour, isKnown: boolean): void {
    if (behaviour.tree === 'none') return;
    if (isKnown) this.#more += 1;
    else this.#news += 1;
  }

  get #isStale(): boolean {
    const { records } = this.own;
    if (this.#more >= Math.max(MORE_MIN, records * MORE_SHARE)) return true;
    return this.#news >= Math.max(NEWS_MAX, records * NEWS_SHARE);
  }

  #slot(behaviour: Behaviour): Standing | undefined {
    const raw = rawKey(behaviour);
    const cached = this.#resolved.get(raw);
    if (cached !== undefined) return cached;
    const key = this.keyOf(behaviour);
    const item = this.#items.get(key);
    if (item === undefined) return undefined;
    const slot = { item, literal: null };
    if (this.#resolved.size >= RESOLVED_MAX) this.#resolved.clear();
    this.#resolved.set(raw, slot);
    return slot;
  }

  #resolve(behaviour: Behaviour): string {
    if (behaviour.tree === 'none') return behaviour.object;
    const naming = this.#namings.get(treeName(behaviour));
    return naming === undefined ? resolveAlone(behaviour) : naming.resolve(namesOf(behaviour));
  }
}

function absorb(item: Item, trace: Trace): void {
  const { pods, reporters, firstMs, lastMs, exempt } = join(item, trace);
  Object.assign(item, { pods, reporters, firstMs, lastMs, exempt });
}

function touch(item: Item, pod: number, ms: number): void {
  addPod(item.pods, pod);
  item.isOwn = true;
  if (ms > item.lastMs) item.lastMs = ms;
  if (ms < item.firstMs) item.firstMs = ms;
}

/** The pod showed it before; then only the time is news. */
export function isShownAgain({ literal }: Standing, pod: number, ms: number): boolean {
  if (literal?.isKept !== true) return false;
  const { trace } = literal;
  return ms >= trace.firstMs && isShownBy(trace.pods, pod);
}

export function noteTime({ item, literal }: Standing, ms: number): void {
  if (literal !== null && ms > literal.trace.lastMs) literal.trace.lastMs = ms;
  if (ms > item.lastMs) item.lastMs = ms;
}

function groupOf(behaviour: Behaviour, object: string): string {
  if (behaviour.tree !== 'path') return behaviourText(behaviour, object);
  const slash = object.lastIndexOf('/');
  return behaviourText(behaviour, slash < 0 ? object : `${object.slice(0, slash)}/`);
}

/** A full set takes no larger hash: as far as it can tell the pod is in it. */
function isShownBy(pods: PodSet, pod: number): boolean {
  return pods.includes(pod) || (pods.length >= POD_SET_MAX && pod > (pods.at(-1) ?? 0));
}

/** Trusted in a strong channel at two pods: one poisoned pod teaches nothing. */
export function isTrusted(item: Item, onePodWorkload: boolean): boolean {
  return onePodWorkload || support(item.pods) >= 2;
}

function rawKey(b: Behaviour): string {
  return `${b.verb}\u0000${b.object}\u0000${b.detail}\u0000${b.by}`;
}
