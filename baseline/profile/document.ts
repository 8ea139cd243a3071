import { candidateDocuments, restoreCandidates } from './candidate-document.ts';
import {
  behaviourOf,
  DOCUMENT_FORMAT,
  type ChannelDocument,
  type FamilyDocument,
  type NameDocument,
  type PodDocument,
  type ProfileDocument,
  type RateDocument,
  type TraceDocument,
} from './document-schema.ts';
import { Evidence, type Family } from './evidence.ts';
import { ImageProfile, LEARNED_CHANNELS, type LearnedChannel } from './image-profile.ts';
import { NOBODY, type PodRow } from './pods.ts';
import { mergeHashes, POD_SET_MAX, reporterOf, REPORTERS_MAX, type HashSet } from './pod-set.ts';
import { ProbeBook } from './probe-book.ts';
import type { RateBook, RateRow } from './rate-book.ts';
import type { Trace } from './trace.ts';

/**
 * A profile as a document: what agents send and the collector merges. It holds the evidence, not
 * what is concluded from it; everything is sorted, so that equal evidence is equal text.
 *
 * Merging is a union of evidence: commutative, associative and idempotent below the two bounds of
 * `evidence.ts` and those of `calibration`, generalised names included, since they are derived.
 */

export { parseDocument, type ProfileDocument } from './document-schema.ts';

/** `own`: what this node's pods showed, for the collector. `all`: with what the fleet told. */
export function toDocument(profile: ImageProfile, whose: 'own' | 'all' = 'all'): ProfileDocument {
  const channels: ProfileDocument['channels'] = {};
  for (const name of LEARNED_CHANNELS) {
    const channel = profile.channel(name);
    const { own } = channel;
    // What the fleet told is packed, and unpacking it is most of what this could cost.
    channels[name] = channelDocument(whose === 'own' ? own : union(own, channel.fleet));
  }
  const rates = whose === 'own' ? [profile.rates] : [profile.rates, profile.toldRates];
  return {
    format: DOCUMENT_FORMAT,
    generation: profile.generation,
    key: profile.key,
    image: { ...profile.image },
    workload: profile.workload,
    pods: podDocuments(profile, whose),
    channels,
    probes: probeDocuments(profile, whose),
    calibration: {
      rates: rateDocuments(rates),
      candidates: candidateDocuments(profile, whose),
    },
  };
}

function union(own: Evidence, fleet: Evidence): Evidence {
  if (own.families.size === 0) return fleet;
  const all = new Evidence();
  all.absorb(own);
  all.absorb(fleet);
  return all;
}

function channelDocument({ level, families }: Evidence): ChannelDocument {
  const sorted = [...families.values()]
    .filter(({ literals }) => literals.length > 0)
    .sort((a, b) => compare(a.key, b.key));
  return { level, families: sorted.map(familyDocument) };
}

function familyDocument(family: Family): FamilyDocument {
  const { literals, rest, place } = family;
  const [first] = literals as [Family['literals'][number]];
  const { verb, tree, detail, by } = first.behaviour;
  const names = literals
    .map(({ behaviour, trace }): NameDocument => [behaviour.object, ...traceDocument(trace)])
    .sort((a, b) => compare(a[0], b[0]));
  // Each place is told by its first family.
  const placeRest = place !== null && place.families[0] === family ? place.rest : null;
  return {
    verb,
    tree,
    detail,
    by,
    names,
    ...(rest === null ? {} : { rest: traceDocument(rest) }),
    ...(placeRest === null ? {} : { placeRest: traceDocument(placeRest) }),
  };
}

function traceDocument({ pods, reporters, firstMs, lastMs, exempt }: Trace): TraceDocument {
  return [[...pods], [...reporters], firstMs, lastMs, exempt];
}

function podDocuments({ pods }: ImageProfile, whose: 'own' | 'all'): PodDocument[] {
  const rows: PodRow[] = whose === 'all' ? [...pods.fleet.values()] : [];
  for (const [pod, span] of pods.own) rows.push({ ...span, pod, reporter: NOBODY });
  return rows
    .sort((a, b) => a.pod - b.pod || a.reporter - b.reporter)
    .map((row): PodDocument => [
      row.pod,
      row.reporter,
      row.firstMs,
      row.lastMs,
      row.windows,
      row.counted,
      row.observations,
      row.workload,
      row.startedMs,
    ]);
}

function probeDocuments(profile: ImageProfile, whose: 'own' | 'all'): ProfileDocument['probes'] {
  const all = new ProbeBook();
  for (const [command, runs] of profile.probes.runs) all.tell(command, runs);
  if (whose === 'all') {
    for (const [command, runs] of profile.toldProbes.runs) all.tell(command, runs);
  }
  return sortedRecord(
    [...all.runs].map(([command, { pods, reporters }]) => [
      command,
      { pods: pods.map(([pod, runs]): [number, number] => [pod, runs]), reporters: [...reporters] },
    ]),
  );
}

function rateDocuments(books: readonly RateBook[]): Record<string, RateDocument[]> {
  const features = new Map<string, Map<number, RateRow>>();
  for (const book of books) {
    for (const [feature, rows] of book.features) {
      const known = features.get(feature) ?? new Map<number, RateRow>();
      features.set(feature, known);
      for (const [pod, row] of rows) known.set(pod, larger(known.get(pod) ?? row, row));
    }
  }
  return sortedRecord(
    [...features].map(([feature, rows]) => [
      feature,
      [...rows].sort((a, b) => a[0] - b[0]).map(([pod, row]): RateDocument => [pod, ...row]),
    ]),
  );
}

