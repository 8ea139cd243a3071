import type { Channel } from '../alert.ts';
import { behaviourText, type Behaviour } from '../behaviour/behaviour.ts';
import type { Ruling } from './decisions.ts';
import { Evidence, FAMILIES_MAX, type Family, type Literal, type Seen } from './evidence.ts';
import { groupOf, ItemTable, type Item } from './item-table.ts';
import { meansOf, type IsMeant } from './meant.ts';
import { namesOf, treeName } from './names.ts';
import { namingsOf, resolveAlone, type Naming } from './naming.ts';
import { PackedEvidence } from './packed-evidence.ts';
import { support } from './pod-set.ts';
import { Share } from './share.ts';
import { isShownAgain, noteTime, type Standing } from './standing.ts';

/**
 * The behaviours of one channel of one image: the evidence for them, our own and the fleet's, and
 * what they are called in general terms. The general terms are derived (`naming.ts`): at once for
 * a single new name, for all of them when `settle` is called or `NEWS_MAX` changes have come.
 *
 * Bounds: those of `evidence.ts`; when they are used up the channel is frozen and says so
 * (`frozen`, `refused`), nothing is evicted silently. What one pod alone may teach: `share.ts`.
 */

export const ITEMS_MAX = FAMILIES_MAX;
/** Known names that are no longer kept, whose place is remembered. */
const RESOLVED_SPARE = 64;
/** What people said of so many behaviours is remembered. */
const RULINGS_MAX = 512;
/** New names and first pods between two looks at what is called how, which costs all of them. */
const NEWS_MAX = 32;
const NEWS_SHARE = 1 / 8;
/** What a pattern stands for already changes little: again when there is half as much more. */
const MORE_MIN = 256;
const MORE_SHARE = 1 / 2;
/** Each costs a look at all behaviours; in a fleet that knows its image there are few. */
const SOLE_REPORTERS_MAX = 256;

const NO_NAMINGS: ReadonlyMap<string, Naming> = new Map();

export { isShownAgain, noteTime };
export type { Item, Standing };

export class ChannelProfile {
  readonly channel: Channel;
  /** What pods of this node showed. */
  readonly own = new Evidence();
  /** New behaviours that do not count because one pod alone had taught its share. */
  overtaught = 0;
  /** Grows when all names are derived anew: where behaviours stand is to be asked again. */
  settles = 0;
  /** Grows with what is learned or told, not with what is seen again. */
  changes = 0;
  #share: Share | null = null;
  readonly #podCount: () => number;
  readonly #isTold: (seen: Seen) => boolean;
  /** What the fleet told: while more is told, and at rest. */
  #fleet: Evidence | PackedEvidence | null = null;
  #items: ItemTable;
  #namings: ReadonlyMap<string, Naming> = NO_NAMINGS;
  /** Where names stand that pods of this node showed: as many as `own` has, each once. */
  readonly #resolved = new Map<string, Standing>();
  /** What was asked for last: one event asks for its behaviour several times. */
  #asked: { readonly behaviour: Behaviour; readonly slot: Standing | undefined } | null = null;
  /** Made anew when it is asked for after a change. */
  #groups: Set<string> | null = null;
  #news = 0;
  #more = 0;
  #rulings: Map<string, Ruling> | null = null;
  #ruledAt = 0;

  constructor(
    channel: Channel,
    options: {
      readonly podCount?: () => number;
      /** Whether what the fleet told counts; see `quorum.ts`. */
      readonly isTold?: (seen: Seen) => boolean;
    } = {},
  ) {
    this.channel = channel;
    this.#podCount = options.podCount ?? (() => 1);
    this.#isTold = options.isTold ?? (() => true);
    this.#items = new ItemTable(channel);
  }

