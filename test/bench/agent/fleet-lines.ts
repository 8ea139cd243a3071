import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { random } from '../../../baseline/testing/random.ts';
import meta from '../../../demo/recording/meta.json' with { type: 'json' };
import { lineTimeNs } from '../../../demo/replay-falco/recorded-event.ts';

/**
 * One node with many images, made of the recording: image number i lives like one of the recorded
 * ones, under names, digests, pods and container ids of its own, so that no cache is flattered.
 */
export type Fleet = {
  readonly images: number;
  readonly podsPerImage: number;
  /** Recorded lines taken per pod. */
  readonly linesPerPod: number;
};

export type PodLines = { readonly image: number; readonly pod: number; readonly lines: string[] };

const RECORDING = join(import.meta.dirname, '../../../demo/recording/events-00.jsonl.gz');
/** Recorded images with enough events to live by. */
export const KINDS = 6;
/** Events of different pods come mixed, in runs of about this many. */
const RUN = 12;
const PODS_APART = 8;
const LINES_APART = 97;

type Recorded = {
  readonly repository: string;
  readonly digest: string;
  readonly containerId: string;
  readonly pod: string;
  readonly podUid: string;
  readonly lines: readonly string[];
};

type Fields = Readonly<Record<string, string | null>>;

let recorded: readonly Recorded[] | null = null;

/** The busiest container of each recorded image, after the container runtime has named it. */
function recordedContainers(): readonly Recorded[] {
  if (recorded !== null) return recorded;
  const found = new Map<string, Recorded & { lines: string[] }>();
  for (const line of gunzipSync(readFileSync(RECORDING)).toString('utf8').split('\n')) {
    if (line === '' || !line.includes('"lanner"')) continue;
    // After it come the attacks.
    if ((lineTimeNs(line) ?? 0n) >= BigInt(meta.test_start_ns)) break;
    const fields = (JSON.parse(line) as { output_fields: Fields }).output_fields;
    const text = (name: string): string => fields[name] ?? '';
    const repository = text('container.image.repository');
    const pod = text('k8s.pod.name');
    if (repository === '' || pod === '' || text('evt.type') === 'procexit') continue;
    const containerId = text('container.id');
    let one = found.get(containerId);
    if (one === undefined) {
      const digest = text('container.image.digest');
      one = { repository, digest, containerId, pod, podUid: text('k8s.pod.uid'), lines: [] };
      found.set(containerId, one);
    }
    one.lines.push(line);
  }
  const busiest = new Map<string, Recorded>();
  for (const one of found.values()) {
    const known = busiest.get(one.repository);
    if (known === undefined || known.lines.length < one.lines.length) {
      busiest.set(one.repository, one);
    }
  }
  recorded = [...busiest.values()]
    .sort((one, other) => other.lines.length - one.lines.length)
    .slice(0, KINDS);
  return recorded;
}

export const imageName = (image: number): string => `registry.bench/app-${letters(image)}`;
export const imageDigest = (image: number): string =>
  `sha256:${image.toString(16).padStart(64, '0')}`;

/** Words without digits: names that do not generalise. */
export function letters(number: number): string {
  let rest = number;
  let word = '';
  for (let place = 0; place < 4; place += 1) {
    word = String.fromCharCode(97 + (rest % 26)) + word;
    rest = Math.floor(rest / 26);
  }
  return word;
}

export function podLines(image: number, pod: number, lines: number): PodLines {
  const all = recordedContainers();
  const source = all[image % all.length] as Recorded;
  // From the end: a container's first minutes are its start, which happens once.
  const from = Math.max(0, source.lines.length - lines - (pod % PODS_APART) * LINES_APART);
  const changes: readonly (readonly [string, string])[] = [
    [`"${source.containerId}"`, `"${containerId(image, pod)}"`],
    [`"${source.repository}"`, `"${imageName(image)}"`],
    [`"${source.digest}"`, `"${imageDigest(image)}"`],
    [`"${source.pod}"`, `"app-${letters(image)}-${letters(pod)}"`],
    [`"${source.podUid}"`, `"${podUid(image, pod)}"`],
  ];
  const renamed = source.lines.slice(from, from + lines).map((line) => {
    let text = line;
    for (const [before, after] of changes) text = text.replaceAll(before, after);
    return text;
  });
  return { image, pod, lines: renamed };
}

const containerId = (image: number, pod: number): string =>
  (image * 64 + pod + 1).toString(16).padStart(12, '0');
const podUid = (image: number, pod: number): string =>
  `00000000-0000-4000-8000-${(image * 64 + pod + 1).toString(16).padStart(12, '0')}`;

/** All pods' lines, mixed as a node's are. */
export function fleetLines({ images, podsPerImage, linesPerPod }: Fleet): readonly string[] {
  const next = random(7);
  const left: { lines: readonly string[]; at: number }[] = [];
  for (let image = 0; image < images; image += 1) {
    for (let pod = 0; pod < podsPerImage; pod += 1) {
      left.push({ lines: podLines(image, pod, linesPerPod).lines, at: 0 });
    }
  }
  const mixed: string[] = [];
  while (left.length > 0) {
    const index = Math.floor(next() * left.length);
    const one = left[index] as { lines: readonly string[]; at: number };
    mixed.push(...one.lines.slice(one.at, one.at + RUN));
    one.at += RUN;
    if (one.at < one.lines.length) continue;
    left[index] = left.at(-1) as (typeof left)[number];
    left.pop();
  }
  return mixed;
}

/** A program that no image of the fleet ever starts, in this pod of it. */
export function anomalousLine(image: number, number: number): string {
  const { lines } = podLines(image, 0, 1);
  const event = JSON.parse(lines[0] as string) as { output_fields: Record<string, unknown> };
  const { output_fields: fields } = event;
  const exe = `/tmp/.x/${letters(number)}`;
  const pid = 500_000 + number;
  return JSON.stringify({
    ...event,
    rule: 'lanner exec',
    tags: ['exec', 'lanner'],
    output_fields: {
      ...Object.fromEntries(
        Object.entries(fields).filter(([name]) => /^(container|k8s)\./.test(name)),
      ),
      'evt.type': 'execve',
      'proc.exepath': exe,
      'proc.name': letters(number),
      'proc.cmdline': exe,
      'proc.pid': pid,
      'proc.ppid': 1,
      'proc.vpid': pid,
      'proc.pname': fields['proc.name'] ?? 'app',
      'proc.pexepath': fields['proc.exepath'] ?? '/app',
      'user.uid': 0,
    },
  });
}
