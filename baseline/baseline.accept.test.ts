import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Observation } from './observation.ts';
import { toDocument } from './profile/document.ts';
import type { Decision } from './profile/decisions.ts';
import { exec, pod, read, START_MS, write } from './testing/observations.ts';
import { learnedStage, SIX_PODS, Stage } from './testing/stage.ts';

/** That an accept is a word and no evidence: an undo takes back all that it did. */

const KEY = 'shop/web@sha256:shop/web:1.0';

type Choice = {
  readonly values: readonly (readonly [channel: Decision['channel'], value: string])[];
  readonly show: (at: number, n: number, pod: number) => Observation;
};

const CHOICES: readonly Choice[] = [
  {
    values: [
      ['exec', 'exec /usr/bin/curl as user ← web'],
      ['exec', 'args curl -s stats by /usr/bin/curl'],
    ],
    show: (at, _n, index) => exec({
      at, in: container(index), exe: '/usr/bin/curl', pid: 300, commandLine: 'curl -s stats',
    }),
  },
  {
    values: [['file-write', 'write /srv/new/report.<C6> by web']],
    show: (at, n, index) =>
      write(`/srv/new/report.${(n + 2_000_000_000).toString(36)}`, { at, in: container(index) }),
  },
  {
    values: [['file-read', 'read /opt/data/book by web']],
    show: (at, _n, index) => read('/opt/data/book', { at, in: container(index) }),
  },
];

function container(index: number) {
  return SIX_PODS[index % SIX_PODS.length] as (typeof SIX_PODS)[number];
}

/** Decided and undone in the order of these calls. */
class Desk {
  readonly #decisions = new Map<string, Decision>();
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  accept({ values }: Choice): void {
    for (const [channel, value] of values) {
      this.#decisions.set(value, {
        id: value, kind: 'accept', scope: 'image', profileKey: KEY, repository: 'shop/web', channel,
        value, by: 'ana', at: new Date(START_MS).toISOString(), why: 'known',
      });
    }
    this.#tell();
  }

  undo({ values }: Choice): void {
    for (const [, value] of values) {
      const known = this.#decisions.get(value);
      const at = new Date(START_MS).toISOString();
      if (known !== undefined) this.#decisions.set(value, { ...known, undoneBy: 'bo', undoneAt: at });
    }
    this.#tell();
  }

  #tell(): void {
    const told = this.#stage.baseline.decide([...this.#decisions.values()]);
    if (!told.ok) throw new Error(told.error);
  }
}

function evidence(stage: Stage): unknown {
  const profile = stage.baseline.profiles.get(KEY);
  if (profile === undefined) return null;
  const { channels, probes, calibration } = toDocument(profile);
  return { channels, probes, candidates: calibration.candidates };
}

const said = ({ loud }: Stage): readonly string[] =>
  loud.flatMap((alert) => alert.behaviours.map(({ value }) => `${alert.pod} ${value}`));

const step = fc.record({
  do: fc.constantFrom('accept', 'undo', 'show', 'show', 'show', 'pass'),
  what: fc.integer({ min: 0, max: CHOICES.length - 1 }),
  pod: fc.integer({ min: 0, max: 5 }),
  n: fc.integer({ min: 0, max: 100_000_000 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Plays the steps; where `blind`, what is accepted at the time does not happen at all. */
function play(steps: readonly Step[], isLearned: boolean, blind: boolean): Stage {
  const stage = isLearned ? learnedStage() : new Stage();
  if (!isLearned) stage.launch(...SIX_PODS);
  const desk = new Desk(stage);
  const accepted = new Set<Choice>();
  for (const one of steps) {
    const choice = CHOICES[one.what] as Choice;
    if (one.do === 'pass') stage.pass(2);
    else if (one.do === 'accept') {
      accepted.add(choice);
      desk.accept(choice);
    } else if (one.do === 'undo') {
      accepted.delete(choice);
      desk.undo(choice);
    } else if (!blind || !accepted.has(choice)) stage.see(choice.show(stage.now, one.n, one.pod));
  }
  for (const choice of CHOICES) desk.undo(choice);
  stage.pass(3);
  return stage;
}

test('after the undo everything is as if what was accepted had never been shown', () => {
  const steps = fc.array(step, { minLength: 3, maxLength: 14 });
  fc.assert(
    fc.property(steps, fc.boolean(), (all, isLearned) => {
      const stage = play(all, isLearned, false);
      const blind = play(all, isLearned, true);
      expect(evidence(stage)).toEqual(evidence(blind));
      expect(said(stage)).toEqual(said(blind));
    }),
    { numRuns: 40 },
  );
});

describe('what was shown while it was accepted', () => {
  const [curl, report] = CHOICES as readonly [Choice, Choice];

  test('is raised after the undo, on the very pod that showed it', () => {
    const stage = learnedStage();
    const desk = new Desk(stage);
    desk.accept(curl);
    for (let index = 0; index < 6; index += 1) stage.see(curl.show(stage.now, 0, index));
    stage.pass(5);
    expect(said(stage)).toEqual([]);
    desk.undo(curl);
    stage.see(curl.show(stage.now, 0, 2));
    expect(said(stage)).toContain('web-3 exec /usr/bin/curl as user ← web');
  });

  test('is not handed on to the next version, which nobody accepted it for', () => {
    const stage = learnedStage();
    new Desk(stage).accept(curl);
    for (let index = 0; index < 6; index += 1) stage.see(curl.show(stage.now, 0, index));
    stage.pass(5);
    const next = pod({ pod: 'next-1', tag: '2.0' });
    stage.pass(20, [next]);
    stage.see(exec({
      at: stage.now, in: next, exe: '/usr/bin/curl', pid: 9, commandLine: 'curl -s stats',
    }));
    expect(said(stage)).toContain('next-1 exec /usr/bin/curl as user ← web');
  });

  test('leaves a locked profile as it was', () => {
    const stage = learnedStage();
    const lock: Decision = {
      id: 'lock', kind: 'lock', scope: 'image', profileKey: KEY, repository: 'shop/web',
      channel: 'exec', value: '', by: 'ana', at: new Date(START_MS).toISOString(), why: 'frozen',
    };
    const accept = { ...lock, id: 'a', kind: 'accept', value: curl.values[0]?.[1] ?? '' } as const;
    stage.baseline.decide([lock, accept]);
    stage.see(curl.show(stage.now, 0, 0));
    stage.pass(3);
    const items = stage.baseline.profiles.get(KEY)?.channel('exec').items;
    expect([...(items?.keys() ?? [])].some((key) => key.includes('curl'))).toBe(false);
  });

  test('covers every name of an accepted pattern from the first one on', () => {
    const stage = learnedStage();
    new Desk(stage).accept(report);
    for (let n = 0; n < 5; n += 1) stage.see(report.show(stage.now, n, n));
    expect(said(stage)).toEqual([]);
  });

  test('lets a program write beside a file that was accepted, and nowhere else', () => {
    const stage = learnedStage();
    const value = 'write /srv/new/a by web';
    new Desk(stage).accept({ ...report, values: [['file-write', value]] });
    const into = (path: string) => write(path, { at: stage.now, in: container(0) });
    stage.see(into('/srv/new/a'), into('/srv/new/b'));
    expect(said(stage)).toEqual([]);
    stage.see(into('/srv/other/b'));
    expect(said(stage)).toEqual(['web-1 write /srv/other/b by web']);
  });
});
