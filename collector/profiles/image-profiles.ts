import { behaviourText } from '../../baseline/behaviour/behaviour.ts';
import {
  mergeDocuments,
  parseDocument,
  profileOf,
  resetDocument,
  stampReporter,
  toDocument,
} from '../../baseline/profile/document.ts';
import type { ProfileDocument } from '../../baseline/profile/document.ts';
import { ImageProfile } from '../../baseline/profile/image-profile.ts';
import type { LearnedChannel } from '../../baseline/profile/image-profile.ts';
import type { Image } from '../../baseline/observation.ts';

/** What the collector does with the documents of the baseline, and no more than that. */

/** The same profile gives the same text: changes are found by comparing. */
export const textOf = (document: ProfileDocument): string => JSON.stringify(document);

/** One digest may go by several tags; which of them is shown must not depend on who came first. */
export function merged(left: ProfileDocument, right: ProfileDocument): ProfileDocument {
  const image = left.image.tag >= right.image.tag ? left.image : right.image;
  return mergeDocuments({ ...left, image }, right);
}

export type About = {
  readonly key: string;
  readonly image: Image;
  readonly workload: string;
};

export const emptyDocument = ({ key, image, workload }: About): ProfileDocument =>
  toDocument(new ImageProfile(key, image, workload));

/** Evidence under the name of who brings it, whatever it says itself. */
export const stamped = stampReporter;

/** What was learned before that time is gone, and does not come back by merging. */
export const forgotten = (document: ProfileDocument, generation: number): ProfileDocument =>
  document.generation < generation ? resetDocument(document, generation) : document;

/** Only people say when a profile was forgotten: a generation that an agent made up would win. */
export const ofGeneration = (document: ProfileDocument, generation: number): ProfileDocument =>
  document.generation === generation ? document : { ...document, generation };

/** One behaviour as the document calls it: a literal or what it was generalised to. */
export type ProfileItem = {
  readonly verb: string;
  readonly object: string;
  readonly tree: 'path' | 'address' | 'none';
  readonly detail: string;
  readonly by: string;
  /** Distinct pods that showed it, counted up to `POD_SET_MAX`. */
  readonly pods: number;
  readonly reporters: number;
  readonly firstMs: number;
  readonly lastMs: number;
};

/** In order of what they are called. */
export function itemsIn(
  document: ProfileDocument,
  channel: LearnedChannel,
): readonly ProfileItem[] {
  const items = [...derived(document).channel(channel).items.values()];
  return items
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ behaviour: { verb, tree, detail, by }, object, pods, reporters, firstMs, lastMs }) => ({
      verb,
      object,
      tree,
      detail,
      by,
      pods: pods.length,
      reporters: reporters.length,
      firstMs,
      lastMs,
    }));
}

const profiles = new WeakMap<ProfileDocument, ImageProfile>();

/** What follows from the evidence, worked out once for each document. */
export function derived(document: ProfileDocument): ImageProfile {
  const known = profiles.get(document);
  if (known !== undefined) return known;
  const profile = profileOf(document);
  profiles.set(document, profile);
  return profile;
}

type Named = Pick<ProfileItem, 'verb' | 'object' | 'tree' | 'detail' | 'by'>;

/** As alerts show it, and as decisions name it. */
export function valueOf(channel: LearnedChannel, item: Named): string {
  const { verb, object, tree, detail, by } = item;
  return behaviourText({ channel, verb, object, tree, detail, by }, object);
}

export type ParsedJson =
  | { readonly ok: true; readonly document: ProfileDocument }
  | { readonly ok: false; readonly reason: 'not-json' | 'invalid'; readonly detail: string };

const DETAIL_CHARACTERS_MAX = 300;

export function parseText(text: string): ParsedJson {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'not-json', detail: 'is not JSON' };
  }
  const parsed = parseDocument(json);
  return parsed.ok
    ? parsed
    : { ok: false, reason: 'invalid', detail: parsed.error.slice(0, DETAIL_CHARACTERS_MAX) };
}

/**
 * What is wrong with a document under that key, or undefined. The key says which image it is; a
 * document of another image under it would teach that image what it never did, and would be taken
 * for the predecessor of a third one.
 */
export function mismatch(key: string, about: About): string | undefined {
  if (about.key !== key) return `it is the profile of "${about.key.slice(0, 200)}"`;
  const { image, workload } = about;
  const part = workload === '' ? '' : `#${workload}`;
  if (!key.endsWith(part)) return `its key does not name the workload "${workload.slice(0, 200)}"`;
  const base = key.slice(0, key.length - part.length);
  const { repository, tag, digest } = image;
  if (repository === '' && digest === '') {
    return /^(host|unknown):/.test(base) ? undefined : 'its image has no name, its key has';
  }
  const expected = digest === '' ? `${repository}:${tag}` : `${repository}@${digest}`;
  return base === expected ? undefined : `its image is ${expected.slice(0, 300)}`;
}
