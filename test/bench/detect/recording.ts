import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { FalcoEvent } from '../../../agent/source/event.ts';
import { JsonEvents } from '../../../agent/source/falco-fields.ts';

/** A recording directory: events in order of arrival, labelled actions, and the two spans. */

export type Label = {
  readonly kind: 'benign' | 'maintenance' | 'attack' | 'upgrade';
  readonly id: string;
  readonly technique: string | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly namespace: string;
  /** The pod, and the pod through which the attack came, where there is one. */
  readonly pods: readonly string[];
  readonly image: string;
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

export function readRecording(directory: string): Recording {
  const decoder = new JsonEvents();
  const events: FalcoEvent[] = [];
  let malformed = 0;
  const files = readdirSync(directory).filter((name) => /^events-.*\.jsonl(\.gz)?$/.test(name));
  for (const file of files.sort()) {
    for (const line of linesOf(join(directory, file))) {
      const decoded = decoder.decode(line);
      if (decoded.ok) events.push(decoded.event);
      else malformed += 1;
    }
  }
  const meta = JSON.parse(readFileSync(join(directory, 'meta.json'), 'utf8')) as Meta;
  const labels = linesOf(join(directory, 'labels.jsonl')).map(readLabel);
  return {
    events,
    malformed,
    labels,
    trainStartMs: toMs(meta.train_start_ns),
    testStartMs: toMs(meta.test_start_ns),
    endMs: toMs(meta.end_ns),
  };
}

type Meta = {
  readonly train_start_ns: string;
  readonly test_start_ns: string;
  readonly end_ns: string;
};

function linesOf(file: string): readonly string[] {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split('\n').filter((line) => line !== '');
}

function toMs(ns: string): number {
  return Number(BigInt(ns) / 1_000_000n);
}

function readLabel(line: string): Label {
  const raw = JSON.parse(line) as Record<string, unknown>;
  const text = (name: string): string => (typeof raw[name] === 'string' ? raw[name] : '');
  return {
    kind: text('kind') as Label['kind'],
    id: text('id'),
    technique: typeof raw['technique'] === 'string' ? raw['technique'] : null,
    startMs: toMs(text('start_ns')),
    endMs: toMs(text('end_ns')),
    namespace: text('namespace'),
    pods: [text('pod'), text('via')].filter((name) => name !== ''),
    image: text('image'),
    description: text('description'),
    verified: raw['verified'] !== false,
  };
}
