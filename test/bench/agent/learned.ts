import { readFileSync, writeFileSync } from 'node:fs';
import { EventClock } from '../../../agent/event-clock.ts';
import { Identity } from '../../../agent/identity/identity.ts';
import { ResponseEvents } from '../../../agent/source/falco-fields.ts';
import { Baseline } from '../../../baseline/baseline.ts';
import type { BaselineOptions } from '../../../baseline/baseline.ts';
import { behavioursOf } from '../../../baseline/behaviour/behaviour.ts';
import type { Observation } from '../../../baseline/observation.ts';
import { toDocument } from '../../../baseline/profile/document.ts';
import type { ImageProfile } from '../../../baseline/profile/image-profile.ts';
import { podHash } from '../../../baseline/profile/pod-set.ts';
import { profileKey } from '../../../baseline/profile/profile-book.ts';
import { grpcResponse } from '../../../demo/replay-falco/recorded-event.ts';
import { KINDS, imageDigest, imageName, letters, podLines } from './fleet-lines.ts';

/**
 * Profiles of every image of the fleet: each kind of recorded image is learned once from its events
 * and filled up to the wanted number of behaviours, then adopted under each name, as from the
 * collector. What is taught goes to the profile directly: what is measured is judging, and a judge
 * that hears a thousand new files in one minute is right not to learn them.
 */
const PODS = 4;
const LINES = 20_000;
/** A pod may teach some hundred behaviours a day by itself. */
const LESSON = 100;
const DAY_MS = 86_400_000;
const WINDOW_MS = 60_000;
const CLEAN_WINDOWS = 2_000;
/** The bench sends a hundred times as fast as anything was recorded: no rate is beyond these. */
const BUSY = 1_000_000;

/** A short clean run, for the variant that learns while it is measured. */
export const benchBaseline: BaselineOptions = {
  cluster: 'bench',
  node: 'bench-node',
  windowMs: WINDOW_MS,
};

type Learned = { readonly image: number; readonly key: string; readonly document: string };

/** Learns all kinds and keeps them in a file: learning must not be part of what is measured. */
export function writeLearned(file: string, behaviours: number): void {
  const kinds = Array.from({ length: KINDS }, (_, kind) => learnKind(kind, behaviours));
  writeFileSync(file, JSON.stringify(kinds));
}

export function learnedBaseline(file: string, images: number): Baseline {
  const baseline = new Baseline(benchBaseline);
  const kinds = JSON.parse(readFileSync(file, 'utf8')) as readonly Learned[];
  for (let image = 0; image < images; image += 1) {
    const kind = kinds[image % kinds.length] as Learned;
    const rename = (text: string): string =>
      text.replaceAll(imageName(kind.image), imageName(image))
        .replaceAll(imageDigest(kind.image), imageDigest(image));
    const adopted = baseline.adopt(rename(kind.key), JSON.parse(rename(kind.document)));
    if (!adopted.ok) throw new Error(`image ${image}: ${adopted.error}`);
  }
  return baseline;
}

function learnKind(image: number, behaviours: number): Learned {
  const seen = observationsOf(image);
  const [first] = seen;
  if (first === undefined) throw new Error(`image ${image} has no observations`);
  const key = profileKey(first.container, '');
  const book = new Baseline(benchBaseline).profiles;
  const profile = book.ensure(key, first.container.image);
  const real = new Set(seen.map(({ process }) => process.name)).size;
  const lessons = [...seen, ...fillers(first, Math.max(0, behaviours - real))];
  const days = Math.ceil(lessons.length / LESSON) + 1;
  const startMs = Date.now() - (days + CLEAN_WINDOWS) * DAY_MS;
  for (let pod = 0; pod < PODS; pod += 1) teach(profile, podHash(`learned-${pod}`), lessons, startMs);
  return { image, key, document: JSON.stringify(toDocument(profile)) };
}

function teach(
  profile: ImageProfile,
  pod: number,
  lessons: readonly Observation[],
  startMs: number,
): void {
  lessons.forEach((o, index) => {
    const ms = startMs + Math.floor(index / LESSON) * DAY_MS;
    profile.see(pod, ms);
    for (const behaviour of behavioursOf(o, () => null)) profile.learn(behaviour, pod, ms);
  });
  const fromMs = startMs + (Math.ceil(lessons.length / LESSON) + 1) * DAY_MS;
  profile.noteStart(pod, startMs);
  const toMs = fromMs + CLEAN_WINDOWS * WINDOW_MS;
  profile.addWindows(pod, { fromMs, toMs }, CLEAN_WINDOWS);
  for (const feature of featuresOf(lessons)) profile.addRate(feature, pod, BUSY);
}

function featuresOf(lessons: readonly Observation[]): ReadonlySet<string> {
  const features = new Set(['programs started', 'files written', 'files read', 'files changed']);
  for (const o of lessons) {
    if (o.kind === 'connect') features.add(`connections to port ${o.port} by ${o.process.name}`);
  }
  return features;
}

/** What pods of that image do, each behaviour as often as it was recorded. */
function observationsOf(image: number): readonly Observation[] {
  const seen: Observation[] = [];
  const identity = new Identity({
    node: 'bench-node',
    clock: new EventClock(() => 0),
    onObservation: (observation) => seen.push(observation),
  });
  const events = new ResponseEvents();
  const shape = { jsonOutput: false, hostileShare: 0, random: () => 0.5 };
  for (const line of podLines(image, 0, LINES).lines) {
    const decoded = events.decode(grpcResponse(line, shape));
    if (decoded.ok) identity.receive(decoded.event);
  }
  return seen;
}

/** Files under names that do not generalise: read, written and removed ones. */
function fillers(like: Observation, count: number): readonly Observation[] {
  const { timeNs, node, container, process } = like;
  return Array.from({ length: count }, (_, number): Observation => {
    const path = `/opt/app/${letters(number % 97)}/${letters(number)}.conf`;
    const common = { timeNs, node, container, process, path, fields: new Map<string, string>() };
    if (number % 3 === 2) {
      return { ...common, kind: 'change', operation: 'unlink', target: '', mode: '' };
    }
    const isWrite = number % 3 === 1;
    return { ...common, kind: 'open', isWrite, isCreate: false, isUpperLayer: isWrite };
  });
}
