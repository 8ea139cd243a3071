/**
 * Falco's two shapes of one event become one `FalcoEvent` here and nowhere else: `<NA>`, null,
 * empty and absent are all "not in `fields`"; numbers and booleans are text; time is exact.
 *
 * `evt.time` and `evt.rawtime` are left out in both shapes: they repeat `timeNs`, one of them only
 * in JSON, and as JSON numbers they are rounded.
 */
import assert from 'node:assert/strict';
import type { FalcoResponse } from '../../proto/falco/response-reader.ts';
import {
  FALCO_ABSENT,
  FIELDS_MAX,
  ResponseReader,
  TAGS_MAX,
} from '../../proto/falco/response-reader.ts';
import type { Decoded, FalcoEvent, MalformedReason, Priority } from './event.ts';
import { TimeReader } from './falco-time.ts';
import { RepeatedEvent } from './repeated-event.ts';
import { Repeats } from './repeats.ts';
import { nameText, valueText } from './text.ts';

/** One JSON line or HTTP body; the widest recorded events are below 4 KiB. */
export const LINE_BYTES_MAX = 1_024 * 1_024;

/** In the order of Falco's numbers. */
const priorities: readonly Priority[] = [
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'informational',
  'debug',
];
const prioritiesByWord = new Map<string, Priority>([
  ...priorities.map((priority) => [priority, priority] as const),
  // falco.yaml also takes this short form, and older versions print it.
  ['info', 'informational'],
]);

/** Falco before 0.33 knew system calls only and did not name the source. */
const SOURCE_DEFAULT = 'syscall';

const isTimeField = (name: string): boolean => name === 'evt.time' || name === 'evt.rawtime';

const refused = (reason: MalformedReason): Decoded => ({ ok: false, reason });

/** Reads the gRPC shape. Not shared between streams: it keeps tables of texts and of repeats. */
export class ResponseEvents {
  readonly #reader = new ResponseReader();
  readonly #repeats: Repeats | null;
  readonly #readWhole = (bytes: Buffer): FalcoEvent => {
    const decoded = this.#decodeWhole(bytes);
    assert(decoded.ok, 'what was recognised can be read');
    return decoded.event;
  };

  /** Without repeats every event is read in full. */
  constructor({ recognises = true }: { readonly recognises?: boolean } = {}) {
    this.#repeats = recognises ? new Repeats() : null;
  }

  /** Values of fields of which only the start was kept. */
  get valuesCut(): number {
    return this.#reader.valuesCut;
  }

  decode(bytes: Buffer): Decoded {
    const repeats = this.#repeats;
    const repeat = repeats?.find(bytes) ?? null;
    if (repeats === null || repeat === null) return this.#decodeWhole(bytes);
    return { ok: true, event: new RepeatedEvent(repeat, repeats, bytes, this.#readWhole) };
  }

  #decodeWhole(bytes: Buffer): Decoded {
    const response = this.#reader.read(bytes);
    if (typeof response === 'string') return refused(response);
    const priority = priorities[response.priority];
    if (priority === undefined) return refused('bad-field');
    if (response.rule === '') return refused('not-falco');
    return { ok: true, event: eventOfResponse(response, priority) };
  }
}

const eventOfResponse = (response: FalcoResponse, priority: Priority): FalcoEvent => {
  response.fields.delete('evt.rawtime');
  response.fields.delete('evt.time');
  return {
    timeNs: response.timeNs,
    rule: response.rule,
    priority,
    source: response.source === '' ? SOURCE_DEFAULT : response.source,
    hostname: response.hostname,
    tags: response.tags,
    fields: response.fields,
  };
};

type JsonObject = { readonly [name: string]: unknown };

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A number that `JSON.parse` rounded, as its own digits. */
const digitsOfRounded = (_name: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && isRounded(value) ? (context?.source ?? value) : value;

type Reviver = (name: string, value: unknown) => unknown;

/** Undefined for what is no JSON; also for nesting so deep that a reviver cannot walk it. */
const parseJson = (line: string, reviver?: Reviver): unknown => {
  try {
    return JSON.parse(line, reviver);
  } catch {
    return undefined;
  }
};

/** Reads the JSON shape: a line of a file or the body of a request. */
export class JsonEvents {
  readonly #times = new TimeReader();
  readonly #cut = (): void => {
    this.valuesCut += 1;
  };
  /** Values of fields of which only the start was kept. */
  valuesCut = 0;

  decode(line: string): Decoded {
    if (line.length > LINE_BYTES_MAX) return refused('too-large');
    const value = parseJson(line);
    if (value === undefined) return refused('not-json');
    if (!isObject(value) || typeof value.rule !== 'string' || value.rule === '') {
      return refused('not-falco');
    }
    if (typeof value.priority !== 'string' || !isObject(value.output_fields)) {
      return refused('not-falco');
    }
    const timeNs = typeof value.time === 'string' ? this.#times.read(value.time) : -1n;
    if (timeNs < 0n) return refused('bad-time');
    const priority = prioritiesByWord.get(value.priority.toLowerCase());
    const tags = tagsOf(value.tags);
    const fields = fieldsOf(value.output_fields, line, this.#cut);
    if (typeof tags === 'string') return refused(tags);
    if (typeof fields === 'string') return refused(fields);
    if (priority === undefined) return refused('bad-field');
    const event = {
      timeNs,
      rule: nameText(value.rule),
      priority,
      source: typeof value.source === 'string' ? nameText(value.source) : SOURCE_DEFAULT,
      hostname: typeof value.hostname === 'string' ? nameText(value.hostname) : '',
      tags,
      fields,
    };
    return { ok: true, event };
  }
}

const tagsOf = (tags: unknown): readonly string[] | MalformedReason => {
  // Falco leaves the key out on its internal events.
  if (tags === undefined || tags === null) return [];
  if (!Array.isArray(tags)) return 'bad-field';
  if (tags.length > TAGS_MAX) return 'too-large';
  const texts: string[] = [];
  for (const tag of tags) {
    if (typeof tag !== 'string') return 'bad-field';
    texts.push(nameText(tag));
  }
  return texts;
};

const fieldsOf = (
  values: JsonObject,
  line: string,
  onCut: () => void,
): Map<string, string> | MalformedReason => {
  const names = Object.keys(values);
  if (names.length > FIELDS_MAX) return 'too-large';
  const fields = new Map<string, string>();
  let exact: JsonObject | undefined;
  for (const name of names) {
    let value = values[name];
    if (value === null || isTimeField(name)) continue;
    if (typeof value === 'number' && isRounded(value)) {
      exact ??= exactFields(line);
      value = exact[name];
    }
    if (name === '' || !isScalar(value)) return 'bad-field';
    const text = typeof value === 'string' ? valueText(value) : String(value);
    if (typeof value === 'string' && text.length < value.length) onCut();
    if (text !== '' && text !== FALCO_ABSENT) fields.set(nameText(name), text);
  }
  return fields;
};

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const isRounded = (value: number): boolean =>
  !Number.isSafeInteger(value) && (Number.isInteger(value) || !Number.isFinite(value));

/** Parsed once more with the digits kept: `container.start_ts` and its like, on few events. */
const exactFields = (line: string): JsonObject => {
  const value = parseJson(line, digitsOfRounded);
  const fields = isObject(value) ? value.output_fields : undefined;
  return isObject(fields) ? fields : {};
};
