/**
 * The versions of one repository in the order in which they followed each other. Profiles do not
 * say whom they came after, so it is read from the tags as people read them (`1.10` comes after
 * `1.9`); of equal tags the one that learned last is the newer.
 */
export type Version = {
  readonly key: string;
  readonly image: { readonly repository: string; readonly tag: string };
  readonly workload: string;
  readonly stored: { readonly updatedTime: string } | null;
};

export const inOrderOfVersions = <T extends Version>(versions: readonly T[]): readonly T[] =>
  versions.toSorted((a, b) =>
    compareTags(a.image.tag, b.image.tag) ||
    timeOf(a) - timeOf(b) ||
    compareText(a.key, b.key));

/** The version before it of the same workload, or null for the first of its line. */
export function versionBefore<T extends Version>(
  versions: readonly T[],
  of: Pick<Version, 'key' | 'workload'>,
): T | null {
  const line = inOrderOfVersions(versions).filter(({ workload }) => workload === of.workload);
  const index = line.findIndex(({ key }) => key === of.key);
  return index > 0 ? line[index - 1] ?? null : null;
}

export function compareTags(left: string, right: string): number {
  const [a, b] = [partsOf(left), partsOf(right)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = compareParts(a[index], b[index]);
    if (order !== 0) return order;
  }
  return 0;
}

const partsOf = (tag: string): readonly string[] => tag.match(/\d+|\D+/g) ?? [];

/** `1.4` comes before `1.4.1`, but `1.4-rc1` comes before `1.4`. */
function compareParts(left: string | undefined, right: string | undefined): number {
  if (left === undefined || right === undefined) {
    const rest = left ?? right ?? '';
    const order = /^-(alpha|beta|rc|pre|dev)/i.test(rest) ? 1 : -1;
    return left === undefined ? order : -order;
  }
  const [a, b] = [Number(left), Number(right)];
  if (Number.isFinite(a) && Number.isFinite(b)) return a - b;
  return compareText(left, right);
}

const compareText = (left: string, right: string): number =>
  left < right ? -1 : left > right ? 1 : 0;

const timeOf = ({ stored }: Version): number => Date.parse(stored?.updatedTime ?? '') || 0;
