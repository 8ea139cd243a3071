/**
 * The list of images: what the address asks for, and the rows that answer it. The address holds
 * filter and order, so that a list can be sent to a colleague and survives a reload.
 */
export const imageStates = ['learning', 'complete', 'never-complete'] as const;
export type ImageState = (typeof imageStates)[number];

export const imageOrders = ['name', 'coverage', 'alerts', 'pods', 'nodes'] as const;
export type ImageOrder = (typeof imageOrders)[number];

export type ImageRow = {
  readonly id: string;
  readonly key: string;
  readonly image: { readonly repository: string; readonly tag: string; readonly digest: string };
  readonly workload: string;
  readonly state: ImageState;
  readonly coverage: number;
  readonly pods: number;
  readonly nodes: number;
  readonly isLocked: boolean;
};

export type ImageQuery = {
  readonly text: string;
  readonly state: ImageState | null;
  readonly runs: boolean;
  readonly locked: boolean;
  readonly order: ImageOrder;
  readonly isDescending: boolean;
};

export function imageQueryOf(search: URLSearchParams): ImageQuery {
  const sort = search.get('sort') ?? '';
  const name = sort.replace(/^-/, '');
  return {
    text: search.get('q') ?? '',
    state: imageStates.find((state) => state === search.get('state')) ?? null,
    runs: search.get('runs') === '1',
    locked: search.get('locked') === '1',
    order: imageOrders.find((order) => order === name) ?? 'name',
    isDescending: sort.startsWith('-'),
  };
}

export function rowsFor<T extends ImageRow>(
  rows: readonly T[],
  query: ImageQuery,
  alertsOf: (row: T) => number,
): readonly T[] {
  const words = query.text.toLowerCase().split(/\s+/).filter(Boolean);
  const sign = query.isDescending ? -1 : 1;
  return rows
    .filter((row) =>
      (query.state === null || row.state === query.state) &&
      (!query.runs || row.nodes > 0) &&
      (!query.locked || row.isLocked) &&
      words.every((word) => textOf(row).includes(word)))
    .toSorted((a, b) => sign * compare(a, b, query.order, alertsOf) || byName(a, b));
}

const textOf = ({ image, workload, key }: ImageRow): string =>
  `${image.repository}:${image.tag} ${workload} ${key}`.toLowerCase();

function compare<T extends ImageRow>(
  a: T,
  b: T,
  order: ImageOrder,
  alertsOf: (row: T) => number,
): number {
  switch (order) {
    case 'name':
      return byName(a, b);
    case 'coverage':
      return a.coverage - b.coverage;
    case 'alerts':
      return alertsOf(a) - alertsOf(b);
    case 'pods':
      return a.pods - b.pods;
    case 'nodes':
      return a.nodes - b.nodes;
  }
}

const collator = new Intl.Collator('en', { numeric: true });

const byName = (a: ImageRow, b: ImageRow): number =>
  collator.compare(nameOf(a), nameOf(b)) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/** `sha256:` and twelve digits, as the tools of containers show it. */
const DIGEST_CHARACTERS = 19;

/** As people call it. Without a tag the digest is all there is; of the host, its key. */
export function nameOf(
  { image, key }: Pick<ImageRow, 'image' | 'key'>,
): string {
  if (image.repository === '') return key;
  if (image.tag !== '') return `${image.repository}:${image.tag}`;
  const { repository, digest } = image;
  return digest === '' ? repository : `${repository}@${digest.slice(0, DIGEST_CHARACTERS)}`;
}

/** What a column's head asks for: first its natural order, then the other one. */
export function sortAfter(query: ImageQuery, order: ImageOrder): string {
  const natural = order === 'name' ? '' : '-';
  if (query.order !== order) return `${natural}${order}`;
  return query.isDescending ? order : `-${order}`;
}

export type Forecast =
  | { readonly kind: 'complete' | 'unknown' | 'never' }
  | { readonly kind: 'minutes' | 'hours' | 'days'; readonly count: number };

/** When learning will be complete at the present rate, as coarse as such a guess is. */
export function forecastOf(
  { state, completeInSeconds }: { readonly state: ImageState; readonly completeInSeconds: number },
): Forecast {
  if (state === 'complete') return { kind: 'complete' };
  if (state === 'never-complete') return { kind: 'never' };
  if (completeInSeconds < 0) return { kind: 'unknown' };
  const minutes = Math.max(1, Math.round(completeInSeconds / 60));
  if (minutes < 90) return { kind: 'minutes', count: minutes };
  const hours = Math.round(minutes / 60);
  if (hours < 48) return { kind: 'hours', count: hours };
  return { kind: 'days', count: Math.round(hours / 24) };
}
