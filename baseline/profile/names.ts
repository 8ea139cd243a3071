import { addressSegments } from '../behaviour/address.ts';
import type { Behaviour } from '../behaviour/behaviour.ts';
import { literalSegment, siblingShape } from '../behaviour/shape.ts';

/** A behaviour's object as the names of a tree, and what each of them could be generalised to. */

/** A deeper name is cut there and ends in `**`. */
export const DEPTH_MAX = 16;

export type Names = {
  readonly segments: readonly string[];
  /** The one group of siblings each segment belongs to; null where it stands for itself. */
  readonly shapes: readonly (string | null)[];
};

export function namesOf(behaviour: Behaviour): Names {
  if (behaviour.tree === 'none') return { segments: [behaviour.object], shapes: NO_SHAPES };
  const all = segmentsOf(behaviour);
  // Not even counted: a directory above that opens (`/`) must not take `/etc` along.
  if (behaviour.tree === 'path' && isFixedPath(all)) return { segments: all, shapes: NO_SHAPES };
  const segments = all.length > DEPTH_MAX ? [...all.slice(0, DEPTH_MAX), '**'] : all;
  const shapes = segments.map((name, depth) => (depth === 0 ? null : shapeOf(name)));
  return { segments, shapes };
}

const NO_SHAPES: Names['shapes'] = [];

/** Shapes are pure but dear, and the same directories come again and again. */
const KNOWN_SHAPES = new Map<string, string | null>();
const KNOWN_SHAPES_MAX = 16_384;
const KNOWN_CHARS_MAX = 64;

function shapeOf(name: string): string | null {
  const known = KNOWN_SHAPES.get(name);
  if (known !== undefined) return known;
  const shape = siblingShape(name);
  if (name.length > KNOWN_CHARS_MAX) return shape;
  if (KNOWN_SHAPES.size >= KNOWN_SHAPES_MAX) KNOWN_SHAPES.clear();
  KNOWN_SHAPES.set(name, shape);
  return shape;
}

/** `/etc` is where an attacker writes one new file: no name there is like another. */
export function isFixedPath(segments: readonly string[]): boolean {
  return segments[1] === 'etc';
}

/** Behind the depth that is looked at all names are one, so one of them is as good as another. */
export function boundedObject(behaviour: Behaviour): string {
  const { tree, object } = behaviour;
  if (tree !== 'path' || depthOf(object) <= DEPTH_MAX) return object;
  const segments = object.split('/');
  if (isFixedPath(segments)) return object;
  return [...segments.slice(0, DEPTH_MAX), '**'].join('/');
}

function depthOf(object: string): number {
  let depth = 1;
  for (let at = object.indexOf('/'); at >= 0; at = object.indexOf('/', at + 1)) depth += 1;
  return depth;
}

const PROCESS_DIRECTORY = /^[0-9]+$/;

function segmentsOf(behaviour: Behaviour): readonly string[] {
  if (behaviour.tree === 'address') return addressSegments(behaviour.object);
  const segments = behaviour.object.split('/').map(literalSegment);
  // A process id under /proc means nothing by itself, from the first one on.
  if (segments[1] !== 'proc') return segments;
  return segments.map((name, index) =>
    (index === 2 || index === 4) && PROCESS_DIRECTORY.test(name) ? '<N>' : name,
  );
}

export function separatorOf(tree: Behaviour['tree']): string {
  return tree === 'address' ? '.' : '/';
}

/** One tree per kind of operation: where files are removed says not where they are read. */
export function treeName({ tree, verb }: Behaviour): string {
  return tree === 'address' ? 'address' : verb;
}
