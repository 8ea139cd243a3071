import type { ProfileSummary } from '../api/profile-list.ts';
import type { Client } from './client.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { itemsOf } from './values.ts';

/**
 * From what a person types to one profile: its key, its id, `repository:tag`, or a beginning of
 * the key that says enough. Several that fit are an error that lists them: the wrong image must
 * not be locked or forgotten by a guess.
 */
export const NAMES = `
A profile is named by its key, or by what says enough of it: repository:tag, or
the beginning of the key.`;

const CANDIDATES_MAX = 200;
const SHOWN_MAX = 10;

export async function findProfile(client: Client, name: string): Promise<ProfileSummary> {
  const list = async (prefix: string): Promise<readonly ProfileSummary[]> =>
    itemsOf(await client.get('/api/v1/profiles', { prefix, limit: String(CANDIDATES_MAX) })) as
      readonly ProfileSummary[];
  const byPrefix = await list(name);
  const exact = byPrefix.find(({ key }) => key === name);
  if (exact !== undefined) return exact;
  const tag = name.lastIndexOf(':');
  const byTag = tag < 0 ? [] : (await list(name.slice(0, tag)))
    .filter(({ image }) => `${image.repository}:${image.tag}` === name);
  const found = byTag.length > 0 ? byTag : byPrefix;
  const [first] = found;
  if (first === undefined) {
    throw new CliFailure(exitCodes.notFound, `there is no profile "${name}": see \`profile list\``);
  }
  if (found.length === 1) return first;
  const keys = found.slice(0, SHOWN_MAX).map(({ key }) => `\n  ${key}`).join('');
  throw new CliFailure(exitCodes.usage, `"${name}" is said of ${found.length} profiles:${keys}`);
}
