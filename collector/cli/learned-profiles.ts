import { readFileSync } from 'node:fs';

import type { ProfileDetail } from '../api/contract/profile.ts';
import type { ProfileSummary } from '../api/profile-list.ts';
import { readObjects } from '../kube/cluster-objects.ts';
import type { ClusterObjects } from '../kube/cluster-objects.ts';
import { learnedFrom } from '../generate/learned.ts';
import type { Learned } from '../generate/learned.ts';
import { readReviewYaml } from '../profiles/review-yaml.ts';
import type { Client } from './client.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { itemsOf } from './values.ts';

/** What generators of lannerctl work on: objects from a file, profiles from the collector. */
const PROFILES_MAX = 2_000;
const PAGE = 200;
const OBJECT_BYTES_MAX = 512 * 1_024 * 1_024;

export function objectsOf(file: string): ClusterObjects {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliFailure(exitCodes.usage, `${file} cannot be read`, { cause: error });
  }
  if (text.length > OBJECT_BYTES_MAX) throw new CliFailure(exitCodes.usage, `${file} is too large`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CliFailure(exitCodes.failed, `${file} is not JSON: use kubectl -o json`, {
      cause: error,
    });
  }
  const read = readObjects(value);
  if (!read.ok) throw new CliFailure(exitCodes.failed, `${file}: ${read.reason}: ${read.detail}`);
  return read.objects;
}

/** Profiles of the images that the objects' pods run, one after the other. */
export async function learnedProfiles(
  client: Client,
  objects: ClusterObjects,
): Promise<readonly Learned[]> {
  const containers = objects.pods.flatMap((pod) => pod.containers);
  const digests = new Set(containers.map(({ digest }) => digest));
  const images = new Set(containers.map(({ image }) => image));
  const learned: Learned[] = [];
  for (const { id, image, stored } of await allProfiles(client)) {
    const { repository, tag, digest } = image;
    const isRun = (digest !== '' && (digests.has(digest) ||
      [...images].some((name) => name.endsWith(`@${digest}`)))) ||
      images.has(`${repository}:${tag}`);
    if (stored !== null && isRun) learned.push(await oneProfile(client, id));
  }
  return learned;
}

async function allProfiles(client: Client): Promise<readonly ProfileSummary[]> {
  const found: ProfileSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.get('/api/v1/profiles', { limit: String(PAGE), cursor });
    found.push(...itemsOf(page) as readonly ProfileSummary[]);
    cursor = (page as { nextCursor?: string | null }).nextCursor ?? undefined;
    if (found.length > PROFILES_MAX) {
      throw new CliFailure(exitCodes.failed, `there are more than ${PROFILES_MAX} profiles`);
    }
  } while (cursor !== undefined);
  return found;
}

async function oneProfile(client: Client, id: string): Promise<Learned> {
  const read = readReviewYaml(await client.getText(`/api/v1/profiles/${id}/export`));
  if (!read.ok) throw new CliFailure(exitCodes.failed, `profile ${id}: ${read.detail}`);
  const { profile, channels } =
    await client.get(`/api/v1/profiles/${id}`, { limit: '1' }) as ProfileDetail;
  const complete = new Set<string>(channels.filter(({ learning }) => learning?.isComplete === true)
    .map(({ channel }) => channel));
  return learnedFrom(read.review, { coverage: profile.coverage, complete });
}
