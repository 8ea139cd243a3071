/**
 * What a behaviour takes of an agent's memory: that nobody makes it dearer unnoticed. Bytes that
 * are left after a collection, which no load changes; bounds well above what was measured (147
 * and 900).
 */
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { behavioursOf } from '../behaviour/behaviour.ts';
import type { Observation } from '../observation.ts';
import { change, exec, read, write } from '../testing/observations.ts';
import { COMPLETION_DEFAULT } from './completion.ts';
import { restoreInto, stampReporter, toDocument } from './document.ts';
import { ImageProfile } from './image-profile.ts';

const BEHAVIOURS = 1_000;
const PODS = 4;
const PROFILES = 4;
const DAY_MS = 86_400_000;
/** Of one pod and day, less than it may teach alone. */
const LESSON = 100;
const IMAGE = { repository: 'shop/web', tag: '1.0', digest: 'sha256:1' };

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function bytes(): number {
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Names that do not generalise, in directories of a dozen files. */
function observation(number: number): Observation {
  const word = [...number.toString(16)].map((digit) => 'ghijklmnopqrstuv'[parseInt(digit, 16)]);
  const path = `/opt/app/${'k'.repeat(1 + number % 83)}/${word.join('')}.conf`;
  const kinds = [read(path), write(path), change('unlink', path), exec({ exe: path })];
  return kinds[number % kinds.length] as Observation;
}

function newProfile(): ImageProfile {
  const outlook = { windowMs: 60_000, completion: COMPLETION_DEFAULT, self: 1 };
  return new ImageProfile('shop/web@sha256:1', IMAGE, '', outlook);
}

function learned(): ImageProfile {
  const profile = newProfile();
  for (let number = 0; number < BEHAVIOURS; number += 1) {
    const ms = Math.floor(number / LESSON) * DAY_MS;
    const [behaviour] = behavioursOf(observation(number), () => null);
    if (behaviour === undefined) throw new Error('an observation without a behaviour');
    for (let pod = 1; pod <= PODS; pod += 1) {
      profile.see(pod, ms);
      profile.learn(behaviour, pod, ms);
    }
  }
  return profile;
}

/** Of each behaviour, once all are looked at. */
function bytesEach(make: () => ImageProfile): number {
  const known = (profile: ImageProfile): number =>
    profile.channels.values().reduce((sum, { items }) => sum + items.size, 0);
  // What is made once only (shapes that are remembered, compiled code) is no behaviour's.
  expect(known(make())).toBe(BEHAVIOURS);
  const before = bytes();
  const profiles = Array.from({ length: PROFILES }, make);
  for (const profile of profiles) known(profile);
  const each = (bytes() - before) / PROFILES / BEHAVIOURS;
  // They were there until now.
  expect(known(profiles[0] as ImageProfile)).toBe(BEHAVIOURS);
  return each;
}

test('a behaviour that the fleet told takes less than 250 bytes', () => {
  const document = stampReporter(toDocument(learned()), 'test/other');
  expect(bytesEach(() => {
    const profile = newProfile();
    restoreInto(profile, document);
    return profile;
  })).toBeLessThan(250);
}, 120_000);

test('a behaviour that pods of this node showed takes less than 1,100 bytes', () => {
  expect(bytesEach(learned)).toBeLessThan(1_100);
}, 120_000);
