/**
 * The bench in small, in one process: that the fast path is one, and that nobody makes it dearer
 * unnoticed. Ratios of CPU time with wide margins, and bytes allocated, which no load changes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, test } from 'vitest';
import { Recorder } from '../../../agent/contain/recorder.ts';
import { Perception } from '../../../agent/perception.ts';
import { systemClock } from '../../../agent/source/clock.ts';
import type { FalcoEvent } from '../../../agent/source/event.ts';
import { ResponseEvents } from '../../../agent/source/falco-fields.ts';
import { grpcResponse } from '../../../demo/replay-falco/recorded-event.ts';
import { falco } from '../../../proto/gen/falco.js';
import { fleetLines } from './fleet-lines.ts';
import { learnedBaseline, writeLearned } from './learned.ts';
import { allocatedBytes } from './meter.ts';
import { jsonOf, median, reportOf } from './report.ts';
import { variants } from './orders.ts';
import type { Measured, Variant } from './orders.ts';

const IMAGES = 4;
const ROUNDS = 15;
const folder = mkdtempSync(join(tmpdir(), 'lanner-bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The same events a second later, with the time as Falco writes it in front. */
function timed(frame: Buffer, second: number): Buffer {
  const seconds = 1_795_500_000 + second;
  const content: number[] = [8];
  let rest = seconds;
  for (; rest > 127; rest = Math.floor(rest / 128)) content.push((rest % 128) | 128);
  content.push(rest);
  return Buffer.concat([Buffer.from([10, content.length, ...content]), frame]);
}

const cpuOf = (work: () => void): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

test('judging costs no more than twice what decoding by the book does', () => {
  const learned = join(folder, 'learned.json');
  writeLearned(learned, 300);
  const recorder = new Recorder({ flags: new Set() });
  const perception = new Perception({
    cluster: 'bench',
    node: 'bench-node',
    source: { kind: 'replay', path: '', speed: 1 },
    baseline: learnedBaseline(learned, IMAGES),
    clock: systemClock,
    newId: () => 'id',
    onGap: () => undefined,
    onObservation: (observation) => recorder.note(observation),
  });
  const events = new ResponseEvents();
  const shape = { jsonOutput: false, hostileShare: 0, random: Math.random };
  const bare = fleetLines({ images: IMAGES, podsPerImage: 2, linesPerPod: 300 }).map((line) => {
    const frame = grpcResponse(line, shape);
    return frame.subarray(2 + (frame[1] as number));
  });
  const ratios: number[] = [];
  const bytes: number[] = [];
  let repeated = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const frames = bare.map((frame) => timed(frame, round * 2));
    const stock = cpuOf(() => {
      for (const frame of frames) falco.outputs.response.decode(frame);
    });
    const allocated = allocatedBytes();
    const before = perception.stats().events.repeated;
    const judged = cpuOf(() => {
      let batch: FalcoEvent[] = [];
      for (const frame of frames) {
        const decoded = events.decode(frame);
        if (decoded.ok) batch.push(decoded.event);
        if (batch.length < 64) continue;
        perception.take(batch);
        batch = [];
      }
      perception.take(batch);
    });
    bytes.push((allocatedBytes() - allocated) / frames.length);
    repeated = (perception.stats().events.repeated - before) / frames.length;
    ratios.push(judged / stock);
  }
  expect(repeated).toBeGreaterThan(0.7);
  expect(median(ratios.slice(5))).toBeLessThan(2);
  // An event read in full is some 8 KiB; those that are recognised have to be the most of them.
  expect(median(bytes.slice(5))).toBeLessThan(6_000);
}, 120_000);

test('the object has exactly the keys that were agreed on', () => {
  const one = (variant: Variant): Measured => ({
    variant, events: 1_000, cpuSeconds: variant === 'pipeline' ? 0.05 : 0.1, wallSeconds: 2,
    rssMiB: 100, heapMiB: 50, rssSamplesMiB: [], allocatedBytesPerEvent: 10, gcShare: 0.1, latencyP50Ms: 1,
    latencyP99Ms: 4, alerts: 1, shed: 0, gaps: 0, repeats: 0.8,
  });
  const pipeline = one('pipeline');
  const results = {
    rounds: 1,
    events: 1_000,
    byVariant: new Map(variants.map((variant) => [variant, [one(variant)]])),
    growth: [{
      images10: pipeline, images1000: pipeline, behaviours100: pipeline, behaviours10000: pipeline,
    }],
    paced: { at0: pipeline, at1000: pipeline, at10000: pipeline },
    soak: null,
    machine: 'm',
  };
  expect(jsonOf(results)).toEqual({
    transport: { eventsPerCpuSecond: 10_000 },
    stockDecode: { eventsPerCpuSecond: 10_000 },
    pipeline: { eventsPerCpuSecond: 20_000 },
    pipelineLearn: { eventsPerCpuSecond: 10_000 },
    http: { eventsPerCpuSecond: 10_000 },
    ratioPipelineToStock: 2,
    ratioPipelineToTransport: 2,
    cpuPercentAt1000: 2.5,
    rssMiBAt100Images: 100,
    rssMiBAt1000Images: 100,
    latencyP99MsAt10000: 4,
    costGrowthImages: 1,
    costGrowthBehaviours: 1,
  });
  expect(reportOf(results)).toContain('pipeline / stock decode 2.00');
});
