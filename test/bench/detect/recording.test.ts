import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRecording, RecordingError, withTraining } from './recording.ts';
import { anEvent, aRecording, at, Directory } from './testing.ts';

const META = JSON.stringify({
  train_start_ns: '1795433854000000001',
  test_start_ns: '1795433954000000000',
  end_ns: '1795434054000000000',
});
const LABEL = JSON.stringify({
  kind: 'attack',
  id: 'a35',
  technique: 'T1059',
  start_ns: '1795433960123456789',
  end_ns: '1795433961000000000',
  pod: 'postgres-0',
  via: 'api-1',
  description: 'COPY FROM PROGRAM',
  verified: true,
});
const EVENT = JSON.stringify({
  time: '2026-11-23T11:37:43.272657654Z',
  rule: 'lanner exec',
  priority: 'Debug',
  source: 'syscall',
  hostname: 'node-a',
  tags: [],
  output_fields: { 'evt.type': 'execve', 'container.id': 'abc' },
});

let directory: Directory;

beforeEach(() => {
  directory = new Directory();
  directory.write('meta.json', META);
  directory.write('labels.jsonl', `${LABEL}\n`);
  directory.write('events-00.jsonl.gz', gzipSync(`${EVENT}\n`));
});

afterEach(() => directory.remove());

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RecordingError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

test('a recording is read with exact event times, its labels and both spans', () => {
  const recording = readRecording(directory.path);
  expect(recording.events.map((event) => event.timeNs)).toEqual([1795433863272657654n]);
  expect(recording.testStartMs).toBe(1795433954000);
  expect(recording.labels).toEqual([
    {
      kind: 'attack',
      id: 'a35',
      technique: 'T1059',
      startMs: 1795433960123,
      endMs: 1795433961000,
      pods: ['postgres-0', 'api-1'],
      description: 'COPY FROM PROGRAM',
      verified: true,
    },
  ]);
});

test('event files are read in the order of their names, plain or compressed', () => {
  directory.write('events-02.jsonl', EVENT.replace('43.272657654', '45.000000002'));
  directory.write('events-01.jsonl', EVENT.replace('43.272657654', '44.000000001'));
  const seconds = readRecording(directory.path).events.map((e) => Number(e.timeNs % 10n));
  expect(seconds).toEqual([4, 1, 2]);
});

test('an event that does not decode is counted and the others are read', () => {
  directory.write('events-01.jsonl', `${EVENT}\n{"time":"2026\n${EVENT}\n`);
  const recording = readRecording(directory.path);
  expect(recording.malformed).toBe(1);
  expect(recording.events).toHaveLength(3);
});

test('a directory that is not there is named', () => {
  expect(codeOf(() => readRecording('/no/such/place'))).toBe(
    'no-directory: /no/such/place: there is no such directory',
  );
});

test('a missing meta.json, missing labels and missing events are named', () => {
  const empty = new Directory();
  expect(codeOf(() => readRecording(empty.path))).toMatch(/^missing-file: .*meta\.json/);
  empty.write('meta.json', META);
  expect(codeOf(() => readRecording(empty.path))).toMatch(/^missing-file: .*labels\.jsonl/);
  empty.write('labels.jsonl', '');
  expect(codeOf(() => readRecording(empty.path))).toMatch(/^missing-file: .*no events-NN/);
  empty.remove();
});

test('what is wrong in meta.json or in a line of labels is said with its place', () => {
  directory.write('meta.json', '{"train_start_ns": 5}');
  expect(codeOf(() => readRecording(directory.path))).toMatch(/^not-as-described: .*meta\.json/);
  directory.write('meta.json', '{');
  expect(codeOf(() => readRecording(directory.path))).toMatch(/^not-json: .*meta\.json/);
  directory.write('meta.json', META);
  directory.write('labels.jsonl', `${LABEL}\n${LABEL.replace('attack', 'attak')}\n`);
  expect(codeOf(() => readRecording(directory.path))).toMatch(
    /^not-as-described: .*labels\.jsonl:2 at \/kind/,
  );
});

test('a file that is not gzip is said to be unreadable', () => {
  directory.write('events-01.jsonl.gz', 'not compressed');
  expect(codeOf(() => readRecording(directory.path))).toMatch(/^unreadable: .*events-01/);
});

test('limiting the training drops what is earlier and keeps the test span whole', () => {
  const events = [anEvent(10, 'execve'), anEvent(90, 'execve'), anEvent(150, 'execve')];
  const limited = withTraining(aRecording({ events }), 20);
  expect(limited.events).toEqual(events.slice(1));
  expect(limited.trainStartMs).toBe(at(80));
  expect(withTraining(aRecording({ events }), 9999).trainStartMs).toBe(at(0));
});
