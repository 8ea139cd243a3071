import type { Channel } from '../alert.ts';
import { behaviourText, type Behaviour } from '../behaviour/behaviour.ts';
import { ItemRows, type Kind } from './item-rows.ts';
import type { HashSet } from './pod-set.ts';
import { join, type Trace } from './trace.ts';

/**
 * What the behaviours of a channel are called in general terms, with the evidence for each: looked
 * up by name, and walked through. The items themselves are in columns (`item-rows.ts`); an `Item`
 * is a look at one of them, made when it is asked for, and good until names are derived anew.
 *
 * Bound: `ITEMS_IN_TABLE_MAX`, above what the evidence of a channel can hold twice over.
 */

export const ITEMS_IN_TABLE_MAX = 65_534;
const SLOTS_MIN = 8;
const NO_SLOTS = new Uint16Array(0);
/** At most so much of the slots is used, or looks get long. */
const LOAD_MAX = 0.75;

export class Item {
  readonly #rows: ItemRows;
  readonly #index: number;

  constructor(rows: ItemRows, index: number) {
    this.#rows = rows;
    this.#index = index;
  }

  get key(): string {
    return behaviourText(this.behaviour, this.object);
  }

  /** A directory or edge, for counting novelty per place instead of per file. */
  get group(): string {
    return groupOf(this.behaviour, this.object);
  }

  /** A literal, or the pattern that stands for several. */
  get object(): string {
    return this.#rows.object(this.#index);
  }

  /** One that was really seen, the first by text: the same for equal evidence. */
  get behaviour(): Behaviour {
    return this.#rows.behaviour(this.#index);
  }

  /** Pods of this node showed it; not only the fleet says so. */
  get isOwn(): boolean {
    return this.#rows.isOwn(this.#index);
  }

  /** Not to be changed: other items have the same. */
  get pods(): HashSet {
    return this.#rows.pods(this.#index);
  }

  get reporters(): HashSet {
    return this.#rows.reporters(this.#index);
  }

  get firstMs(): number {
    return this.#rows.firstMs(this.#index);
  }

  get lastMs(): number {
    return this.#rows.lastMs(this.#index);
  }

  get exempt(): boolean {
    return this.#rows.isExempt(this.#index);
  }

  noteTime(ms: number): void {
    this.#rows.noteTime(this.#index, ms);
  }

  /** A pod of this node shows it. */
  noteShown(pod: number, ms: number): void {
    this.#rows.addPod(this.#index, pod);
    this.#rows.noteOwn(this.#index);
    this.#rows.noteTime(this.#index, ms);
  }

  noteOwn(): void {
    this.#rows.noteOwn(this.#index);
  }
}

export class ItemTable {
  readonly #rows: ItemRows;
  #kinds: Map<string, number> | null = null;
  /** Open addressing: the number of an item plus one, or 0. */
  #slots = NO_SLOTS;

  /** `expected`: room for so many is made at once. */
  constructor(channel: Channel, expected = 0) {
    this.#rows = new ItemRows(channel, expected);
  }

  get size(): number {
    return this.#rows.count;
  }

  find(behaviour: Behaviour, object: string): Item | undefined {
    const kind = this.#kinds?.get(kindKey(behaviour));
    if (kind === undefined) return undefined;
    const index = this.#indexAt(this.#slotOf(kind, object));
    return index < 0 ? undefined : new Item(this.#rows, index);
  }

  /** Adds it, or joins what is known of it with that; its number. */
  add(behaviour: Behaviour, object: string, trace: Trace, isOwn: boolean): number {
    const rows = this.#rows;
    const kind = this.#kindOf(behaviour);
    this.#reserve();
    const slot = this.#slotOf(kind, object);
    const known = this.#indexAt(slot);
    if (known < 0) {
      const index = rows.add({ kind, object, behaviour, trace, isOwn });
      this.#slots[slot] = index + 1;
      return index;
    }
    this.join(known, trace);
    if (isOwn) rows.noteOwn(known);
    rows.noteSeen(known, behaviour);
    return known;
  }

  join(index: number, trace: Trace): void {
    this.#rows.setTrace(index, join(this.#rows.trace(index), trace));
  }

  at(index: number): Item {
    return new Item(this.#rows, index);
  }

  /** No more is to be added for the time being. */
  seal(): void {
    this.#rows.seal();
  }

  compact(): void {
    this.#rows.compact();
  }

  *values(): Generator<Item, void> {
    for (let index = 0; index < this.#rows.count; index += 1) yield this.at(index);
  }

  *keys(): Generator<string, void> {
    for (const { key } of this.values()) yield key;
  }

  /** By the text that people see; looks at all of them. */
  get(key: string): Item | undefined {
    return this.values().find((item) => item.key === key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  #kindOf({ verb, detail, by }: Kind): number {
    this.#kinds ??= new Map();
    const key = kindKey({ verb, detail, by });
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    this.#kinds.set(key, this.#rows.kinds.length);
    return this.#rows.kinds.push({ verb, detail, by }) - 1;
  }

  /** The number of the item there, or -1. */
  #indexAt(slot: number): number {
    return (this.#slots[slot] ?? 0) - 1;
  }

  /** Where it stands, or would stand. */
  #slotOf(kind: number, object: string): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(kind, object) & mask;
    for (;;) {
      const index = this.#indexAt(slot);
      if (index < 0 || this.#rows.is(index, kind, object)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #reserve(): void {
    const { count } = this.#rows;
    if (count >= ITEMS_IN_TABLE_MAX) throw new Error('more items than the evidence can hold');
    if (count < this.#slots.length * LOAD_MAX) return;
    this.#slots = new Uint16Array(Math.max(SLOTS_MIN, this.#slots.length * 2));
    for (let index = 0; index < count; index += 1) {
      const slot = this.#slotOf(this.#rows.kind(index), this.#rows.object(index));
      this.#slots[slot] = index + 1;
    }
  }
}

/** Its directory, with the operation and who does it. */
export function groupOf(behaviour: Behaviour, object: string): string {
  if (behaviour.tree !== 'path') return behaviourText(behaviour, object);
  const slash = object.lastIndexOf('/');
  return behaviourText(behaviour, slash < 0 ? object : `${object.slice(0, slash)}/`);
}

function kindKey({ verb, detail, by }: Kind): string {
  return `${verb}\u0000${detail}\u0000${by}`;
}

function hashOf(kind: number, object: string): number {
  let hash = Math.imul(kind + 1, 0x85ebca6b);
  for (let index = 0; index < object.length; index += 1) {
    hash = Math.imul(hash ^ object.charCodeAt(index), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}
