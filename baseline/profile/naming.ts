import type { Behaviour } from '../behaviour/behaviour.ts';
import { namesIn, type Evidence, type Family, type Literal } from './evidence.ts';
import { namesOf, separatorOf, treeName, type Names } from './names.ts';
import { mergePodSets, type PodSet } from './pod-set.ts';

/**
 * Generalises names by counting pods. Names hang in a tree of segments; the children of one
 * directory that share a shape form a group. With m children in the group, of which Q1 were seen
 * in exactly one of n pods, Q1/n estimates how many new children the next pod will bring
 * (Good–Turing, with the pod as the unit of sampling): the false alarms that keeping them literal
 * would cost. When that is 0.1 or more, the group is called by its shape. A directory of words
 * opens (`*`) when it has 30 children or more and each pod brings another one.
 *
 * A function of the evidence alone, computed from the root down: merged evidence gives the same
 * names whoever merged it in whatever order, and what collapsed comes back as literals when n has
 * grown. Two rules stand in for names that the evidence no longer holds: a family that filled its
 * sketch is called by its shape where its names differ, a place that filled its own is open.
 */

const NOVELTY_PER_POD = 0.1;
const OPEN_DIRECTORY_CHILDREN = 30;
/** Three services of one range say nothing about the fourth; eight clients of a CDN do. */
const ADDRESSES_MIN = 8;
const LOOSE_MIN = 4;
/** Where fewer than this share of a full sketch's names differ, they are all that there are. */
const FULL_SHARE = 1 / 4;
/** Fan-out directories are one place: what hangs below `3f` says what hangs below `a0`. */
const FAN_OUT = /^[0-9a-f]{1,4}$/;

type Member = { pods: PodSet };
type Group = {
  readonly shape: string;
  readonly isAddress: boolean;
  readonly members: Map<string, Member>;
  /** Names in the sketch of a family that has dropped some; 0 while none has. */
  full: number;
};
type Directory = {
  readonly children: Map<string, { pods: PodSet; group: string | null }>;
  isFull: boolean;
};

type Entry = Names & {
  readonly family: Family;
  readonly literal: Literal;
  /** What its directory is called, and the same with all fan-out directories as one. */
  name: string;
  pool: string;
};

/** What the names of one tree are called. */
export class Naming {
  readonly #tree: Behaviour['tree'];
  readonly #collapsed = new Set<string>();
  readonly #open = new Set<string>();
  readonly #names = new Map<Literal, string>();

  constructor(tree: Behaviour['tree'], families: Iterable<Family>, podCount: number) {
    this.#tree = tree;
    const entries: Entry[] = [];
    for (const family of families) {
      for (const literal of family.literals) {
        const { segments, shapes } = namesIn(literal);
        // What stands for itself all the way down (`/etc`) is in nobody's way.
        if (shapes.length === 0) break;
        const name = segments[0] ?? '';
        entries.push({ family, literal, segments, shapes, name, pool: name });
      }
    }
    let deeper = entries;
    for (let depth = 1; deeper.length > 0; depth += 1) {
      deeper = deeper.filter(({ segments }) => segments.length > depth);
      this.#decide(deeper, depth, Math.max(1, podCount));
    }
    for (const { literal, name } of entries) this.#names.set(literal, name);
  }

  /** What each of them is called has been asked; it is more than all the rest. */
  forgetNames(): void {
    this.#names.clear();
  }

  /** What one of the names it was made from is called. */
  nameOf(literal: Literal): string {
    return this.#names.get(literal) ?? resolveAlone(literal.behaviour);
  }

