/**
 * One recorded JSON line in the shapes in which Falco sends it, optionally moved in time. Numbers
 * above 2^53 keep their digits: the line is changed as text, and parsed with the digits kept.
 */
import { FALCO_ABSENT } from '../../proto/falco/response-reader.ts';
import type { FalcoText } from '../../proto/falco/response-writer.ts';
import { encodeResponse } from '../../proto/falco/response-writer.ts';

const NANOS_PER_MS = 1_000_000n;
/** A quote inside a JSON string is escaped, so this cannot match in an attacker's text. */
const TIME = /"time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z"/;
const RAW_TIMES = /"(evt\.(?:raw)?time)":(\d+)/g;

const priorityNumbers = new Map(
  ['Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', 'Debug'].map(
    (word, number) => [word, number] as const,
  ),
);

/** Undefined for a line without a time. */
export const lineTimeNs = (line: string): bigint | undefined => {
  const match = TIME.exec(line);
  if (match === null) return undefined;
  return BigInt(Date.parse(`${match[1]}Z`)) * NANOS_PER_MS + BigInt(match[2] ?? 0);
};

const timeText = (timeNs: bigint): string => {
  const seconds = new Date(Number(timeNs / NANOS_PER_MS)).toISOString().slice(0, 19);
  return `${seconds}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}Z`;
};

export const shiftedLine = (line: string, shiftNs: bigint): string => {
  const timeNs = lineTimeNs(line);
  if (timeNs === undefined) return line;
  const moved = (_: string, name: string, digits: string): string =>
    `"${name}":${BigInt(digits) + shiftNs}`;
  return line
    .replace(TIME, `"time":"${timeText(timeNs + shiftNs)}"`)
    .replace(RAW_TIMES, moved);
};

type FieldValue = string | number | boolean | null;

type RecordedLine = {
  readonly hostname?: string;
  readonly priority: string;
  readonly rule: string;
  readonly source?: string;
  readonly tags?: readonly string[];
  readonly output_fields: Readonly<Record<string, FieldValue>>;
};

const withDigits = (_name: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' ? (context?.source ?? value) : value;

const grpcText = (value: FieldValue): string => (value === null ? FALCO_ABSENT : String(value));

const shuffled = <T>(items: readonly T[], random: () => number): T[] => {
  const result = [...items];
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [result[index], result[other]] = [result[other] as T, result[index] as T];
  }
  return result;
};

export type GrpcShape = {
  /** With `json_output: true` Falco's output text is the whole line once more. */
  readonly jsonOutput: boolean;
  /** Share of events with invalid UTF-8 and an escape sequence in the command line. */
  readonly hostileShare: number;
  readonly random: () => number;
};

const HOSTILE = Buffer.from([0x20, 0xff, 0xfe, 0x1b, 0x5b, 0x32, 0x4a, 0xc3]);

export const grpcResponse = (line: string, shape: GrpcShape): Buffer => {
  const event = JSON.parse(line, withDigits) as RecordedLine;
  // `evt.time` is added by JSON output only.
  const named = Object.entries(event.output_fields).filter(([name]) => name !== 'evt.time');
  const fields = named.map(([name, value]): [string, FalcoText] => [name, grpcText(value)]);
  if (shape.random() < shape.hostileShare) {
    const hostile = Buffer.concat([Buffer.from('sh -c echo'), HOSTILE]);
    fields.push(['proc.cmdline', hostile], ['proc.args', hostile]);
  }
  return encodeResponse({
    timeNs: lineTimeNs(line) ?? 0n,
    priority: priorityNumbers.get(event.priority) ?? 7,
    rule: event.rule,
    output: shape.jsonOutput ? line : `${event.priority} ${event.rule}`,
    // Falco's map has no order, and a different one in every message.
    fields: shuffled(fields, shape.random),
    hostname: event.hostname ?? '',
    tags: event.tags ?? [],
    source: event.source ?? 'syscall',
  });
};
