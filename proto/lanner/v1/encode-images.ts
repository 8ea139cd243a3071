import assert from 'node:assert/strict';
import type { lanner } from '../../gen/lanner.js';
import {
  IMAGES_WITH_LAYERS_PER_FRAME_MAX,
  IMAGE_RUNS_PER_FRAME_MAX,
  LAYERS_PER_IMAGE_MAX,
} from './bounds.ts';
import { encodeImage, nameText } from './encode-alert.ts';
import { FrameError } from './frame-error.ts';
import type { ImageLayers, ImageRun, ImagesFrame } from './frames.ts';
import { encodedInteger } from './number.ts';

const LAYER = /^sha256:[0-9a-f]{64}$/;

const run = (one: ImageRun): lanner.v1.ImageRun.$Properties => ({
  image: encodeImage(one.image),
  namespace: nameText(one.namespace),
  pod: nameText(one.pod),
  podUid: nameText(one.podUid),
  workload: nameText(one.workload),
  first: encodedInteger(one.first, 'run.first'),
  last: encodedInteger(one.last, 'run.last'),
  ended: one.ended,
});

const layersOf = ({ image, layers }: ImageLayers): lanner.v1.ImageLayers.$Properties => {
  // Cut, they would be another image's.
  if (layers.length > LAYERS_PER_IMAGE_MAX) throw new FrameError('too-large', 'layers');
  return {
    image: encodeImage(image),
    layers: layers.map((layer) => {
      assert(LAYER.test(layer), 'a layer is a sha256 digest');
      return Buffer.from(layer.slice('sha256:'.length), 'hex');
    }),
  };
};

export const encodeImages = ({ runs, layers }: ImagesFrame): lanner.v1.ImageReport.$Properties => {
  if (runs.length > IMAGE_RUNS_PER_FRAME_MAX) throw new FrameError('too-large', 'runs');
  if (layers.length > IMAGES_WITH_LAYERS_PER_FRAME_MAX) throw new FrameError('too-large', 'layers');
  return { runs: runs.map(run), layers: layers.map(layersOf) };
};
