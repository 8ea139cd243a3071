import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { FalcoEvent } from '../../../agent/source/event.ts';
import { JsonEvents } from '../../../agent/source/falco-fields.ts';

/**
 * A recording directory: events in order of arrival (`events-NN.jsonl[.gz]`), labelled actions
 * (`labels.jsonl`) and the two spans (`meta.json`). Read whole into memory: recordings are minutes
 * long. What is not a recording is refused with the file and the line; an event that does not
 * decode is counted, as an agent would count it.
 */

export type Label = {
  readonly kind: 'benign' | 'maintenance' | 'attack' | 'upgrade';
  readonly id: string;
  readonly technique: string | null;
  readonly startMs: number;
  readonly endMs: number;
  /** The pod, and the pod through which the attack came, where there is one. */
  readonly pods: readonly string[];
  readonly description: string;
  readonly verified: boolean;
};

export type Recording = {
  readonly events: readonly FalcoEvent[];
  readonly malformed: number;
  readonly labels: readonly Label[];
  readonly trainStartMs: number;
  readonly testStartMs: number;
  readonly endMs: number;
};

export type RecordingErrorCode =
  | 'no-directory'
  | 'missing-file'
  | 'not-json'
  | 'not-as-described'
  | 'unreadable';

export class RecordingError extends Error {
  readonly code: RecordingErrorCode;

  constructor(code: RecordingErrorCode, message: string) {
    super(message);
    this.name = 'RecordingError';
    this.code = code;
  }
}

const Nanoseconds = Type.String({ pattern: '^[0-9]{1,20}$' });
const MetaSchema = Type.Object({
  train_start_ns: Nanoseconds,
  test_start_ns: Nanoseconds,
  end_ns: Nanoseconds,
});
const OptionalText = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const LabelSchema = Type.Object({
  kind: Type.Union([
    Type.Literal('benign'),
    Type.Literal('maintenance'),
    Type.Literal('attack'),
    Type.Literal('upgrade'),
  ]),
  id: Type.String({ minLength: 1 }),
  technique: OptionalText,
  start_ns: Nanoseconds,
  end_ns: Nanoseconds,
  pod: OptionalText,
  via: OptionalText,
  description: OptionalText,
  verified: Type.Optional(Type.Boolean()),
});

const EVENT_FILE = /^events-.*\.jsonl(\.gz)?$/;

export function readRecording(directory: string): Recording {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new RecordingError('no-directory', `${directory}: there is no such directory`);
  }
  const meta = readMeta(join(directory, 'meta.json'));
  const labels = linesOf(join(directory, 'labels.jsonl')).map((line, index) =>
    readLabel(line, `${join(directory, 'labels.jsonl')}:${index + 1}`),
  );
  const files = readdirSync(directory).filter((name) => EVENT_FILE.test(name)).sort();
  if (files.length === 0) {
    throw new RecordingError('missing-file', `${directory}: no events-NN.jsonl.gz in it`);
  }
  const decoder = new JsonEvents();
  const events: FalcoEvent[] = [];
  let malformed = 0;
  for (const file of files) {
    for (const line of linesOf(join(directory, file))) {
      const decoded = decoder.decode(line);
      if (decoded.ok) events.push(decoded.event);
      else malformed += 1;
    }
  }
  return {
    events,
    malformed,
    labels,
    trainStartMs: toMs(meta.train_start_ns),
    testStartMs: toMs(meta.test_start_ns),
    endMs: toMs(meta.end_ns),
  };
}

/** The same recording with only the last `seconds` of the training span. */
export function withTraining(recording: Recording, seconds: number): Recording {
  const fromMs = Math.max(recording.trainStartMs, recording.testStartMs - seconds * 1000);
  return {
    ...recording,
    trainStartMs: fromMs,
    events: recording.events.filter((event) => msOf(event) >= fromMs),
  };
}

export function msOf(event: FalcoEvent): number {
  return Number(event.timeNs / 1_000_000n);
}

function readMeta(file: string): Static<typeof MetaSchema> {
  return parsed(MetaSchema, textOf(file), file);
}

function readLabel(line: string, where: string): Label {
  const raw = parsed(LabelSchema, line, where);
  return {
    kind: raw.kind,
    id: raw.id,
    technique: raw.technique ?? null,
    startMs: toMs(raw.start_ns),
    endMs: toMs(raw.end_ns),
    pods: [raw.pod ?? '', raw.via ?? ''].filter((name) => name !== ''),
    description: raw.description ?? '',
    verified: raw.verified !== false,
  };
}

function parsed<T extends TSchema>(schema: T, text: string, where: string): Static<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RecordingError('not-json', `${where}: ${(error as Error).message}`);
  }
  if (Value.Check(schema, value)) return value;
  const [first] = Value.Errors(schema, value);
  const at = first?.instancePath === '' ? '' : ` at ${first?.instancePath}`;
  const expected = first?.message ?? 'not as described';
  throw new RecordingError('not-as-described', `${where}${at}: ${expected}`);
}

function linesOf(file: string): readonly string[] {
  return textOf(file).split('\n').filter((line) => line !== '');
}

function textOf(file: string): string {
  try {
    const bytes = readFileSync(file);
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing) throw new RecordingError('missing-file', `${file}: there is no such file`);
    throw new RecordingError('unreadable', `${file}: ${(error as Error).message}`);
  }
}

function toMs(ns: string): number {
  return Number(BigInt(ns) / 1_000_000n);
}
