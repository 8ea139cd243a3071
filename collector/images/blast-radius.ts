import type { Clock } from '../clock.ts';
import type { Scope } from '../incident/visibility.ts';
import type { Store } from '../store/faces.ts';
import type { ImageRuns, OwnerRuns } from '../store/image-face.ts';
import type { BehaviourIndex } from './behaviour-index.ts';
import type { BlastQuestion } from './blast-question.ts';
import { NOW_MS } from './blast-words.ts';
import type { BlastReason } from './blast-words.ts';
import { imageKey, imageText } from './image-reference.ts';
import { limitsOf } from './limits.ts';
import type { Limit } from './limit-text.ts';
import { limitOf } from './limit-text.ts';
import { wantedImages } from './wanted-images.ts';
import type { Subject, Wanted, WantedImage } from './wanted-images.ts';

/**
 * Where images run now and ran in the last days: by name, by layers, or by what they do. An answer
 * holds the places that may be seen, all of what is known of them, and says what is not known.
 *
 * Bounds: those of `wanted-images.ts` and of the store's counting; each list is cut to `limit`,
 * totals are of all. "Now" is what nodes said within `NOW_MS`: three of their reports.
 */
const DAY_MS = 86_400_000;
const ALERTS_SHOWN_MAX = 100;
const REPOSITORIES_ASKED_MAX = 20;

export type Span = { readonly firstMs: number; readonly lastMs: number };
type Counts = Span & { readonly pods: number; readonly podsNow: number };

export type BlastImage = Omit<WantedImage, 'reason'> & {
  readonly reason: BlastReason;
  readonly pods: number;
  readonly podsNow: number;
  /** Absent: in these days nobody saw it run. */
  readonly seen?: Span;
};
export type BlastWorkload = Counts & {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly images: readonly string[];
  readonly nodes: number;
};
export type BlastNode = Counts & { readonly cluster: string; readonly node: string };
export type BlastNamespace = Counts & {
  readonly cluster: string;
  readonly namespace: string;
  readonly workloads: number;
};

export type BlastAnswer = {
  readonly looked: readonly string[];
  readonly asOfMs: number;
  readonly sinceMs: number;
  readonly images: readonly BlastImage[];
  readonly workloads: readonly BlastWorkload[];
  readonly nodes: readonly BlastNode[];
  readonly namespaces: readonly BlastNamespace[];
  readonly totals: Readonly<Record<
    'images' | 'workloads' | 'nodes' | 'namespaces' | 'pods' | 'podsNow', number>>;
  readonly evidence: { readonly alerts: readonly string[]; readonly reports: number };
  readonly limits: readonly Limit[];
  readonly truncated: boolean;
};

export type BlastRadiusOptions = {
  readonly store: Store;
  readonly index: Pick<BehaviourIndex, 'knownBy'>;
  readonly clock: Clock;
};

export async function blastRadius(
  question: BlastQuestion,
  { store, index, clock }: BlastRadiusOptions,
): Promise<BlastAnswer> {
  const { subject, days, scope, cluster, limit } = question;
  const asOfMs = clock.now();
  const sinceMs = asOfMs - days * DAY_MS;
  const wanted = await wantedImages(subject, { store, index, scope, sinceMs });
  const ids = await idsOf(store, wanted.images);
  const runs = await store.imageRuns({
    images: [...ids.keys()],
    scope,
    ...(cluster === undefined ? {} : { cluster }),
    sinceMs,
    nowSinceMs: asOfMs - NOW_MS,
  });
  const seen = imagesSeen(wanted, runs, ids).filter((image) =>
    // Who may see some namespaces is not told what exists elsewhere.
    image.seen !== undefined || (scope === 'all' && cluster === undefined));
  const lists = listsOf(runs, ids);
  const isAboutAlerts = subject.kind === 'behaviour' || subject.kind === 'alert';
  const alerts = isAboutAlerts
    ? wanted.alerts
    : await alertsOf(seen, { store, scope, sinceMs });
  const limits = [
    ...wanted.limits.map(({ code, about }) => limitOf(code, about)),
    ...runs.isPartial ? [limitOf('runs-bound', [])] : [],
    ...await limitsOf(question, { store, asOfMs, sinceMs }),
  ];
  const { workloads, nodes, namespaces } = lists;
  const bounds = ['images-bound', 'runs-bound', 'alerts-bound', 'profiles-unread'];
  return {
    looked: lookedOf(subject, wanted),
    asOfMs,
    sinceMs,
    images: seen.slice(0, limit),
    workloads: workloads.slice(0, limit),
    nodes: nodes.slice(0, limit),
    namespaces: namespaces.slice(0, limit),
    totals: {
      images: seen.length,
      workloads: workloads.length,
      nodes: nodes.length,
      namespaces: namespaces.length,
      pods: sum(nodes, ({ pods }) => pods),
      podsNow: sum(nodes, ({ podsNow }) => podsNow),
    },
    evidence: { alerts: alerts.slice(0, ALERTS_SHOWN_MAX), reports: runs.rows },
    limits,
    truncated: limits.some(({ code }) => bounds.includes(code)) ||
      [seen, workloads, nodes, namespaces].some(({ length }) => length > limit),
  };
}

