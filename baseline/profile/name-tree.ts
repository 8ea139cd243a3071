import { isPattern, isTyped, siblingShape } from '../behaviour/shape.ts';
import { addPod, support, type PodSet } from './pod-set.ts';

/**
 * Generalises names by counting pods. Names hang in a tree of segments; the children of one
 * directory that share a shape form a group. With m children in the group, of which Q1 were seen
 * in exactly one of n pods, Q1/n estimates how many new children the next pod will bring
 * (Good–Turing, with the pod as the unit of sampling): the false alarms that keeping them literal
 * would cost. When that is 0.1 or more, the group is replaced by its shape; when it falls again
 * as n grows, the literals come back (they are kept beside the pattern).
 *
 * Bounds: `CHILDREN_MAX` literals a directory, `DEPTH_MAX` segments a name. Beyond the first, a
 * name resolves to `*` in that directory and `overflowed` tells that it happened.
 */

export const CHILDREN_MAX = 512;
export const DEPTH_MAX = 16;

const NOVELTY_PER_POD = 0.1;
/** Below half of what made it collapse, so that a group does not flap. */
const NOVELTY_PER_POD_RESTORE = 0.05;
const OPEN_DIRECTORY_CHILDREN = 30;

type Child = { pods: PodSet; directory: Directory | null };
type Group = { members: number; single: number; collapsed: boolean; child: Child };
type Directory = {
  children: Map<string, Child>;
  groups: Map<string, Group>;
  single: number;
  open: boolean;
  anything: Child | null;
};

export type Growth = { readonly resolved: string; readonly changed: boolean };

export class NameTree {
  readonly #root: Directory = emptyDirectory();
  readonly #separator: string;
  readonly #isFixed: (segments: readonly string[]) => boolean;
  readonly #membersMin: number;
  overflowed = 0;

  constructor(options: {
    separator: string;
    /** Names that stay as they are whatever is counted, e.g. those in `/etc`. */
    isFixed?: (segments: readonly string[]) => boolean;
    /** With fewer members than this no group generalises; above it most must be in one pod. */
    membersMin?: number;
  }) {
    this.#separator = options.separator;
    this.#isFixed = options.isFixed ?? (() => false);
    this.#membersMin = options.membersMin ?? 0;
  }

