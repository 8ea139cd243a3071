/**
 * An event as Falco posts it, from what it would say over gRPC: keys sorted, integers and booleans
 * as such, null for what it has not, and bytes that are no UTF-8 as they are.
 */
import { FALCO_ABSENT } from '../../proto/falco/response-reader.ts';
import type { FalcoText, ResponseContent } from '../../proto/falco/response-writer.ts';

const PRIORITIES = [
  'Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', 'Debug',
];
const NANOS_PER_SECOND = 1_000_000_000n;
const LITERAL = /^(?:true|false|-?[1-9]\d{0,14}|0)$/;

export function eventLine(content: ResponseContent): Buffer {
  const { timeNs, priority, rule, output, fields, hostname, tags, source } = content;
  const seconds = new Date(Number(timeNs / NANOS_PER_SECOND) * 1_000).toISOString().slice(0, 19);
  const nanos = String(timeNs % NANOS_PER_SECOND).padStart(9, '0');
  const entries = [...fields]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)}:${valueOf(value)}`);
  const line = `{"hostname":${JSON.stringify(hostname)},"output":${JSON.stringify(output)},` +
    `"output_fields":{${entries.join(',')}},"priority":"${PRIORITIES[priority]}",` +
    `"rule":${JSON.stringify(rule)},"source":"${source}","tags":${JSON.stringify(tags)},` +
    `"time":"${seconds}.${nanos}Z"}`;
  return Buffer.from(line, 'latin1');
}

/** Bytes stay bytes: a letter of the result is one. */
function valueOf(value: FalcoText): string {
  if (typeof value !== 'string') return JSON.stringify(Buffer.from(value).toString('latin1'));
  if (value === FALCO_ABSENT) return 'null';
  const text = LITERAL.test(value) ? value : JSON.stringify(value);
  return Buffer.from(text).toString('latin1');
}
