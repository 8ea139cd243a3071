/**
 * Paths as Kubescape's storage keeps them (kubescape/storage, dynamicpathdetector): a tree of
 * segments, in which a directory with more than a threshold of children becomes "any one name";
 * two such levels in a row become "anything below".
 */
type Directory = { readonly children: Map<string, Directory>; any: Directory | null };

/** Longest prefix wins; `OpenDynamicThreshold` and `defaultCollapseConfigs` of types.go. */
const CHILDREN_MAX = 50;
const CHILDREN_MAX_ETC = 100;

export class CollapsedPaths {
  readonly #root: Directory = emptyDirectory();

  add(path: string): void {
    let directory = this.#root;
    const segments = segmentsOf(path);
    const max = segments[0] === 'etc' ? CHILDREN_MAX_ETC : CHILDREN_MAX;
    for (const segment of segments) {
      if (directory.any !== null) {
        directory = directory.any;
        continue;
      }
      let child = directory.children.get(segment);
      if (child === undefined) {
        child = emptyDirectory();
        directory.children.set(segment, child);
        if (directory.children.size > max) child = collapse(directory);
      }
      directory = child;
    }
  }

  has(path: string): boolean {
    let directory = this.#root;
    for (const segment of segmentsOf(path)) {
      const next = directory.any ?? directory.children.get(segment);
      if (next === undefined) return false;
      if (directory.any !== null && next.any !== null) return true;
      directory = next;
    }
    return true;
  }
}

function emptyDirectory(): Directory {
  return { children: new Map(), any: null };
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '');
}

function collapse(directory: Directory): Directory {
  const any = emptyDirectory();
  for (const child of directory.children.values()) absorb(any, child);
  directory.children.clear();
  directory.any = any;
  return any;
}

function absorb(into: Directory, from: Directory): void {
  if (from.any !== null) {
    if (into.any === null) {
      into.any = from.any;
      for (const child of into.children.values()) absorb(into.any, child);
      into.children.clear();
    } else absorb(into.any, from.any);
  }
  for (const [name, child] of from.children) {
    const own = into.any ?? into.children.get(name);
    if (own === undefined) into.children.set(name, child);
    else absorb(own, child);
  }
}