  resolve({ segments, shapes }: Names): string {
    const separator = separatorOf(this.#tree);
    if (shapes.length === 0) return segments.join(separator);
    let name = segments[0] ?? '';
    let pool = name;
    for (let depth = 1; depth < segments.length; depth += 1) {
      const segment = segments[depth] as string;
      const shape = shapes[depth] ?? null;
      const called = this.#called(name, pool, segment, shape);
      pool += separator + (isFanOut(this.#tree, segment) && shape !== null ? shape : called);
      name += separator + called;
    }
    return name;
  }

  #called(directory: string, pool: string, segment: string, shape: string | null): string {
    if (this.#open.has(directory)) return '*';
    return shape !== null && this.#collapsed.has(groupKey(pool, shape)) ? shape : segment;
  }

  /** Decides all groups and directories of one depth, and names the entries down to it. */
  #decide(entries: readonly Entry[], depth: number, podCount: number): void {
    const groups = new Map<string, Group>();
    const directories = new Map<string, Directory>();
    for (const entry of entries) this.#count(entry, depth, groups, directories);
    for (const [key, group] of groups) {
      if (shouldCollapse(group, podCount)) this.#collapsed.add(key);
    }
    for (const [name, directory] of directories) {
      if (this.#tree === 'path' && this.#shouldOpen(directory, podCount)) this.#open.add(name);
    }
    const separator = separatorOf(this.#tree);
    for (const entry of entries) {
      const segment = entry.segments[depth] as string;
      const shape = entry.shapes[depth] ?? null;
      const called = this.#called(entry.name, entry.pool, segment, shape);
      const isPooled = isFanOut(this.#tree, segment) && shape !== null;
      entry.pool += separator + (isPooled ? shape : called);
      entry.name += separator + called;
    }
  }

  #count(
    { family, literal, segments, shapes, name, pool }: Entry,
    depth: number,
    groups: Map<string, Group>,
    directories: Map<string, Directory>,
  ): void {
    const { pods } = literal.trace;
    const segment = segments[depth] as string;
    const shape = shapes[depth] ?? null;
    const key = shape === null ? null : groupKey(pool, shape);
    if (shape !== null && key !== null) {
      const group = groups.get(key) ?? newGroup(shape, this.#tree);
      groups.set(key, group);
      add(group.members, `${name}\u0000${segment}`, pods);
      if (family.rest !== null) group.full = Math.max(group.full, family.literals.length);
    }
    const directory = directories.get(name) ?? { children: new Map(), isFull: false };
    directories.set(name, directory);
    const child = directory.children.get(segment);
    if (child === undefined) directory.children.set(segment, { pods, group: key });
    else child.pods = mergePodSets(child.pods, pods);
    const isLeaf = depth === segments.length - 1;
    directory.isFull ||= isLeaf && family.place !== null && family.place.rest !== null;
  }

  /** Names of one collapsed group are one name here. */
  #shouldOpen({ children, isFull }: Directory, podCount: number): boolean {
    if (isFull) return true;
    if (children.size < OPEN_DIRECTORY_CHILDREN) return false;
    const names = new Map<string, Member>();
    for (const [segment, { pods, group }] of children) {
      add(names, group !== null && this.#collapsed.has(group) ? group : segment, pods);
    }
    const single = singles(names);
    return (
      names.size >= OPEN_DIRECTORY_CHILDREN &&
      single / podCount >= 1 &&
      single / names.size > 0.3
    );
  }
}

/** One per tree of the evidence. */
export function namingsOf(evidence: Evidence, podCount: number): Map<string, Naming> {
  const trees = new Map<string, { tree: Behaviour['tree']; families: Family[] }>();
  for (const family of evidence.families.values()) {
    const [first] = family.literals;
    if (first === undefined || first.behaviour.tree === 'none') continue;
    const name = treeName(first.behaviour);
    const known = trees.get(name) ?? { tree: first.behaviour.tree, families: [] };
    known.families.push(family);
    trees.set(name, known);
  }
  const namings = new Map<string, Naming>();
  for (const [name, { tree, families }] of trees) {
    namings.set(name, new Naming(tree, families, podCount));
  }
  return namings;
}

export function resolveAlone(behaviour: Behaviour): string {
  return behaviour.tree === 'none'
    ? behaviour.object
    : namesOf(behaviour).segments.join(separatorOf(behaviour.tree));
}

function newGroup(shape: string, tree: Behaviour['tree']): Group {
  return { shape, isAddress: tree === 'address', members: new Map(), full: 0 };
}

function groupKey(pool: string, shape: string): string {
  return `${pool}\u0000${shape}`;
}

function isFanOut(tree: Behaviour['tree'], segment: string): boolean {
  return tree === 'path' && FAN_OUT.test(segment);
}

function add(members: Map<string, Member>, name: string, pods: PodSet): void {
  const member = members.get(name);
  if (member === undefined) members.set(name, { pods });
  else member.pods = mergePodSets(member.pods, pods);
}

function singles(members: ReadonlyMap<string, Member>): number {
  let single = 0;
  for (const { pods } of members.values()) if (pods.length === 1) single += 1;
  return single;
}

/**
 * Typed shapes need two members (three while there is one pod); the looser sibling shapes need
 * four, most of them in one pod only.
 */
function shouldCollapse({ shape, isAddress, members, full }: Group, podCount: number): boolean {
  if (full > 0 && members.size >= full * FULL_SHARE) return true;
  const single = singles(members);
  if (single / podCount < NOVELTY_PER_POD) return false;
  const looseMin = isAddress ? ADDRESSES_MIN : /<[Cx][0-9]+>/.test(shape) ? LOOSE_MIN : 0;
  if (looseMin > 0) return members.size >= looseMin && single / members.size > 0.5;
  return single >= 2 && members.size >= (podCount === 1 ? 3 : 2);
}