  /** What the name is called at present, without learning it. */
  resolve(segments: readonly string[]): string {
    if (this.#isFixed(segments)) return segments.join(this.#separator);
    const names: string[] = [];
    let directory: Directory | null = this.#root;
    for (const segment of segments.slice(0, DEPTH_MAX)) {
      const step: { name: string; child: Child | null } =
        directory === null ? { name: segment, child: null } : lookUp(directory, segment);
      names.push(step.name);
      directory = step.child?.directory ?? null;
    }
    if (segments.length > DEPTH_MAX) names.push('**');
    return names.join(this.#separator);
  }

  /**
   * Counts a pod for a name. `changed` tells that some group collapsed or came back, so that
   * names resolved before may be called differently now.
   */
  add(segments: readonly string[], pod: number, podCount: number): Growth {
    // Not even counted: a directory above that opens (`/`) must not take `/etc` along.
    if (this.#isFixed(segments)) return { resolved: this.resolve(segments), changed: false };
    let changed = false;
    let directory = this.#root;
    const bounded = segments.slice(0, DEPTH_MAX);
    for (let index = 0; index < bounded.length; index += 1) {
      const segment = bounded[index] as string;
      const last = index === bounded.length - 1;
      changed = this.#count(directory, segment, pod, podCount) || changed;
      const child = lookUp(directory, segment).child;
      if (child === null || last) break;
      child.directory ??= emptyDirectory();
      directory = child.directory;
    }
    return { resolved: this.resolve(segments), changed };
  }

  /** Puts a name of a document in place: segments that are patterns collapse their group. */
  restore(segments: readonly string[], pods: PodSet): void {
    if (this.#isFixed(segments)) return;
    let directory = this.#root;
    const bounded = segments.slice(0, DEPTH_MAX);
    for (let index = 0; index < bounded.length; index += 1) {
      const segment = bounded[index] as string;
      if (isPattern(segment)) restorePattern(directory, segment);
      else for (const { pod } of pods) this.#count(directory, segment, pod, 0);
      const child = lookUp(directory, segment).child;
      if (child === null || index === bounded.length - 1) return;
      child.directory ??= emptyDirectory();
      directory = child.directory;
    }
  }

  /** Looks at every group again: n has grown, so some novelty estimates have fallen. */
  review(podCount: number): boolean {
    return reviewDirectory(this.#root, podCount);
  }

  #count(directory: Directory, segment: string, pod: number, podCount: number): boolean {
    let child = directory.children.get(segment);
    const isNew = child === undefined;
    if (child === undefined) {
      if (directory.children.size >= CHILDREN_MAX) {
        this.overflowed += 1;
        const wasOpen = directory.open;
        openDirectory(directory);
        addPod((directory.anything as Child).pods, pod, 1);
        return !wasOpen;
      }
      child = { pods: [], directory: null };
      directory.children.set(segment, child);
    }
    const before = support(child.pods);
    addPod(child.pods, pod, 1);
    const after = support(child.pods);
    if (isNew) directory.single += 1;
    else if (before === 1 && after === 2) directory.single -= 1;
    else return false;
    const shape = siblingShape(segment);
    const group = shape === null ? null : groupOf(directory, shape);
    if (group !== null) {
      if (isNew) group.members += 1;
      group.single += isNew ? 1 : -1;
      addPod(group.child.pods, pod, 1);
    }
    if (directory === this.#root || podCount === 0 || !isNew) return false;
    return this.#collapse(directory, shape, group, podCount);
  }

  #collapse(
    directory: Directory,
    shape: string | null,
    group: Group | null,
    podCount: number,
  ): boolean {
    const isReady = shape !== null && group !== null && !group.collapsed;
    if (isReady && shouldCollapse(shape, group, podCount, this.#membersMin)) {
      group.collapsed = true;
      adopt(directory, shape, group);
      return true;
    }
    const { size } = directory.children;
    const shouldOpen =
      !directory.open &&
      size >= OPEN_DIRECTORY_CHILDREN &&
      directory.single / podCount >= 1 &&
      directory.single / size > 0.3;
    if (shouldOpen) openDirectory(directory);
    return shouldOpen;
  }
}

function emptyDirectory(): Directory {
  return { children: new Map(), groups: new Map(), single: 0, open: false, anything: null };
}

function emptyGroup(): Group {
  return { members: 0, single: 0, collapsed: false, child: { pods: [], directory: null } };
}

/** Null when the directory has as many groups as it may: the name then stays literal. */
function groupOf(directory: Directory, shape: string): Group | null {
  const known = directory.groups.get(shape);
  if (known !== undefined) return known;
  if (directory.groups.size >= CHILDREN_MAX) return null;
  const group = emptyGroup();
  directory.groups.set(shape, group);
  return group;
}

/**
 * Typed shapes need two members (three while there is one pod); the looser sibling shapes need
 * four, most of them in one pod only.
 */
function shouldCollapse(
  shape: string,
  group: Group,
  podCount: number,
  membersMin: number,
): boolean {
  if (group.single / podCount < NOVELTY_PER_POD) return false;
  const looseMin = Math.max(membersMin, /<[Cx][0-9]+>/.test(shape) ? 4 : 0);
  if (looseMin > 0) return group.members >= looseMin && group.single / group.members > 0.5;
  return group.single >= 2 && group.members >= (podCount === 1 ? 3 : 2);
}

function lookUp(directory: Directory, segment: string): { name: string; child: Child | null } {
  if (directory.open && directory.anything !== null) {
    return { name: '*', child: directory.anything };
  }
  if (directory.groups.size > 0) {
    const named = directory.groups.get(segment);
    if (named?.collapsed === true) return { name: segment, child: named.child };
    const shape = siblingShape(segment);
    const group = shape === null ? undefined : directory.groups.get(shape);
    if (shape !== null && group?.collapsed === true) return { name: shape, child: group.child };
  }
  return { name: segment, child: directory.children.get(segment) ?? null };
}

function restorePattern(directory: Directory, segment: string): void {
  if (segment === '*') {
    openDirectory(directory);
    return;
  }
  const group = directory.groups.get(segment) ?? emptyGroup();
  directory.groups.set(segment, group);
  if (group.collapsed) return;
  group.collapsed = true;
  adopt(directory, segment, group);
}

/** What hung below the literals now hangs below the pattern. */
function adopt(directory: Directory, shape: string, group: Group): void {
  for (const [name, child] of directory.children) {
    if (child.directory === null || siblingShape(name) !== shape) continue;
    if (group.child.directory === null) group.child.directory = child.directory;
    else mergeDirectories(group.child.directory, child.directory);
  }
}

function openDirectory(directory: Directory): void {
  if (directory.open) return;
  directory.open = true;
  const anything: Child = { pods: [], directory: null };
  for (const child of directory.children.values()) {
    for (const entry of child.pods) addPod(anything.pods, entry.pod, entry.count);
    if (child.directory === null) continue;
    if (anything.directory === null) anything.directory = child.directory;
    else mergeDirectories(anything.directory, child.directory);
  }
  directory.anything = anything;
}

function mergeDirectories(into: Directory, from: Directory): void {
  if (into === from) return;
  for (const [name, child] of from.children) {
    const own = into.children.get(name);
    if (own === undefined) {
      if (into.children.size < CHILDREN_MAX) into.children.set(name, child);
      continue;
    }
    mergeChildren(own, child);
  }
  recount(into, from);
}

/** After a merge the groups are counted anew: a literal of both sides is one member, not two. */
function recount(into: Directory, from: Directory): void {
  const collapsed = collapsedOf(into, from);
  into.groups.clear();
  into.single = 0;
  for (const [name, child] of into.children) {
    const single = support(child.pods) === 1;
    if (single) into.single += 1;
    const shape = siblingShape(name);
    const group = shape === null ? null : groupOf(into, shape);
    if (group === null) continue;
    group.members += 1;
    if (single) group.single += 1;
  }
  for (const [shape, { child }] of collapsed) {
    const own = into.groups.get(shape) ?? emptyGroup();
    own.collapsed = true;
    own.child = child;
    into.groups.set(shape, own);
    adopt(into, shape, own);
  }
  if (from.open && !into.open) openDirectory(into);
}

/** The patterns of both sides, and below each what either side knows below it. */
function collapsedOf(into: Directory, from: Directory): Map<string, Group> {
  const collapsed = new Map<string, Group>();
  for (const side of [into, from]) {
    for (const [shape, group] of side.groups) {
      if (!group.collapsed) continue;
      const known = collapsed.get(shape);
      if (known === undefined) collapsed.set(shape, group);
      else mergeChildren(known.child, group.child);
    }
  }
  return collapsed;
}

function mergeChildren(into: Child, from: Child): void {
  for (const entry of from.pods) addPod(into.pods, entry.pod, entry.count);
  if (from.directory === null) return;
  if (into.directory === null) into.directory = from.directory;
  else mergeDirectories(into.directory, from.directory);
}

function reviewDirectory(directory: Directory, podCount: number): boolean {
  let changed = false;
  for (const [shape, group] of directory.groups) {
    if (!group.collapsed || !isTyped(shape)) continue;
    if (group.single / podCount >= NOVELTY_PER_POD_RESTORE) continue;
    if (directory.children.size >= CHILDREN_MAX) continue;
    group.collapsed = false;
    changed = true;
    restore(directory, shape, group);
  }
  for (const child of directory.children.values()) {
    if (child.directory !== null) changed = reviewDirectory(child.directory, podCount) || changed;
  }
  for (const group of directory.groups.values()) {
    const below = group.collapsed ? group.child.directory : null;
    if (below !== null) changed = reviewDirectory(below, podCount) || changed;
  }
  return changed;
}

/** Each literal gets what was learned below the pattern: forgetting it would cost alarms. */
function restore(directory: Directory, shape: string, group: Group): void {
  const below = group.child.directory;
  if (below === null) return;
  for (const [name, child] of directory.children) {
    if (siblingShape(name) === shape) child.directory = below;
  }
}
