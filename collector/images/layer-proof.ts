import { createHash } from 'node:crypto';

import { LAYERS_PER_IMAGE_MAX } from '../../proto/lanner/v1/bounds.ts';

/**
 * What a build says of its image, held to the digests: the index names the manifest, the manifest
 * names the configuration, and that lists the layers. Whoever sends three texts that fit together
 * has said something that is true of these digests, whoever it is. This collector asks no registry.
 */
export type LayerDocuments = {
  readonly manifest: string;
  readonly config: string;
  readonly index?: string;
};

export type LayerProof =
  | {
    readonly ok: true;
    /** Of the manifest, and of the index that names it: by which nodes may call the image. */
    readonly digests: readonly string[];
    readonly imageId: string;
    readonly layers: readonly string[];
  }
  | { readonly ok: false; readonly reason: ProofRefusal; readonly detail: string };

export type ProofRefusal = 'not-json' | 'digest-mismatch' | 'no-layers';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const digestOf = (text: string): string =>
  `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;

export function layerProof({ manifest, config, index }: LayerDocuments): LayerProof {
  const parsed = [manifest, config, index ?? '{}'].map(parse);
  const wrong = ['the manifest', 'the configuration', 'the index'][parsed.indexOf(undefined)];
  if (wrong !== undefined) return refused('not-json', `${wrong} is not JSON`);
  const imageId = digestOf(config);
  if (at(at(parsed[0], 'config'), 'digest') !== imageId) {
    return refused('digest-mismatch', `the manifest does not name this configuration, ${imageId}`);
  }
  const layers = at(at(parsed[1], 'rootfs'), 'diff_ids');
  if (!isLayerList(layers)) {
    return refused('no-layers',
      `the configuration has no list of 1 to ${LAYERS_PER_IMAGE_MAX} layers`);
  }
  const digest = digestOf(manifest);
  if (index === undefined) return { ok: true, digests: [digest], imageId, layers };
  const manifests = at(parsed[2], 'manifests');
  const isNamed = Array.isArray(manifests) && manifests.some((one) => at(one, 'digest') === digest);
  return isNamed
    ? { ok: true, digests: [digest, digestOf(index)], imageId, layers }
    : refused('digest-mismatch', `the index does not name this manifest, ${digest}`);
}

const refused = (reason: ProofRefusal, detail: string): LayerProof =>
  ({ ok: false, reason, detail });

const isLayerList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.length <= LAYERS_PER_IMAGE_MAX &&
  value.every((layer) => typeof layer === 'string' && DIGEST.test(layer));

function parse(text: string): unknown {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return undefined;
  }
}

const at = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
