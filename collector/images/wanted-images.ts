import type { Alert } from '../../baseline/alert.ts';
import type { Scope } from '../incident/visibility.ts';
import type { Store } from '../store/faces.ts';
import type { ImageName, LayerClaim } from '../store/image-face.ts';
import { behaviourIn, behaviourKey, commonStart } from './behaviour-key.ts';
import type { WantedBehaviour } from './behaviour-key.ts';
import type { BehaviourIndex } from './behaviour-index.ts';
import { blastReasons } from './blast-words.ts';
import type { BlastReason, LimitCode } from './blast-words.ts';
import { imageKey } from './image-reference.ts';
import type { ImageReference } from './image-reference.ts';

/** Which images a question is about, each with the strongest reason why. */
export const IMAGES_MAX = 5_000;
const ALERTS_PER_PAGE = 500;
const ALERT_PAGES_MAX = 4;
/** A search text is looked for as it is written; the rest is compared afterwards. */
const SEARCH_CHARACTERS_MAX = 200;

export type Subject =
  | { readonly kind: 'image' | 'base'; readonly reference: ImageReference }
  | { readonly kind: 'layer'; readonly layer: string }
  | {
    readonly kind: 'behaviour' | 'alert';
    readonly behaviours: readonly WantedBehaviour[];
    /** The image of the alert. */
    readonly image?: ImageName;
  };

export type WantedImage = ImageName & {
  readonly reason: BlastReason;
  readonly sharedLayers?: number;
  readonly layers?: number;
};

export type Wanted = {
  readonly images: readonly WantedImage[];
  /** Layers that were looked for. */
  readonly layers: readonly string[];
  /** Alerts that showed the behaviour. */
  readonly alerts: readonly string[];
  readonly limits: readonly { readonly code: LimitCode; readonly about: readonly string[] }[];
};

export type WantedOptions = {
  readonly store: Pick<Store, 'findImages' | 'layersOf' | 'claimsWith' | 'pageAlerts'>;
  readonly index: Pick<BehaviourIndex, 'knownBy'>;
  readonly scope: Scope;
  readonly sinceMs: number;
};

type Limits = { code: LimitCode; about: readonly string[] }[];

export async function wantedImages(subject: Subject, options: WantedOptions): Promise<Wanted> {
  switch (subject.kind) {
    case 'image':
    case 'base':
      return byReference(subject.reference, subject.kind, options);
    case 'layer':
      return byLayer(subject.layer, options);
    case 'behaviour':
    case 'alert':
      return byBehaviour(subject.behaviours, subject.image, options);
  }
}

class Found {
  readonly #images = new Map<string, WantedImage>();

  add(image: WantedImage): void {
    const key = imageKey(image);
    const known = this.#images.get(key);
    if (known === undefined || rankOf(image) < rankOf(known)) this.#images.set(key, image);
  }

  list(limits: Limits): readonly WantedImage[] {
    const all = [...this.#images.values()].toSorted((a, b) =>
      rankOf(a) - rankOf(b) || (imageKey(a) < imageKey(b) ? -1 : 1));
    if (all.length > IMAGES_MAX) limits.push({ code: 'images-bound', about: [String(IMAGES_MAX)] });
    return all.slice(0, IMAGES_MAX);
  }
}

const rankOf = ({ reason }: WantedImage): number => blastReasons.indexOf(reason);

async function byReference(
  { repository, tag, digest }: ImageReference,
  kind: 'image' | 'base',
  options: WantedOptions,
): Promise<Wanted> {
  const { store } = options;
  const limits: Limits = [];
  const found = new Found();
  // A digest says more than the name before it: copies under other names are the same image.
  const rows = digest === ''
    ? await store.findImages({ repository, ...(tag === '' ? {} : { tag }) }, IMAGES_MAX)
    : await store.findImages({ digests: [digest] }, IMAGES_MAX);
  const reason = digest === '' ? 'same-repository' : 'same-digest';
  const digests = [...new Set([digest, ...rows.map((row) => row.digest)])]
    .filter((one) => one !== '');
  const own = await store.layersOf(digests);
  const sizes = new Map(own.map((claim) => [claim.digest, claim.layers.length]));
  for (const row of rows) {
    const layers = sizes.get(row.digest);
    found.add({ ...nameOf(row), reason, ...(layers === undefined ? {} : { layers }) });
  }
  if (rows.length === 0 && own.length === 0) limits.push({ code: 'unknown-image', about: [] });
  else if (own.length === 0) limits.push({ code: 'no-layers', about: [] });
  tellSeveral(own, limits);
  for (const list of listsIn(own)) {
    const held = await store.claimsWith(list, IMAGES_MAX);
    // The same layers and no more: a copy. What is built on it has more.
    const wanted = kind === 'base' ? held : held.filter(({ layers }) => layers === list.length);
    await addClaims(found, wanted, list.length, store);
  }
  const layers = [...new Set(own.flatMap((claim) => claim.layers))];
  return { images: found.list(limits), layers, alerts: [], limits };
}

