/**
 * Profile keys hold slashes, colons and `#` (`docker.io/shop/web@sha256:…#shop/web`): in a path of
 * the API they are base64url of their UTF-8, without padding. The list of profiles gives the id.
 */
const ID = /^[A-Za-z0-9_-]+$/;

export const profileId = (key: string): string => Buffer.from(key, 'utf8').toString('base64url');

/** Undefined for what is no id of ours: each key has one id, and each id one key. */
export function keyOfProfileId(id: string): string | undefined {
  if (!ID.test(id)) return undefined;
  const key = Buffer.from(id, 'base64url').toString('utf8');
  return profileId(key) === id ? key : undefined;
}
