import type { Channel } from '../alert.ts';
import type { Behaviour } from '../behaviour/behaviour.ts';
import { withPod, type HashSet } from './pod-set.ts';
import type { Trace } from './trace.ts';

/**
 * The items of a channel as columns: some 70 bytes each where objects took 1,200, and nothing for
 * the garbage collector to walk through. An agent is told a thousand behaviours of each of its
 * images, of which its own pods show some dozens.
 *
 * What many items share (who showed them, which program does it) is held once. Texts are one
 * string; those added since `seal` wait in a list, because adding to the one would copy it.
 */

/** What items of one program and operation have in common. */
export type Kind = Pick<Behaviour, 'verb' | 'detail' | 'by'>;

export type NewItem = {
  readonly kind: number;
  /** What it is called in general. */
  readonly object: string;
  /** What was really seen. */
  readonly behaviour: Behaviour;
  readonly trace: Trace;
  readonly isOwn: boolean;
};

/** Held by many items: replaced, never changed. */
type Who = { readonly pods: HashSet; readonly reporters: HashSet };

/** Whole numbers of an item. What was seen is as long as `SEEN` says, less one: 0 is the name. */
const WIDTH = 4;
const [START, OBJECT, SEEN, KIND] = [0, 1, 2, 3];
const BYTES_OF_NUMBERS = WIDTH * Uint32Array.BYTES_PER_ELEMENT;
const BYTES_OF_TIMES = 2 * Float64Array.BYTES_PER_ELEMENT;
/** Beside the kind. */
const FLAGS = 16;
const IS_OWN = 4;
const IS_EXEMPT = 8;
const TREES: readonly Behaviour['tree'][] = ['none', 'path', 'address'];
const TREE = 3;
/** Most images do nothing in some channel. */
const NO_NUMBERS = new Uint32Array(0);
const NO_TIMES = new Float64Array(0);
const GROWTH = 1 / 4;
const GROWTH_MIN = 8;
/** Texts that wait: more are put together with the others. */
const LATE_MIN = 64;
const LATE_SHARE = 1 / 4;

export class ItemRows {
  readonly channel: Channel;
  readonly kinds: Kind[] = [];
  count = 0;
  #numbers = NO_NUMBERS;
  /** First and last ms of each. */
  #times = NO_TIMES;
  #who: Who[] = [];
  #text = '';
  /** Items before it have their text in `#text`, each of the others two in `#late`. */
  #sealed = 0;
  #late: string[] = [];
  /** While many are added. */
  #known: Map<string, Who> | null = null;
  /** What a pod shows it shows of many items one after the other: who they were, and are now. */
  #joining: { readonly pod: number; readonly to: Map<Who, Who> } | null = null;

  /** `expected`: room for so many is made at once. */
  constructor(channel: Channel, expected: number) {
    this.channel = channel;
    if (expected > 0) this.#resize(expected);
  }

  add({ kind, object, behaviour, trace, isOwn }: NewItem): number {
    const index = this.count;
    this.#reserve(index + 1);
    this.count += 1;
    this.#numbers[index * WIDTH + KIND] =
      kind * FLAGS + TREES.indexOf(behaviour.tree) + (isOwn ? IS_OWN : 0);
    this.#late.push(object, behaviour.object);
    this.setTrace(index, trace);
    return index;
  }

