import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { Behaviour } from '../behaviour/behaviour.ts';
import { candidateDocuments, CandidateSchema, restoreCandidates } from './candidate-document.ts';
import { ITEMS_MAX, type RestoredItem } from './channel-profile.ts';
import {
  ImageProfile,
  LEARNED_CHANNELS,
  PODS_MAX,
  RATES_MAX,
  type LearnedChannel,
} from './image-profile.ts';
import { NOVEL_GROUPS_MAX } from './novelty-history.ts';
import { mergePodSets, POD_SET_MAX, type PodSet } from './pod-set.ts';
import { CANDIDATES_MAX } from './upgrade-diff.ts';

/**
 * A profile as a document: what agents send, the collector merges and people review. Everything in
 * it is sorted, so that equal profiles are equal texts. It is validated as hostile input: an agent
 * may be stolen, a file edited.
 *
 * Merging is a union: pods and generalisations of both sides, behaviours under them, counters with
 * their maximum. It is commutative, associative and idempotent while no bound is reached; it never
 * generalises by itself, only learning does.
 */

export const DOCUMENT_FORMAT = 'lanner-profile/1';
/** A text of an event is at most 4,096 bytes; its shape is at most three times as long. */
const TEXT_MAX = 16_384;
const PROBES_MAX = 256;

const Text = Type.String({ maxLength: TEXT_MAX });
const Count = Type.Integer({ minimum: 0 });
const Milliseconds = Type.Integer({ minimum: 0 });
const PodId = Type.Integer({ minimum: 0, maximum: 2 ** 48 });

const ItemSchema = Type.Object(
  {
    verb: Text,
    object: Text,
    tree: Type.Union([Type.Literal('path'), Type.Literal('address'), Type.Literal('none')]),
    detail: Text,
    by: Text,
    /** Pod hash and how often, sorted. */
    pods: Type.Array(Type.Tuple([PodId, Count]), { maxItems: POD_SET_MAX }),
    first: Milliseconds,
    last: Milliseconds,
    approved: Type.Boolean(),
    exempt: Type.Boolean(),
  },
  { additionalProperties: false },
);

const ChannelSchema = Type.Object(
  {
    items: Type.Array(ItemSchema, { maxItems: ITEMS_MAX }),
    windows: Count,
    /** Windows with at least 1, 2, … new groups. */
    novelAtLeast: Type.Array(Count, { maxItems: NOVEL_GROUPS_MAX }),
  },
  { additionalProperties: false },
);

/** Pod hash, first and last ms, windows, observations, workload, start in ms (0: not seen). */
const PodSchema = Type.Tuple([
  PodId,
  Milliseconds,
  Milliseconds,
  Count,
  Count,
  Text,
  Milliseconds,
]);

const DocumentSchema = Type.Object(
  {
    format: Type.Literal(DOCUMENT_FORMAT),
    key: Text,
    image: Type.Object(
      { repository: Text, tag: Text, digest: Text },
      { additionalProperties: false },
    ),
    /** The application, where one image runs several. */
    workload: Text,
    /** Sorted by pod. */
    pods: Type.Array(PodSchema, { maxItems: PODS_MAX }),
    channels: Type.Record(Type.String(), ChannelSchema),
    candidates: Type.Array(CandidateSchema, { maxItems: CANDIDATES_MAX }),
    /** Windows, sum, sum of squares, maximum. */
    rates: Type.Record(Text, Type.Tuple([Count, Count, Count, Count])),
    probes: Type.Record(Text, Count),
  },
  { additionalProperties: false },
);

export type ProfileDocument = Static<typeof DocumentSchema>;
type ItemDocument = Static<typeof ItemSchema>;

export function toDocument(profile: ImageProfile): ProfileDocument {
  const channels: ProfileDocument['channels'] = {};
  for (const name of LEARNED_CHANNELS) {
    const channel = profile.channel(name);
    const history = profile.history(name);
    channels[name] = {
      items: [...channel.items.values()]
        .map((item) => itemDocument(channel.objectOf(item), item))
        .sort(byIdentity),
      windows: history.windows,
      novelAtLeast: history.atLeast.slice(1),
    };
  }
  return {
    format: DOCUMENT_FORMAT,
    key: profile.key,
    image: { ...profile.image },
    workload: profile.workload,
    pods: [...profile.pods]
      .map(([pod, s]): ProfileDocument['pods'][number] => [
        pod,
        s.firstMs,
        s.lastMs,
        s.windows,
        s.observations,
        s.workload,
        s.startedMs,
      ])
      .sort((a, b) => a[0] - b[0]),
    channels,
    candidates: candidateDocuments(profile),
    rates: sortedRecord(
      [...profile.rates].map(([name, r]) => [name, [r.windows, r.sum, r.squares, r.max]]),
    ),
    probes: sortedRecord([...profile.probes.runs]),
  };
}

function itemDocument(object: string, item: RestoredItem): ItemDocument {
  const { verb, tree, detail, by } = item.behaviour;
  return {
    verb,
    object,
    tree,
    detail,
    by,
    pods: item.pods.map(({ pod, count }): [number, number] => [pod, count]),
    first: item.firstMs,
    last: item.lastMs,
    approved: item.approved,
    exempt: item.exempt,
  };
}

function byIdentity(a: ItemDocument, b: ItemDocument): number {
  return compare(identity(a), identity(b));
}

function identity(item: ItemDocument): string {
  return `${item.verb}\u0000${item.object}\u0000${item.detail}\u0000${item.by}`;
}