function lookedOf(subject: Subject, { layers }: Wanted): readonly string[] {
  return subject.kind === 'behaviour' || subject.kind === 'alert'
    ? subject.behaviours.map(({ channel, value }) => `${channel}:${value}`)
    : layers;
}

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

/** Numbers of the store → images as they were wanted; one name may go by several rows. */
async function idsOf(
  store: Pick<Store, 'findImages'>,
  images: readonly WantedImage[],
): Promise<ReadonlyMap<number, WantedImage>> {
  const byKey = new Map(images.map((image) => [imageKey(image), image]));
  const digests = images.map(({ digest }) => digest).filter((digest) => digest !== '');
  const rows = digests.length === 0 ? [] : await store.findImages({ digests }, MATCHES_MAX);
  const found = [...rows];
  for (const { repository, tag } of images.filter(({ digest }) => digest === '')) {
    found.push(...await store.findImages({ repository, tag, digests: [''] }, 1));
  }
  return new Map(found.flatMap((row) => {
    const image = byKey.get(imageKey(row));
    return image === undefined ? [] : [[row.id, image] as const];
  }));
}

const MATCHES_MAX = 20_000;

function imagesSeen(
  { images }: Wanted,
  runs: ImageRuns,
  ids: ReadonlyMap<number, WantedImage>,
): readonly BlastImage[] {
  const counted = new Map<WantedImage, Counts>();
  for (const [id, image] of ids) {
    const found = runs.images.get(id);
    if (found !== undefined) counted.set(image, found);
  }
  return images
    .map((image): BlastImage => {
      const found = counted.get(image);
      if (found === undefined) return { ...image, pods: 0, podsNow: 0 };
      const { pods, podsNow, firstMs, lastMs } = found;
      return { ...image, pods, podsNow, seen: { firstMs, lastMs } };
    })
    .toSorted((a, b) => byRank(spanOf(a), spanOf(b)));
}

const spanOf = ({ podsNow, seen }: BlastImage) => ({ podsNow, lastMs: seen?.lastMs ?? 0 });

/** What runs now first, then the last seen. */
const byRank = (
  a: { readonly podsNow: number; readonly lastMs: number },
  b: { readonly podsNow: number; readonly lastMs: number },
): number => Number(b.podsNow > 0) - Number(a.podsNow > 0) || b.lastMs - a.lastMs;

function listsOf(runs: ImageRuns, ids: ReadonlyMap<number, WantedImage>) {
  const names = (images: readonly number[]): readonly string[] => {
    const texts = images.flatMap((id) => {
      const image = ids.get(id);
      return image === undefined ? [] : [imageText(image)];
    });
    return [...new Set(texts)].toSorted();
  };
  return {
    workloads: runs.owners
      .map(({ images, ...same }): BlastWorkload => ({ ...same, images: names(images) }))
      .toSorted(byRank),
    nodes: runs.nodes.toSorted(byRank),
    namespaces: namespacesOf(runs.owners).toSorted(byRank),
  };
}

/** No pod is of two workloads, so that their numbers add up. */
function namespacesOf(owners: readonly OwnerRuns[]): readonly BlastNamespace[] {
  const found = new Map<string, BlastNamespace>();
  for (const { cluster, namespace, pods, podsNow, firstMs, lastMs } of owners) {
    const key = JSON.stringify([cluster, namespace]);
    const known = found.get(key);
    found.set(key, {
      cluster,
      namespace,
      workloads: (known?.workloads ?? 0) + 1,
      pods: (known?.pods ?? 0) + pods,
      podsNow: (known?.podsNow ?? 0) + podsNow,
      firstMs: Math.min(known?.firstMs ?? firstMs, firstMs),
      lastMs: Math.max(known?.lastMs ?? lastMs, lastMs),
    });
  }
  return [...found.values()];
}

/** Alerts of these images, by repository, newest first. */
async function alertsOf(
  images: readonly BlastImage[],
  { store, scope, sinceMs }: { store: Pick<Store, 'pageAlerts'>; scope: Scope; sinceMs: number },
): Promise<readonly string[]> {
  const keys = new Set(images.map(imageKey));
  const repositories = [...new Set(images.map(({ repository }) => repository))]
    .filter((repository) => repository !== '').slice(0, REPOSITORIES_ASKED_MAX);
  const found: { readonly id: string; readonly number: number }[] = [];
  for (const image of repositories) {
    const page = await store.pageAlerts({ scope, image, handling: 'all', fromMs: sinceMs },
      { limit: ALERTS_SHOWN_MAX, scansMax: 1 });
    for (const { number, alert } of page.rows) {
      if (keys.has(imageKey(alert.image))) found.push({ id: alert.id, number });
    }
  }
  return found.toSorted((a, b) => b.number - a.number).map(({ id }) => id);
}