  /** Puts all texts together when enough of them wait. */
  compact(): void {
    const late = this.count - this.#sealed;
    if (late > Math.max(LATE_MIN, this.#sealed * LATE_SHARE)) this.seal();
  }

  /** Puts all texts together, and gives back what was reserved for more. */
  seal(): void {
    const texts: string[] = [];
    let start = 0;
    for (let index = 0; index < this.count; index += 1) {
      const object = this.object(index);
      const seen = this.seen(index);
      const isSame = seen === object;
      texts.push(object, isSame ? '' : seen);
      const at = index * WIDTH;
      this.#numbers[at + START] = start;
      this.#numbers[at + OBJECT] = object.length;
      this.#numbers[at + SEEN] = isSame ? 0 : seen.length + 1;
      start += object.length + (isSame ? 0 : seen.length);
    }
    this.#text = texts.join('');
    this.#late = [];
    this.#sealed = this.count;
    if (this.#times.length > this.count * 2) this.#resize(this.count);
    this.#known = null;
    this.#joining = null;
  }

  is(index: number, kind: number, object: string): boolean {
    const at = index * WIDTH;
    if (this.kind(index) !== kind) return false;
    if (index >= this.#sealed) return this.#late[(index - this.#sealed) * 2] === object;
    return this.#numbers[at + OBJECT] === object.length &&
      this.#text.startsWith(object, this.#numbers[at + START]);
  }

  object(index: number): string {
    if (index >= this.#sealed) return this.#late[(index - this.#sealed) * 2] as string;
    const start = this.#number(index, START);
    return this.#text.slice(start, start + this.#number(index, OBJECT));
  }

  /** The object that was really seen. */
  seen(index: number): string {
    if (index >= this.#sealed) return this.#late[(index - this.#sealed) * 2 + 1] as string;
    const length = this.#number(index, SEEN) - 1;
    if (length < 0) return this.object(index);
    const start = this.#number(index, START) + this.#number(index, OBJECT);
    return this.#text.slice(start, start + length);
  }

  kind(index: number): number {
    return Math.floor(this.#number(index, KIND) / FLAGS);
  }

  behaviour(index: number): Behaviour {
    const { verb, detail, by } = this.kinds[this.kind(index)] as Kind;
    const tree = TREES[this.#number(index, KIND) & TREE] as Behaviour['tree'];
    return { channel: this.channel, verb, object: this.seen(index), tree, detail, by };
  }

  /** Another that it stands for was seen, too: the first by text is shown. */
  noteSeen(index: number, behaviour: Behaviour): void {
    const late = (index - this.#sealed) * 2 + 1;
    // Once texts are put together it stays; when names are derived anew it is looked at again.
    if (index < this.#sealed || behaviour.object >= (this.#late[late] as string)) return;
    this.#late[late] = behaviour.object;
    const flags = this.#number(index, KIND);
    this.#numbers[index * WIDTH + KIND] = flags - (flags & TREE) + TREES.indexOf(behaviour.tree);
  }

  isOwn(index: number): boolean {
    return (this.#number(index, KIND) & IS_OWN) !== 0;
  }

  noteOwn(index: number): void {
    const at = index * WIDTH + KIND;
    this.#numbers[at] = (this.#numbers[at] as number) | IS_OWN;
  }

  isExempt(index: number): boolean {
    return (this.#number(index, KIND) & IS_EXEMPT) !== 0;
  }

  pods(index: number): HashSet {
    return (this.#who[index] as Who).pods;
  }

  reporters(index: number): HashSet {
    return (this.#who[index] as Who).reporters;
  }

  firstMs(index: number): number {
    return this.#times[index * 2] as number;
  }

  lastMs(index: number): number {
    return this.#times[index * 2 + 1] as number;
  }

  noteTime(index: number, ms: number): void {
    const at = index * 2;
    if (ms > (this.#times[at + 1] as number)) this.#times[at + 1] = ms;
    if (ms < (this.#times[at] as number)) this.#times[at] = ms;
  }

  setTrace(index: number, { pods, reporters, firstMs, lastMs, exempt }: Trace): void {
    this.#who[index] = this.#sharedBy(pods, reporters);
    this.#times[index * 2] = firstMs;
    this.#times[index * 2 + 1] = lastMs;
    const flags = this.#number(index, KIND);
    this.#numbers[index * WIDTH + KIND] = flags - (flags & IS_EXEMPT) + (exempt ? IS_EXEMPT : 0);
  }

  trace(index: number): Trace {
    return {
      pods: this.pods(index),
      reporters: this.reporters(index),
      firstMs: this.firstMs(index),
      lastMs: this.lastMs(index),
      exempt: this.isExempt(index),
    };
  }

  addPod(index: number, pod: number): void {
    if (this.#joining?.pod !== pod) this.#joining = { pod, to: new Map() };
    const { to } = this.#joining;
    const before = this.#who[index] as Who;
    let after = to.get(before);
    if (after === undefined) {
      const pods = withPod(before.pods, pod);
      after = pods === before.pods ? before : { pods, reporters: before.reporters };
      to.set(before, after);
    }
    this.#who[index] = after;
  }

  #number(index: number, column: number): number {
    return this.#numbers[index * WIDTH + column] as number;
  }

  #sharedBy(pods: HashSet, reporters: HashSet): Who {
    this.#known ??= new Map();
    const key = `${pods.join()}/${reporters.join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const who = { pods, reporters };
    this.#known.set(key, who);
    return who;
  }

  #reserve(count: number): void {
    const room = this.#times.length / 2;
    if (count > room) this.#resize(Math.ceil(room + Math.max(GROWTH_MIN, room * GROWTH)));
  }

  #resize(room: number): void {
    // One piece of memory for both: thousands of small ones would be as much again.
    const bytes = new ArrayBuffer(room * (BYTES_OF_TIMES + BYTES_OF_NUMBERS));
    const times = new Float64Array(bytes, 0, room * 2);
    const numbers = new Uint32Array(bytes, room * BYTES_OF_TIMES);
    numbers.set(this.#numbers.subarray(0, this.count * WIDTH));
    times.set(this.#times.subarray(0, this.count * 2));
    this.#numbers = numbers;
    this.#times = times;
    this.#who = this.#who.slice(0, this.count);
  }
}
