/**
 * The last observations of every pod, for the case that somebody asks: evidence has to be from
 * before the alert, so it is kept before anybody knows that it will be needed.
 *
 * Two lanes per pod, one for files and one for everything else: an intruder who opens a thousand
 * files to push its traces out pushes out files only. What is repeated in a row becomes a count.
 *
 * Bounds: `LANE_MAX` per lane, `RECORDS_MAX`, `PODS_MAX` and `TEXT_LENGTH_MAX` in all. When there
 * are `RECORDS_MAX`, a lane that has its share of them overwrites its own oldest; for one that has
 * less, as for the other bounds, the pod that was quiet for longest is forgotten and counted.
 * (Without shares 200 busy pods forgot each other all the time.) Measured when full: 16 MB with
 * paths of 60 letters; 45 MB with the longest of ASCII, twice that with other scripts. 0.1 µs an
 * observation.
 */
import type { Observation } from '../../baseline/observation.ts';
import type { RedactRules } from '../outbox/redact.ts';
import { emptySlot, fillSlot, isRepeat, shownRecord } from './record.ts';
import type { RecordSlot, ShownRecord } from './record.ts';

export const LANE_MAX = 256;
export const RECORDS_MAX = 65_536;
/** Short-lived containers that no pod is known of have one entry each. */
export const PODS_MAX = 1_024;
/** UTF-16 units of all texts together; four times what 65,536 ordinary records have. */
export const TEXT_LENGTH_MAX = 32 * 1_024 * 1_024;
/** Falco's length of a container id; a pod that Falco cannot name is kept under it. */
const SHORT_ID_LENGTH = 12;

export type RecorderCounts = {
  readonly pods: number;
  readonly records: number;
  /** Overwritten by newer ones of the same pod. */
  readonly overwritten: number;
  /** Forgotten with their pod, because all pods together had too many. */
  readonly evicted: number;
};

export type Recorded = {
  /** Oldest first. */
  readonly records: readonly ShownRecord[];
  /** Of this pod, since it is recorded. */
  readonly overwritten: number;
};

/** Of a pod. */
const LANES = 2;

type Pod = { readonly files: Lane; readonly rest: Lane; lastNs: bigint };

export class Recorder {
  readonly #rules: RedactRules;
  readonly #recordsMax: number;
  readonly #pods = new Map<string, Pod>();
  #records = 0;
  #textLength = 0;
  #overwritten = 0;
  #evicted = 0;

  constructor(rules: RedactRules, recordsMax: number = RECORDS_MAX) {
    this.#rules = rules;
    this.#recordsMax = recordsMax;
  }

  note(observation: Observation): void {
    const { container, kind } = observation;
    if (container.scope === 'host') return;
    const key = container.podUid === '' ? container.id : container.podUid;
    const pod = this.#pods.get(key) ?? this.#add(key);
    pod.lastNs = observation.timeNs;
    const lane = kind === 'open' || kind === 'change' ? pod.files : pod.rest;
    const { size, textLength, overwritten } = lane;
    const isFull = this.#records >= this.#recordsMax;
    lane.put(observation, !isFull || lane.size < this.#recordsMax / (LANES * this.#pods.size));
    this.#records += lane.size - size;
    this.#textLength += lane.textLength - textLength;
    this.#overwritten += lane.overwritten - overwritten;
    while (this.#records > this.#recordsMax || this.#textLength > TEXT_LENGTH_MAX) {
      if (!this.#evictQuietest(key)) break;
    }
  }

  /** What the pod or its container did since then. */
  of(podUid: string, containerId: string, sinceNs: bigint): Recorded {
    const shortId = containerId.slice(0, SHORT_ID_LENGTH);
    const pods = [this.#pods.get(podUid), this.#pods.get(shortId)].filter(isPresent);
    const slots: RecordSlot[] = [];
    let overwritten = 0;
    for (const { files, rest } of pods) {
      for (const lane of [files, rest]) {
        overwritten += lane.overwritten;
        lane.collect(sinceNs, slots);
      }
    }
    slots.sort((one, other) => compare(one.timeNs, other.timeNs));
    return { records: slots.map((slot) => shownRecord(slot, this.#rules)), overwritten };
  }

  counts(): RecorderCounts {
    return {
      pods: this.#pods.size,
      records: this.#records,
      overwritten: this.#overwritten,
      evicted: this.#evicted,
    };
  }

  #add(key: string): Pod {
    if (this.#pods.size >= PODS_MAX) this.#evictQuietest(key);
    const pod: Pod = { files: new Lane(), rest: new Lane(), lastNs: 0n };
    this.#pods.set(key, pod);
    return pod;
  }

  #evictQuietest(exceptKey: string): boolean {
    let quietest: { readonly key: string; readonly pod: Pod } | null = null;
    for (const [key, pod] of this.#pods) {
      if (key === exceptKey) continue;
      if (quietest === null || pod.lastNs < quietest.pod.lastNs) quietest = { key, pod };
    }
    if (quietest === null) return false;
    const { key, pod } = quietest;
    this.#pods.delete(key);
    const lost = pod.files.size + pod.rest.size;
    this.#records -= lost;
    this.#textLength -= pod.files.textLength + pod.rest.textLength;
    this.#evicted += lost;
    return true;
  }
}

class Lane {
  readonly #slots: RecordSlot[] = [];
  #last: RecordSlot | null = null;
  #next = 0;
  overwritten = 0;
  textLength = 0;

  get size(): number {
    return this.#slots.length;
  }

  put(observation: Observation, mayGrow: boolean): void {
    if (this.#last !== null && isRepeat(this.#last, observation)) {
      this.#last.count += 1;
      this.#last.lastNs = observation.timeNs;
      return;
    }
    const slot = this.#slotFor(mayGrow);
    this.textLength -= slot.textLength;
    fillSlot(slot, observation);
    this.textLength += slot.textLength;
    this.#last = slot;
  }

  /** A new one or the oldest; grown only at its end, where the order of the ring begins anew. */
  #slotFor(mayGrow: boolean): RecordSlot {
    const { length } = this.#slots;
    if (this.#next === length && length > 0 && (length === LANE_MAX || !mayGrow)) this.#next = 0;
    let slot = this.#slots[this.#next];
    if (slot === undefined) this.#slots.push((slot = emptySlot()));
    else this.overwritten += 1;
    this.#next += 1;
    return slot;
  }

  collect(sinceNs: bigint, into: RecordSlot[]): void {
    for (const slot of this.#slots) if (slot.lastNs >= sinceNs) into.push(slot);
  }
}

const isPresent = <T>(value: T | undefined): value is T => value !== undefined;
const compare = (one: bigint, other: bigint): number =>
  one < other ? -1 : one > other ? 1 : 0;
