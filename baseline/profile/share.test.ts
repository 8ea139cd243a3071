import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { behavioursOf, type Behaviour } from '../behaviour/behaviour.ts';
import { exec, write } from '../testing/observations.ts';
import { ChannelProfile } from './channel-profile.ts';
import { mergeDocuments, profileOf, toDocument, type ProfileDocument } from './document.ts';
import { ImageProfile } from './image-profile.ts';
import { KEPT_PER_POD_AND_DAY, NEW_PER_POD_AND_DAY } from './share.ts';

const IMAGE = { repository: 'shop/web', tag: '1.0', digest: 'sha256:1' };
const DAY_MS = 86_400_000;
const MORE = NEW_PER_POD_AND_DAY + 60;

function program(n: number): Behaviour {
  return behavioursOf(exec({ exe: `/usr/bin/${word(n)}` }), () => null)[0] as Behaviour;
}

function file(n: number): Behaviour {
  return behavioursOf(write(`/srv/${word(n)}`, {}), () => null)[0] as Behaviour;
}

/** Letters beyond hexadecimal, so that no shape but itself fits. */
function word(n: number): string {
  return [...n.toString(16)].map((digit) => 'ghijklmnopqrstuv'[parseInt(digit, 16)]).join('');
}

function teach(channel: ChannelProfile, pod: number, names: number, fromMs = 0): void {
  for (let n = 0; n < names; n += 1) channel.learn(program(n), { pod, ms: fromMs + n });
}

describe('what one pod alone shows', () => {
  test('counts for its first names of a day, and the others from the next day on', () => {
    const channel = new ChannelProfile('exec');
    teach(channel, 1, MORE);
    // At once, and after all names were derived anew.
    for (let look = 0; look < 2; look += 1) {
      expect(channel.items.size).toBe(NEW_PER_POD_AND_DAY);
      expect(channel.find(program(NEW_PER_POD_AND_DAY - 1))).toBeDefined();
      expect(channel.find(program(NEW_PER_POD_AND_DAY))).toBeUndefined();
      channel.settle();
    }
    expect(channel.refused).toBe(60);
    channel.learn(program(MORE), { pod: 1, ms: DAY_MS });
    expect(channel.find(program(MORE))).toBeDefined();
  });

  test('counts whole as soon as a second pod shows it, whoever was first', () => {
    const channel = new ChannelProfile('exec');
    teach(channel, 1, MORE);
    teach(channel, 2, MORE, 50);
    expect(channel.items.size).toBe(MORE);
    channel.settle();
    expect(channel.items.size).toBe(MORE);
    expect([...channel.items.values()].every(({ pods }) => pods.length === 2)).toBe(true);
  });

  test('makes room when another pod takes a name over', () => {
    const channel = new ChannelProfile('exec');
    teach(channel, 1, MORE);
    teach(channel, 2, 10);
    channel.settle();
    expect(channel.items.size).toBe(NEW_PER_POD_AND_DAY + 10);
  });

  test('cannot use up a channel', () => {
    const channel = new ChannelProfile('exec');
    teach(channel, 1, 4 * KEPT_PER_POD_AND_DAY);
    expect(channel.own.records).toBe(KEPT_PER_POD_AND_DAY);
    expect(channel.refused).toBe(4 * KEPT_PER_POD_AND_DAY - NEW_PER_POD_AND_DAY);
    expect(channel.frozen).toBe(false);
    channel.learn(program(99_999), { pod: 2, ms: 0 });
    expect(channel.find(program(99_999))).toBeDefined();
  });

  test('takes no known name away, however much the pod shows after it', () => {
    const channel = new ChannelProfile('exec');
    teach(channel, 1, 20);
    for (let n = 1_000; n < 1_000 + MORE; n += 1) channel.learn(program(n), { pod: 1, ms: n });
    channel.settle();
    for (let n = 0; n < 20; n += 1) expect(channel.find(program(n))).toBeDefined();
  });
});

type Shown = { readonly pod: number; readonly from: number; readonly count: number };

/** Pods that start alike, each with more files of its own than it may teach alone. */
const shown = fc.array(
  fc.record({
    pod: fc.integer({ min: 1, max: 4 }),
    from: fc.integer({ min: 0, max: 60 }),
    count: fc.integer({ min: 180, max: 280 }),
  }),
  { minLength: 2, maxLength: 4 },
);

function learned(all: readonly Shown[]): ProfileDocument {
  const profile = new ImageProfile('shop/web@sha256:1', IMAGE);
  for (const { pod, from, count } of all) {
    profile.see(pod, 0);
    for (let n = from; n < from + count; n += 1) {
      profile.learn(program(n), pod, n % 97);
      profile.learn(file(n), pod, n % 89);
    }
  }
  return toDocument(profile);
}

function known(document: ProfileDocument): readonly string[] {
  const profile = profileOf(document);
  return [...profile.channels.values()].flatMap(({ items }) => [...items.keys()]).sort();
}

test('is the same over however many agents, in whatever order they report', () => {
  fc.assert(
    fc.property(shown, fc.integer({ min: 1, max: 3 }), fc.boolean(), (all, agents, turned) => {
      const whole = learned(all);
      const parts = Array.from({ length: agents }, (_, agent) =>
        all.filter(({ pod }) => pod % agents === agent))
        .filter((part) => part.length > 0)
        .map(learned);
      if (turned) parts.reverse();
      const merged = parts.reduce(mergeDocuments);
      expect(JSON.stringify(merged)).toBe(JSON.stringify(whole));
      expect(known(merged)).toEqual(known(whole));
    }),
    { numRuns: 8 },
  );
});