function larger(a: RateRow, b: RateRow): RateRow {
  return [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/** By code units, the same on every machine; `localeCompare` is not. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function sortedRecord<T>(entries: [string, T][]): Record<string, T> {
  return Object.fromEntries(entries.sort((a, b) => compare(a[0], b[0])));
}

/** Takes documents in as what the fleet told; the order of the documents does not matter. */
export function restoreInto(profile: ImageProfile, ...documents: readonly ProfileDocument[]): void {
  const newest = Math.max(profile.generation, ...documents.map(({ generation }) => generation));
  if (newest > profile.generation) profile.reset(newest);
  const valid = documents.filter(({ generation }) => generation === newest);
  for (const { pods, probes, calibration, channels } of valid) {
    for (const name of LEARNED_CHANNELS) {
      profile.channel(name).tell((fleet) => addEvidence(fleet, name, channels[name]));
    }
    profile.pods.tell(pods.map(podRow), profile.outlook?.windowMs ?? null);
    for (const [command, { pods: runs, reporters }] of Object.entries(probes)) {
      profile.toldProbes.tell(command, { pods: runs, reporters: hashes(reporters, REPORTERS_MAX) });
    }
    for (const [feature, rows] of Object.entries(calibration.rates)) {
      for (const [pod, ...row] of rows) profile.toldRates.tell(feature, pod, row);
    }
  }
  profile.reconsider();
  restoreCandidates(profile, valid.flatMap(({ calibration }) => calibration.candidates));
  // A collector writes what it merged at once, and forgets it.
  if (profile.outlook !== null) profile.rest();
}

function addEvidence(
  evidence: Evidence,
  channel: LearnedChannel,
  document: ChannelDocument | undefined,
): void {
  const { level, families } = document ?? { level: 0, families: [] };
  evidence.raise(level);
  for (const family of families) {
    evidence.addNames(family.names.map(([object, ...trace]) => ({
      behaviour: behaviourOf(channel, family, object),
      trace: restoredTrace(trace),
    })));
  }
  for (const family of families) {
    const behaviour = behaviourOf(channel, family, family.names[0]?.[0] ?? '');
    if (family.rest !== undefined) evidence.addFamilyRest(behaviour, restoredTrace(family.rest));
    if (family.placeRest !== undefined) {
      evidence.addPlaceRest(behaviour, restoredTrace(family.placeRest));
    }
  }
}

function restoredTrace([pods, reporters, firstMs, lastMs, exempt]: TraceDocument): Trace {
  return {
    pods: hashes(pods, POD_SET_MAX),
    reporters: hashes(reporters, REPORTERS_MAX),
    firstMs,
    lastMs: Math.max(firstMs, lastMs),
    exempt,
  };
}

/** Sorted and each once: support is what trust is made of. */
function hashes(list: readonly number[], max: number): HashSet {
  const isSorted = list.every((hash, index) => index === 0 || hash > (list[index - 1] as number));
  if (isSorted) return list.slice(0, max);
  return list.reduce<HashSet>((set, hash) => mergeHashes(set, [hash], max), []);
}

function podRow(document: PodDocument): PodRow {
  const [pod, reporter, firstMs, lastMs, windows, counted, observations, workload, startedMs] =
    document;
  return {
    pod, reporter, firstMs, lastMs: Math.max(firstMs, lastMs), windows, counted, observations,
    workload, startedMs,
  };
}

/** A profile made of documents alone, as the collector keeps it. */
export function profileOf(
  ...documents: readonly [ProfileDocument, ...ProfileDocument[]]
): ImageProfile {
  const [{ key, image, workload }] = documents;
  const profile = new ImageProfile(key, image, workload);
  restoreInto(profile, ...documents);
  return profile;
}

export function mergeDocuments(a: ProfileDocument, b: ProfileDocument): ProfileDocument {
  return toDocument(profileOf(a, b));
}

/**
 * Who sent a document (`cluster/node`), on everything in it and whatever it says there itself. The
 * collector does this before it merges: an agent's word for who saw something would be worth
 * nothing.
 */
export function stampReporter(document: ProfileDocument, reporter: string): ProfileDocument {
  return withReporter(document, reporterOf(reporter));
}

/** The same evidence without who reported it: for comparing fleets that were split differently. */
export function withoutReporters(document: ProfileDocument): ProfileDocument {
  return toDocument(profileOf(withReporter(document, NOBODY)));
}

function withReporter(document: ProfileDocument, reporter: number): ProfileDocument {
  const reporters = reporter === NOBODY ? [] : [reporter];
  const stamped = ([pods, , first, last, exempt]: TraceDocument): TraceDocument => [
    pods, reporters, first, last, exempt,
  ];
  const { rates, candidates } = document.calibration;
  return {
    ...document,
    pods: document.pods.map(([pod, , ...rest]): PodDocument => [pod, reporter, ...rest]),
    channels: Object.fromEntries(
      Object.entries(document.channels).map(([name, { level, families }]) => [
        name,
        {
          level,
          families: families.map(({ rest, placeRest, names, ...family }) => ({
            ...family,
            names: names.map(([object, ...trace]): NameDocument => [object, ...stamped(trace)]),
            ...(rest === undefined ? {} : { rest: stamped(rest) }),
            ...(placeRest === undefined ? {} : { placeRest: stamped(placeRest) }),
          })),
        },
      ]),
    ),
    probes: Object.fromEntries(
      Object.entries(document.probes).map(([command, { pods }]) => [command, { pods, reporters }]),
    ),
    calibration: { rates, candidates: candidates.map((one) => ({ ...one, reporters })) },
  };
}

/** Nothing is known any more, and nothing of an earlier generation comes back by merging. */
export function resetDocument(document: ProfileDocument, atMs: number): ProfileDocument {
  const { key, image, workload, generation } = document;
  const empty = new ImageProfile(key, image, workload);
  empty.reset(Math.max(generation, atMs));
  return toDocument(empty);
}