  get items(): Pick<ItemTable, 'size' | 'values' | 'keys' | 'get' | 'has'> {
    if (this.#news > 0) this.settle();
    return this.#items;
  }

  get frozen(): boolean {
    return this.own.isFull;
  }

  get refused(): number {
    return this.own.refused + (this.#fleet?.refused ?? 0) + this.overtaught;
  }

  /** What the fleet told; to be read, since it may have been unpacked for this. */
  get fleet(): Evidence {
    if (this.#fleet === null) return new Evidence();
    return this.#fleet instanceof Evidence ? this.#fleet : this.#fleet.unpacked();
  }

  /** What was told takes a thirtieth of the space until more is told. */
  rest(): void {
    if (!(this.#fleet instanceof Evidence)) return;
    this.own.forgetNames();
    const { isEmpty, level } = this.#fleet;
    this.#fleet = isEmpty && level === 0 ? null : new PackedEvidence(this.channel, this.#fleet);
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
      this.#place(slot, behaviour, this.own.literalOf(behaviour));
    }
    return slot;
  }

  /** Whether it is known, for those who ask about all that another profile knows. */
  knows(behaviour: Behaviour): boolean {
    if (this.#isStale) this.settle();
    return this.#items.find(behaviour, this.#resolve(behaviour)) !== undefined;
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
    if (revision !== this.#ruledAt) this.#rulings = null;
    this.#ruledAt = revision;
    const raw = rawKey(behaviour);
    const known = this.#rulings?.get(raw);
    if (known !== undefined) return known;
    const literal = behaviourText(behaviour, resolveAlone(behaviour));
    const ruling = ask.byText(literal)
      ?? ask.byText(this.keyOf(behaviour))
      ?? ask.byPattern(meansOf(behaviour));
    if (this.#rulings === null || this.#rulings.size >= RULINGS_MAX) this.#rulings = new Map();
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
    this.#asked = null;
    const isNew = slot === undefined && this.own.literalOf(behaviour) === null;
    this.#share ??= new Share();
    if (isNew && !this.#share.mayKeep(pod, ms)) {
      this.overtaught += 1;
      return null;
    }
    const { literal, isNews } = this.own.see(behaviour, { pod, ms, exempt });
    if (isNews) this.#note(behaviour, slot !== undefined);
    if (slot !== undefined) {
      this.#place(slot, behaviour, literal);
      slot.item.noteShown(pod, ms);
      return slot.item;
    }
    if (literal === null || !this.#counts(literal, isNew)) return null;
    const index = this.#items.add(behaviour, this.#resolve(behaviour), literal.trace, true);
    this.#items.compact();
    const item = this.#items.at(index);
    this.#groups?.add(item.group);
    return item;
  }

  /** A name without an item: it counts when its pod's share has room, or with a second pod. */
  #counts({ trace: { pods, firstMs } }: Literal, isNew: boolean): boolean {
    const [pod] = pods;
    if (pod === undefined || support(pods) > 1) return true;
    if (!isNew) return false;
    const isIn = this.#share?.add(pod, firstMs) ?? true;
    if (!isIn) this.overtaught += 1;
    return isIn;
  }

  /** Takes in what the fleet knows, as `put` hands it over. */
  tell(put: (fleet: Evidence) => void): void {
    const { fleet } = this;
    const { version } = fleet;
    put(fleet);
    this.#fleet = fleet;
    this.changes += 1;
    if (fleet.version !== version) this.#expect(Number.POSITIVE_INFINITY);
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
    // First, because settling forgets the groups; and no oftener than `groupOf`, whose names it is
    // asked with: as any news made it settle, that was most of what a busy minute cost.
    if (this.#isStale) this.settle();
    this.#groups ??= new Set(Array.from(this.#items.values(), (item) => item.group));
    return this.#groups.has(group);
  }

  /** Derives all names and items from the evidence. */
  settle(): void {
    this.settles += 1;
    this.changes += 1;
    this.#news = 0;
    this.#more = 0;
    this.#resolved.clear();
    this.#asked = null;
    this.#rulings = null;
    this.#groups = null;
    const isTold = this.#fleet?.isEmpty === false;
    const evidence = this.#withinShare(this.#evidence());
    this.#namings = namingsOf(evidence, this.#podCount());
    const items = new ItemTable(this.channel, evidence.records);
    this.#items = items;
    const itemsOf = new Map<Family, ReadonlySet<number>>();
    for (const family of evidence.families.values()) {
      itemsOf.set(family, this.#derive(family, !isTold));
    }
    for (const { families, rest } of evidence.places.values()) {
      if (rest === null) continue;
      const inPlace = new Set(families.flatMap((family) => [...(itemsOf.get(family) ?? [])]));
      if (inPlace.size === 1) for (const item of inPlace) items.join(item, rest);
    }
    for (const naming of this.#namings.values()) naming.forgetNames();
    items.seal();
    if (evidence === this.own) return;
    for (const { literals } of this.own.families.values()) {
      for (const { behaviour } of literals) {
        items.find(behaviour, this.#resolve(behaviour))?.noteOwn();
      }
    }
  }

  /** There are more pods, so that some names may come back as literals. */
  review(): void {
    if (this.#namings.size > 0) this.#expect(1);
  }

  #expect(news: number): void {
    this.#news += news;
    this.#asked = null;
  }

  #evidence(): Evidence {
    if (this.#fleet === null || this.#fleet.isEmpty) return this.own;
    const all = new Evidence();
    all.absorb(this.own);
    all.absorb(this.#fleet, this.#isTold);
    return all;
  }

  #withinShare(all: Evidence): Evidence {
    const share = new Share();
    const beyond = share.beyond(all);
    this.#share = share.isEmpty ? null : share;
    if (beyond.size === 0) return all;
    const counted = new Evidence();
    counted.absorb(all, (literal) => !beyond.has(literal));
    return counted;
  }

  #derive({ literals, rest }: Family, isOwn: boolean): ReadonlySet<number> {
    const items = new Set<number>();
    const [first] = literals;
    const naming = first === undefined ? undefined : this.#namings.get(treeName(first.behaviour));
    for (const literal of literals) {
      const { behaviour, trace } = literal;
      const isTree = behaviour.tree !== 'none' && naming !== undefined;
      const object = isTree ? naming.nameOf(literal) : behaviour.object;
      items.add(this.#items.add(behaviour, object, trace, isOwn));
    }
    // Of dropped names it is not known which they were: they are what all others are, or nothing.
    if (rest !== null && items.size === 1) for (const item of items) this.#items.join(item, rest);
    return items;
  }

  #again(
    item: Item,
    literal: Literal,
    { pod, ms, exempt }: { readonly pod: number; readonly ms: number; readonly exempt: boolean },
  ): Item {
    const isNews = this.own.again(literal, { pod, ms, exempt });
    if (isNews) this.#note(literal.behaviour, true);
    if (isNews) {
      this.changes += 1;
      item.noteShown(pod, ms);
    } else item.noteTime(ms);
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
    if (this.#asked?.behaviour === behaviour) return this.#asked.slot;
    const known = this.#resolved.get(rawKey(behaviour));
    if (known !== undefined) return known;
    if (this.#isStale) this.settle();
    const item = this.#items.find(behaviour, this.#resolve(behaviour));
    const slot = item === undefined ? undefined : { item, literal: null };
    this.#asked = { behaviour, slot };
    return slot;
  }

  /** The name is kept as it is, so there are no more of them than are kept. */
  #place(slot: Standing, behaviour: Behaviour, literal: Literal | null): void {
    slot.literal = literal;
    if (literal === null || literal.behaviour.object !== behaviour.object) return;
    // Names that were pushed out of the evidence since: few, and gone when names are derived.
    if (this.#resolved.size >= this.own.records + RESOLVED_SPARE) this.#resolved.clear();
    this.#resolved.set(rawKey(behaviour), slot);
  }

  #resolve(behaviour: Behaviour): string {
    if (behaviour.tree === 'none') return behaviour.object;
    const naming = this.#namings.get(treeName(behaviour));
    return naming === undefined ? resolveAlone(behaviour) : naming.resolve(namesOf(behaviour));
  }
}

/** Trusted in a strong channel at two pods: one poisoned pod teaches nothing. */
export function isTrusted(item: Item, onePodWorkload: boolean): boolean {
  return onePodWorkload || support(item.pods) >= 2;
}

function rawKey(b: Behaviour): string {
  return `${b.verb}\u0000${b.object}\u0000${b.detail}\u0000${b.by}`;
}