async function byLayer(layer: string, { store }: WantedOptions): Promise<Wanted> {
  const limits: Limits = [];
  const found = new Found();
  await addClaims(found, await store.claimsWith([layer], IMAGES_MAX), 1, store);
  return { images: found.list(limits), layers: [layer], alerts: [], limits };
}

const nameOf = ({ repository, tag, digest }: ImageName): ImageName => ({ repository, tag, digest });

function listsIn(claims: readonly LayerClaim[]): readonly (readonly string[])[] {
  const lists = new Map(claims.map(({ layers }) => [layers.join('\n'), layers]));
  return [...lists.values()];
}

function tellSeveral(claims: readonly LayerClaim[], limits: Limits): void {
  const seen = new Set<string>();
  const several = new Set<string>();
  for (const { digest } of claims) {
    if (seen.has(digest)) several.add(digest);
    seen.add(digest);
  }
  if (several.size > 0) limits.push({ code: 'several-layer-lists', about: [...several] });
}

async function addClaims(
  found: Found,
  claims: readonly { readonly digest: string; readonly layers: number }[],
  sharedLayers: number,
  store: WantedOptions['store'],
): Promise<void> {
  const sizes = new Map(claims.map(({ digest, layers }) => [digest, layers]));
  const rows = await store.findImages({ digests: [...sizes.keys()] }, IMAGES_MAX);
  for (const row of rows) {
    found.add({ ...nameOf(row), reason: 'shared-layers', sharedLayers,
      layers: sizes.get(row.digest) ?? 0 });
  }
}

async function byBehaviour(
  behaviours: readonly WantedBehaviour[],
  image: ImageName | undefined,
  options: WantedOptions,
): Promise<Wanted> {
  const limits: Limits = [];
  const found = new Found();
  if (image !== undefined) found.add({ ...nameOf(image), reason: 'showed-behaviour' });
  const ids = new Set<string>();
  for (const wanted of behaviours) {
    const { alerts, isPartial } = await showing(wanted, options);
    if (isPartial) limits.push({ code: 'alerts-bound', about: [] });
    for (const alert of alerts) {
      ids.add(alert.id);
      const { repository, digest } = alert.image;
      if (repository !== '' || digest !== '') {
        found.add({ ...nameOf(alert.image), reason: 'showed-behaviour' });
      }
    }
  }
  const { images, unread } = await options.index.knownBy(behaviours);
  for (const known of images) found.add({ ...nameOf(known), reason: 'knows-behaviour' });
  if (unread > 0) limits.push({ code: 'profiles-unread', about: [String(unread)] });
  return { images: found.list(limits), layers: [], alerts: [...ids], limits };
}

/** Alerts that hold it, in whatever names of one shape. */
async function showing(wanted: WantedBehaviour, { store, scope, sinceMs }: WantedOptions) {
  const behaviour = behaviourIn(wanted);
  const alerts: Alert[] = [];
  if (behaviour === null) return { alerts, isPartial: false };
  const key = behaviourKey(behaviour);
  const isIt = (one: WantedBehaviour): boolean => {
    const shown = one.channel === wanted.channel ? behaviourIn(one) : null;
    return shown !== null && behaviourKey(shown) === key;
  };
  const q = commonStart(behaviour).slice(0, SEARCH_CHARACTERS_MAX);
  let before: number | undefined;
  for (let pages = 0; pages < ALERT_PAGES_MAX; pages += 1) {
    const found = await store.pageAlerts(
      { scope, handling: 'all', fromMs: sinceMs, q },
      { limit: ALERTS_PER_PAGE, ...(before === undefined ? {} : { before }) },
    );
    for (const { alert } of found.rows) if (alert.behaviours.some(isIt)) alerts.push(alert);
    if (found.next === undefined) return { alerts, isPartial: false };
    before = found.next;
  }
  return { alerts, isPartial: true };
}