/** By code units, the same on every machine; `localeCompare` is not. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function sortedRecord<T>(entries: [string, T][]): Record<string, T> {
  return Object.fromEntries(entries.sort((a, b) => compare(a[0], b[0])));
}

export type Parsed =
  | { readonly ok: true; readonly document: ProfileDocument }
  | { readonly ok: false; readonly error: string };

export function parseDocument(value: unknown): Parsed {
  if (!Value.Check(DocumentSchema, value)) {
    const [first] = Value.Errors(DocumentSchema, value);
    const where = first?.instancePath === '' ? 'the document' : first?.instancePath;
    return { ok: false, error: `${where ?? 'the document'}: ${first?.message ?? 'not valid'}` };
  }
  const unknown = Object.keys(value.channels).find((name) => !isLearned(name));
  if (unknown !== undefined) return { ok: false, error: `/channels: no channel "${unknown}"` };
  for (const [name, namesMax] of [['rates', RATES_MAX], ['probes', PROBES_MAX]] as const) {
    const names = Object.keys(value[name]);
    if (names.length <= namesMax && names.every((key) => key.length <= TEXT_MAX)) continue;
    return { ok: false, error: `/${name}: more than ${namesMax} names, or one is too long` };
  }
  return { ok: true, document: value };
}

function isLearned(name: string): boolean {
  return (LEARNED_CHANNELS as readonly string[]).includes(name);
}

/** Merges documents into a profile; the order of the documents does not matter. */
export function restoreInto(profile: ImageProfile, ...documents: readonly ProfileDocument[]): void {
  for (const document of documents) restorePods(profile, document);
  for (const name of LEARNED_CHANNELS) {
    const items = documents.flatMap((document) => document.channels[name]?.items ?? []);
    profile.channel(name).restore(items.map((item) => restoredItem(name, item)));
    const history = profile.history(name);
    for (const { windows, novelAtLeast } of documents.flatMap((d) => d.channels[name] ?? [])) {
      history.windows = Math.max(history.windows, windows);
      novelAtLeast.forEach((count, index) => {
        history.atLeast[index + 1] = Math.max(history.atLeast[index + 1] ?? 0, count);
      });
    }
  }
  restoreCandidates(profile, documents.flatMap((document) => document.candidates));
  for (const document of documents) {
    for (const [command, runs] of Object.entries(document.probes).slice(0, PROBES_MAX)) {
      profile.probes.restore(command, runs);
    }
    for (const [name, rate] of Object.entries(document.rates).slice(0, RATES_MAX)) {
      restoreRate(profile, name, rate);
    }
  }
}

/** A pod has one workload; where two claim it, the choice must not depend on the order. */
function largest(a: string, b: string): string {
  return compare(a, b) >= 0 ? a : b;
}

function restorePods(profile: ImageProfile, document: ProfileDocument): void {
  for (const [pod, firstMs, lastMs, windows, observations, workload, startedMs] of document.pods) {
    const own = profile.pods.get(pod);
    if (own === undefined && profile.pods.size >= PODS_MAX) continue;
    profile.pods.set(pod, {
      firstMs: Math.min(own?.firstMs ?? firstMs, firstMs),
      lastMs: Math.max(own?.lastMs ?? 0, lastMs),
      windows: Math.max(own?.windows ?? 0, windows),
      observations: Math.max(own?.observations ?? 0, observations),
      workload: largest(own?.workload ?? '', workload),
      startedMs: Math.max(own?.startedMs ?? 0, startedMs),
    });
    profile.firstMs = Math.min(profile.firstMs, firstMs);
    profile.lastMs = Math.max(profile.lastMs, lastMs);
  }
  profile.windows = 0;
  for (const span of profile.pods.values()) profile.windows += span.windows;
}

type Rate = readonly [windows: number, sum: number, squares: number, max: number];

function restoreRate(profile: ImageProfile, name: string, rate: Rate): void {
  const own = profile.rates.get(name);
  if (own === undefined && profile.rates.size >= RATES_MAX) return;
  const before: Rate = own === undefined ? rate : [own.windows, own.sum, own.squares, own.max];
  const [windows, sum, squares] = isBetterInformed(rate, before) ? rate : before;
  profile.rates.set(name, { windows, sum, squares, max: Math.max(rate[3], before[3]) });
}

/** Two agents' windows do not overlap, but a merged count may hold either: the larger one stays. */
function isBetterInformed(a: Rate, b: Rate): boolean {
  for (let index = 0; index < 3; index += 1) {
    const difference = (a[index] as number) - (b[index] as number);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function restoredItem(channel: LearnedChannel, item: ItemDocument): RestoredItem {
  const { verb, object, tree, detail, by } = item;
  // One pod listed twice is one pod: support is what trust is made of.
  let pods: PodSet = [];
  for (const [pod, count] of item.pods) pods = mergePodSets(pods, [{ pod, count }]);
  const behaviour: Behaviour = { channel, verb, object, tree, detail, by, isPattern: true };
  return {
    behaviour,
    pods,
    firstMs: item.first,
    lastMs: item.last,
    approved: item.approved,
    exempt: item.exempt,
  };
}

/** A profile made of documents alone, as the collector keeps it. */
export function profileOf(...documents: readonly [ProfileDocument, ...ProfileDocument[]]): ImageProfile {
  const [{ key, image, workload }] = documents;
  const profile = new ImageProfile(key, image, workload);
  restoreInto(profile, ...documents);
  return profile;
}

export function mergeDocuments(a: ProfileDocument, b: ProfileDocument): ProfileDocument {
  return toDocument(profileOf(a, b));
}
