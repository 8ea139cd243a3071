import type { Channel } from '../alert.ts';
import { addressSegments } from '../behaviour/address.ts';
import { literalSegment } from '../behaviour/shape.ts';
import { behaviourText, type Behaviour } from '../behaviour/behaviour.ts';
import { NameTree } from './name-tree.ts';
import { addPod, mergePodSets, support, type PodSet } from './pod-set.ts';

/**
 * The behaviours of one channel of one image: literal or generalised, each with the pods that
 * showed it. Bounds: `ITEMS_MAX` behaviours; when they are used up the channel is frozen and says
 * so (`frozen`, `refused`), nothing is evicted silently.
 */

export const ITEMS_MAX = 4096;
/** Raw behaviours whose item is remembered, so that a known one costs one map look-up. */
const RESOLVED_MAX = 8192;

export type Item = {
  key: string;
  /** A directory or edge, for counting novelty per place instead of per file. */
  group: string;
  readonly behaviour: Behaviour;
  pods: PodSet;
  firstMs: number;
  lastMs: number;
  /** A person said so: support does not matter. */
  approved: boolean;
  /** Learned by rule (a probe, a start-up, an inside peer): no novelty that breaks a clean run. */
  exempt: boolean;
};

type ItemState = Pick<Item, 'pods' | 'firstMs' | 'lastMs' | 'approved' | 'exempt'>;

export type RestoredItem = Pick<Item, keyof ItemState | 'behaviour'>;

export class ChannelProfile {
  readonly channel: Channel;
  readonly items = new Map<string, Item>();
  refused = 0;
  readonly #trees = new Map<string, NameTree>();
  readonly #resolved = new Map<string, Item>();
  /** Made anew when it is asked for after a change. */
  #groups: Set<string> | null = null;

  constructor(channel: Channel) {
    this.channel = channel;
  }

  get frozen(): boolean {
    return this.items.size >= ITEMS_MAX;
  }

  find(behaviour: Behaviour): Item | undefined {
    const raw = rawKey(behaviour);
    const cached = this.#resolved.get(raw);
    if (cached !== undefined) return cached;
    const item = this.items.get(this.keyOf(behaviour));
    if (item !== undefined) this.#remember(raw, item);
    return item;
  }

  keyOf(behaviour: Behaviour): string {
    return behaviourText(behaviour, this.#resolve(behaviour));
  }

  groupOf(behaviour: Behaviour): string {
    if (behaviour.tree !== 'path') return this.keyOf(behaviour);
    const object = this.#resolve(behaviour);
    const slash = object.lastIndexOf('/');
    return behaviourText(behaviour, slash < 0 ? object : `${object.slice(0, slash)}/`);
  }

  /** Counts an occurrence by a pod. Returns null when the channel is frozen. */
  learn(
    behaviour: Behaviour,
    at: { readonly pod: number; readonly ms: number; readonly podCount: number },
    exempt = false,
  ): Item | null {
    const { pod, ms, podCount } = at;
    const known = this.find(behaviour);
    if (known !== undefined) {
      const grew = addPod(known.pods, pod, 1);
      if (ms > known.lastMs) known.lastMs = ms;
      if (ms < known.firstMs) known.firstMs = ms;
      if (grew && behaviour.tree !== 'none') this.#grow(behaviour, pod, podCount);
      return known;
    }
    if (this.frozen) {
      this.refused += 1;
      return null;
    }
    if (behaviour.tree !== 'none') this.#grow(behaviour, pod, podCount);
    return this.#insert(behaviour, pod, ms, exempt);
  }

  /**
   * Puts items of documents in place: first all generalisations, then all items under them, so
   * that the outcome does not depend on the order of the items or of the documents.
   */
  restore(items: readonly RestoredItem[]): void {
    for (const { behaviour, pods } of items) {
      if (behaviour.tree !== 'none') this.#tree(behaviour).restore(segmentsOf(behaviour), pods);
    }
    this.#rekey();
    for (const { behaviour, ...state } of items) {
      const key = this.keyOf(behaviour);
      const own = this.items.get(key);
      if (own !== undefined) absorb(own, state);
      else if (this.frozen) this.refused += 1;
      else {
        const group = this.groupOf(behaviour);
        const pods = state.pods.map((entry) => ({ ...entry }));
        this.items.set(key, { key, group, behaviour, ...state, pods });
        this.#groups?.add(group);
      }
    }
  }

  /** The object as it is called now: a literal, or the pattern that stands for it. */
  objectOf(item: Item): string {
    return this.#resolve(item.behaviour);
  }

  /** Something was seen there before: the same operation of the same program in that directory. */
  knowsGroup(group: string): boolean {
    if (this.#groups === null) {
      this.#groups = new Set();
      for (const item of this.items.values()) this.#groups.add(item.group);
    }
    return this.#groups.has(group);
  }

  /** Looks at the generalisations again; n has grown. */
  review(podCount: number): void {
    let changed = false;
    for (const tree of this.#trees.values()) changed = tree.review(podCount) || changed;
    if (changed) this.#rekey();
  }

  #insert(behaviour: Behaviour, pod: number, ms: number, exempt: boolean): Item {
    const key = this.keyOf(behaviour);
    const own = this.items.get(key);
    if (own !== undefined) {
      addPod(own.pods, pod, 1);
      own.lastMs = Math.max(own.lastMs, ms);
      return own;
    }
    const item: Item = {
      key,
      group: this.groupOf(behaviour),
      behaviour,
      pods: [{ pod, count: 1 }],
      firstMs: ms,
      lastMs: ms,
      approved: false,
      exempt,
    };
    this.items.set(key, item);
    this.#groups?.add(item.group);
    return item;
  }

  #resolve(behaviour: Behaviour): string {
    if (behaviour.tree === 'none') return behaviour.object;
    const tree = this.#trees.get(treeName(behaviour));
    return tree === undefined ? behaviour.object : tree.resolve(segmentsOf(behaviour));
  }

