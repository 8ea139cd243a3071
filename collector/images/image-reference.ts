import type { ImageName } from '../store/image-face.ts';

/** An image as people write it: `repository[:tag][@sha256:…]`, or a digest alone. */
export type ImageReference = {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
};

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function imageReference(text: string): ImageReference | null {
  if (DIGEST.test(text)) return { repository: '', tag: '', digest: text };
  const at = text.indexOf('@');
  const name = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? '' : text.slice(at + 1);
  if (digest !== '' && !DIGEST.test(digest)) return null;
  // A colon before the last slash is a registry's port.
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const repository = hasTag ? name.slice(0, colon) : name;
  const tag = hasTag ? name.slice(colon + 1) : '';
  const isWrong = repository === '' || /\s/.test(text) || (hasTag && tag === '') ||
    (at >= 0 && digest === '');
  return isWrong ? null : { repository, tag, digest };
}

export const imageText = ({ repository, tag, digest }: ImageName): string => {
  if (repository === '') return digest;
  return tag === '' && digest !== '' ? `${repository}@${digest}` : `${repository}:${tag}`;
};

export const imageKey = ({ repository, tag, digest }: ImageName): string =>
  JSON.stringify([repository, tag, digest]);
