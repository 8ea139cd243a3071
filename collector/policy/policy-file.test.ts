import { afterEach, expect, test, vi } from 'vitest';

import { ManualClock } from '../testing/clock.ts';
import { hashOf } from './load-policy.ts';
import { PolicyError, PolicyFile } from './policy-file.ts';
import type { PolicyChange } from './policy-file.ts';

const clock = new ManualClock();
const changes: PolicyChange[] = [];
const errors: unknown[] = [];
let text = '';
let reads = 0;
let onChange: (change: PolicyChange) => Promise<void>;
let file: PolicyFile | undefined;

const open = async (path = 'policy.yaml'): Promise<PolicyFile> => {
  file = await PolicyFile.open({
    file: path,
    readFile: async () => {
      reads += 1;
      if (text === 'gone') throw new Error('ENOENT');
      return text;
    },
    clock,
    onChange: (change) => onChange(change),
    onError: (error) => errors.push(error),
  });
  return file;
};

afterEach(async () => {
  await file?.stop();
  changes.length = 0;
  errors.length = 0;
});

/** Writes the file and waits until it has been read twice: once is seen, twice is settled. */
async function write(value: string): Promise<void> {
  text = value;
  const before = reads;
  await vi.waitUntil(() => {
    clock.advance(5_000);
    return reads >= before + 2;
  }, { interval: 1 });
}

onChange = async (change) => {
  changes.push(change);
};

const label = (name: string): string => `rules: [{ name: ${name}, action: label }]`;
const ruleNames = (): readonly string[] => file?.current().policy.rules.map(({ name }) => name) ?? [];

test('a changed file holds from the next look, with the name of its text', async () => {
  text = label('a');
  await open();
  expect(ruleNames()).toEqual(['a']);
  await write(label('b'));
  expect(ruleNames()).toEqual(['b']);
  expect(file?.current().hash).toBe(hashOf(label('b')));
  expect(changes).toEqual([
    { kind: 'loaded', hash: hashOf(label('a')), previousHash: '' },
    { kind: 'loaded', hash: hashOf(label('b')), previousHash: hashOf(label('a')) },
  ]);
});

test.each([
  ['is not YAML', 'rules: ['],
  ['has a typo', 'ruls: []'],
  ['contradicts itself', 'rules: [{ name: a, action: kill, mode: act, fourEyes: true }]'],
  ['cannot be read', 'gone'],
])('a file that %s changes nothing, is told once, and again when it is mended', async (_, bad) => {
  text = label('a');
  await open();
  await write(bad);
  await write(bad);
  expect(ruleNames()).toEqual(['a']);
  expect(file?.isValid).toBe(false);
  expect(changes.map(({ kind }) => kind)).toEqual(['loaded', 'refused']);
  expect(changes[1]).toMatchObject({ stays: hashOf(label('a')) });
  await write(label('a'));
  expect(file?.isValid).toBe(true);
  expect(changes.map(({ kind }) => kind)).toEqual(['loaded', 'refused', 'loaded']);
});

test('no collector starts under an invalid policy', async () => {
  text = 'rules: [{ name: a, action: explode }]';
  await expect(open()).rejects.toThrow(PolicyError);
  await expect(open()).rejects.toThrow(/rules\.0\.action/);
});

test('what the audit could not take is not in force, and is told again', async () => {
  text = label('a');
  await open();
  let isBroken = true;
  onChange = async (change) => {
    if (isBroken) throw new Error('disk full');
    changes.push(change);
  };
  await write(label('b'));
  expect(ruleNames()).toEqual(['a']);
  expect(errors.length).toBeGreaterThan(0);
  isBroken = false;
  await write(label('b'));
  expect(ruleNames()).toEqual(['b']);
});

test('without a file the shipped policy holds, and nothing is polled', async () => {
  const before = reads;
  const shipped = await open('');
  expect(shipped.current().policy.rules.map(({ name, mode }) => `${name} ${mode}`)).toEqual([
    'kill-critical propose',
    'isolate-high propose',
  ]);
  clock.advance(60_000);
  expect(reads).toBe(before);
});
