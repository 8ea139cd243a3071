import type { lanner } from '../../gen/lanner.js';
import {
  IMAGES_WITH_LAYERS_PER_FRAME_MAX,
  IMAGE_RUNS_PER_FRAME_MAX,
  LAYERS_PER_IMAGE_MAX,
} from './bounds.ts';
import { boundedList, decodeImage, nameOf } from './decode-alert.ts';
import { timeOf } from './decode-flows.ts';
import { FrameError } from './frame-error.ts';
import type { ImageLayers, ImageRun, ImagesFrame } from './frames.ts';

const SHA256_BYTES = 32;

const runOf = (message: lanner.v1.ImageRun.$Properties): ImageRun => {
  const first = timeOf(message.first, 'run.first');
  const last = timeOf(message.last, 'run.last');
  if (last < first) throw new FrameError('bad-number', 'run.last');
  return {
    image: decodeImage(message.image, 'run.image'),
    namespace: nameOf(message.namespace, 'run.namespace'),
    pod: nameOf(message.pod, 'run.pod'),
    podUid: nameOf(message.podUid, 'run.podUid'),
    workload: nameOf(message.workload, 'run.workload'),
    first,
    last,
    ended: message.ended ?? false,
  };
};

const layersOf = (message: lanner.v1.ImageLayers.$Properties): ImageLayers => ({
  image: decodeImage(message.image, 'layers.image'),
  layers: boundedList(message.layers, LAYERS_PER_IMAGE_MAX, 'layers').map((layer) => {
    if (layer.length !== SHA256_BYTES) throw new FrameError('unknown-value', 'layers');
    return `sha256:${Buffer.from(layer).toString('hex')}`;
  }),
});

export const decodeImages = (message: lanner.v1.ImageReport.$Properties): ImagesFrame => ({
  kind: 'images',
  runs: boundedList(message.runs, IMAGE_RUNS_PER_FRAME_MAX, 'runs').map(runOf),
  layers: boundedList(message.layers, IMAGES_WITH_LAYERS_PER_FRAME_MAX, 'layers').map(layersOf),
});
