import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { Image } from '../../baseline/observation.ts';
import { INFO_BYTES_MAX, decodeImageInfo } from '../../proto/cri/image-info.ts';
import { LAYERS_PER_IMAGE_MAX } from '../../proto/lanner/v1/bounds.ts';
import { imageService } from '../testing/cri-runtime.ts';
import type { ImageStatusCall, ImageStatusReply } from '../testing/cri-runtime.ts';
import { ImageLayerReader, QUEUE_MAX, RETRY_MS, TRIES_MAX, layersIn } from './image-layers.ts';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const web: Image = { repository: 'docker.io/shop/web', tag: '1', digest: digest('e') };
const layers = [digest('1'), digest('2')];
const infoOf = (diffIds: unknown): string =>
  JSON.stringify({ chainID: digest('f'), imageSpec: { rootfs: { type: 'layers', diff_ids: diffIds } } });

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function readerOn(
  answer: (call: ImageStatusCall, reply: ImageStatusReply) => void,
  deadlineMs = 20_000,
) {
  const runtime = await imageService(answer);
  let passedMs = 0;
  let found = 0;
  const reader = new ImageLayerReader({
    address: runtime.address,
    nowMs: () => Date.now() + passedMs,
    onFound: () => (found += 1),
    deadlineMs,
  });
  stops.push(() => reader.stop(), runtime.stop);
  return { reader, pass: (ms: number) => (passedMs += ms), found: () => found };
}

const answered = async (reader: ImageLayerReader, times: number): Promise<void> => {
  const { counts } = reader;
  await vi.waitFor(() => expect(counts.found + counts.none + counts.failed).toBe(times),
    { timeout: 20_000 });
};

test('an image is asked for once, by its digest, and its layers are told', async () => {
  const requests: unknown[] = [];
  const { reader, found } = await readerOn((call, reply) => {
    requests.push(call.request);
    reply(null, { image: { id: digest('c') }, info: { info: infoOf(layers), other: '{}' } });
  });
  for (let times = 0; times < 3; times += 1) reader.see(web);
  await answered(reader, 1);
  reader.see(web);
  expect(requests).toEqual([
    { image: { image: `docker.io/shop/web@${digest('e')}` }, verbose: true }]);
  expect(found()).toBe(1);
  expect(reader.take()).toEqual([{ image: web, layers }]);
  expect(reader.take()).toEqual([]);
  reader.tellAllAgain();
  expect(reader.take()).toEqual([{ image: web, layers }]);
});

test('a runtime that fails is asked again some times, later each', async () => {
  let calls = 0;
  const { reader, pass } = await readerOn((_call, reply) => {
    calls += 1;
    reply({ code: status.UNAVAILABLE });
  });
  for (let times = 1; times <= TRIES_MAX + 2; times += 1) {
    reader.see(web);
    await answered(reader, Math.min(times, TRIES_MAX));
    reader.see(web);
    pass(RETRY_MS);
  }
  expect(calls).toBe(TRIES_MAX);
  expect(reader.counts).toMatchObject({ failed: TRIES_MAX, found: 0 });
  expect(reader.take()).toEqual([]);
});

test('a runtime that hangs costs its deadline, and the next image is asked for', async () => {
  let calls = 0;
  const { reader } = await readerOn((_call, reply) => {
    calls += 1;
    if (calls > 1) reply(null, { info: { info: infoOf(layers) } });
  }, 200);
  reader.see(web);
  reader.see({ ...web, digest: digest('d') });
  await answered(reader, 2);
  expect(reader.counts).toMatchObject({ failed: 1, found: 1 });
});

test('what has no digest, or none that is one, is not asked for', async () => {
  const { reader } = await readerOn((_call, reply) => reply({ code: status.INTERNAL }));
  for (const image of [{ ...web, digest: '' }, { ...web, digest: 'sha256:x' },
    { ...web, repository: '' }, { ...web, digest: `${digest('e')}/../x` }]) reader.see(image);
  await new Promise((resolve) => setImmediate(resolve));
  expect(reader.counts).toEqual({ found: 0, none: 0, failed: 0, overflow: 0 });
});

test('a node with more images than may wait counts those it did not ask for', async () => {
  const { reader } = await readerOn(() => undefined);
  for (let at = 0; at < QUEUE_MAX + 5; at += 1) {
    reader.see({ ...web, digest: `sha256:${String(at).padStart(64, '0')}` });
  }
  // One is being asked for, and is no longer in the queue.
  expect(reader.counts.overflow).toBe(4);
});

test('after the stop nothing is asked or told', async () => {
  const { reader, found } = await readerOn((_call, reply) =>
    reply(null, { info: { info: infoOf(layers) } }));
  reader.stop();
  reader.see(web);
  await new Promise((resolve) => setImmediate(resolve));
  expect(found()).toBe(0);
});

test.each([
  ['no info', null],
  ['no JSON', '{'],
  ['no configuration', '{"imageSpec":null}'],
  ['no list', infoOf('x')],
  ['an empty list', infoOf([])],
  ['a layer that is no digest', infoOf([...layers, 'sha256:../../etc'])],
  ['a layer that is no text', infoOf([...layers, 7])],
  ['more layers than there are', infoOf(Array.from({ length: LAYERS_PER_IMAGE_MAX + 1 }, () => layers[0]))],
  ['a prototype', '{"__proto__":{"imageSpec":{"rootfs":{"diff_ids":[]}}}}'],
])('of an answer with %s nothing is believed', (_, info) => {
  expect(layersIn(info)).toBeNull();
});

test('bytes that are no answer, or too large, give nothing and do no harm', async () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const info = decodeImageInfo(Buffer.from(bytes));
    expect(info === null || typeof info === 'string').toBe(true);
    expect(() => layersIn(info)).not.toThrow();
  }));
  const { reader } = await readerOn((_call, reply) =>
    reply(null, { info: { info: 'x'.repeat(INFO_BYTES_MAX + 1) } }));
  reader.see(web);
  await answered(reader, 1);
  expect(reader.counts).toMatchObject({ none: 1 });
});