  #grow(behaviour: Behaviour, pod: number, podCount: number): void {
    const tree = this.#tree(behaviour);
    if (tree.add(segmentsOf(behaviour), pod, podCount).changed) this.#rekey();
  }

  #tree(behaviour: Behaviour): NameTree {
    const name = treeName(behaviour);
    let tree = this.#trees.get(name);
    if (tree === undefined) {
      tree = newTree(behaviour);
      this.#trees.set(name, tree);
    }
    return tree;
  }

  /** A group collapsed or came back: items that now have one name become one item. */
  #rekey(): void {
    this.#resolved.clear();
    this.#groups = null;
    const old = [...this.items.values()];
    this.items.clear();
    for (const item of old) {
      item.key = this.keyOf(item.behaviour);
      item.group = this.groupOf(item.behaviour);
      const own = this.items.get(item.key);
      if (own === undefined) this.items.set(item.key, item);
      else absorb(own, item);
    }
  }

  #remember(raw: string, item: Item): void {
    if (this.#resolved.size >= RESOLVED_MAX) this.#resolved.clear();
    this.#resolved.set(raw, item);
  }
}

function absorb(into: Item, from: ItemState): void {
  into.pods = mergePodSets(into.pods, from.pods);
  into.firstMs = Math.min(into.firstMs, from.firstMs);
  into.lastMs = Math.max(into.lastMs, from.lastMs);
  into.approved ||= from.approved;
  into.exempt &&= from.exempt;
}

/** Trusted in a strong channel at two pods: one poisoned pod teaches nothing. */
export function isTrusted(item: Item, onePodWorkload: boolean): boolean {
  return item.approved || onePodWorkload || support(item.pods) >= 2;
}

function rawKey(b: Behaviour): string {
  return `${b.verb}\u0000${b.object}\u0000${b.detail}\u0000${b.by}`;
}

/** One tree per kind of operation: where files are removed says nothing about where they are read. */
function treeName(behaviour: Behaviour): string {
  return behaviour.tree === 'address' ? 'address' : behaviour.verb;
}

function newTree(behaviour: Behaviour): NameTree {
  // Three services of one range say nothing about the fourth; eight clients of a CDN do.
  if (behaviour.tree === 'address') return new NameTree({ separator: '.', membersMin: 8 });
  return new NameTree({ separator: '/', isFixed: isFixedPath });
}

/** `/etc` is where an attacker writes one new file: no name there is like another. */
function isFixedPath(segments: readonly string[]): boolean {
  return segments[1] === 'etc';
}

const PROCESS_DIRECTORY = /^[0-9]+$/;

/** The object as names of a tree. */
export function segmentsOf(behaviour: Behaviour): readonly string[] {
  if (behaviour.tree === 'address') return addressSegments(behaviour.object);
  if (behaviour.isPattern === true) return behaviour.object.split('/');
  const segments = behaviour.object.split('/').map(literalSegment);
  // A process id under /proc means nothing by itself, from the first one on.
  if (segments[1] === 'proc') {
    return segments.map((name, index) =>
      (index === 2 || index === 4) && PROCESS_DIRECTORY.test(name) ? '<N>' : name,
    );
  }
  return segments;
}
