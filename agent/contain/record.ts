/**
 * One observation as the recorder keeps it: the few values that tell what happened, without the
 * event's fields. Slots are written again and again, so that recording makes no garbage; the
 * strings are those of the observation, not copies.
 */
import type { Observation, ObservationKind } from '../../baseline/observation.ts';
import { rfc3339 } from '../../baseline/episode/time.ts';
import { redactText } from '../outbox/redact.ts';
import type { RedactRules } from '../outbox/redact.ts';

export type RecordSlot = {
  kind: ObservationKind;
  timeNs: bigint;
  /** Of the last one of `count` in a row that were alike. */
  lastNs: bigint;
  count: number;
  pid: number;
  ppid: number;
  uid: number;
  name: string;
  exe: string;
  /** What was done: a command line, a path, an address. */
  what: string;
  /** The rest of it: a working directory, a rename's target, a result. */
  detail: string;
  port: number;
  /** Of all its texts: who overwrites a slot need not read what it held. */
  textLength: number;
};

/** As evidence and watches show it. */
export type ShownRecord = {
  readonly kind: ObservationKind;
  readonly time: string;
  readonly lastTime: string;
  readonly count: number;
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly name: string;
  readonly exe: string;
  readonly what: string;
  readonly detail: string;
};

/** A text above this is copied and cut: 64 Ki of them would be a quarter of a gigabyte. */
export const RECORD_TEXT_LENGTH_MAX = 512;

export const emptySlot = (): RecordSlot => ({
  kind: 'exit',
  timeNs: 0n,
  lastNs: 0n,
  count: 0,
  pid: 0,
  ppid: 0,
  uid: 0,
  name: '',
  exe: '',
  what: '',
  detail: '',
  port: -1,
  textLength: 0,
});

/** A part of a string keeps the whole of it alive; through bytes it becomes one of its own. */
const bounded = (text: string): string =>
  text.length <= RECORD_TEXT_LENGTH_MAX
    ? text
    : Buffer.from(text.slice(0, RECORD_TEXT_LENGTH_MAX)).toString();

export function fillSlot(slot: RecordSlot, observation: Observation): void {
  const { process } = observation;
  slot.kind = observation.kind;
  slot.timeNs = observation.timeNs;
  slot.lastNs = observation.timeNs;
  slot.count = 1;
  slot.pid = process.pid;
  slot.ppid = process.ppid;
  slot.uid = process.uid;
  slot.name = bounded(process.name);
  slot.exe = bounded(process.exe);
  slot.what = bounded(whatOf(observation));
  slot.detail = bounded(detailOf(observation));
  slot.port = portOf(observation);
  slot.textLength =
    slot.name.length + slot.exe.length + slot.what.length + slot.detail.length;
}

export function isRepeat(slot: RecordSlot, observation: Observation): boolean {
  return (
    slot.pid === observation.process.pid &&
    slot.kind === observation.kind &&
    slot.what === whatOf(observation) &&
    slot.port === portOf(observation) &&
    slot.detail === detailOf(observation)
  );
}

function whatOf(observation: Observation): string {
  switch (observation.kind) {
    case 'exec':
      return observation.commandLine;
    case 'open':
    case 'change':
      return observation.path;
    case 'connect':
    case 'listen':
      return observation.address;
    case 'accept':
      return observation.peerAddress;
    case 'privileged':
      return observation.args;
    case 'rule':
      return observation.rule;
    case 'exit':
      return '';
  }
}

function detailOf(observation: Observation): string {
  switch (observation.kind) {
    case 'exec':
      return observation.cwd;
    case 'open':
      return observation.isWrite ? 'write' : 'read';
    case 'change':
      return observation.target === '' ? observation.operation : observation.target;
    case 'connect':
      return observation.result;
    case 'accept':
    case 'listen':
      return observation.protocol;
    case 'privileged':
      return observation.syscall;
    case 'rule':
      return observation.commandLine;
    case 'exit':
      return '';
  }
}

function portOf(observation: Observation): number {
  switch (observation.kind) {
    case 'connect':
    case 'listen':
      return observation.port;
    case 'accept':
      return observation.peerPort;
    case 'exit':
      return observation.status;
    case 'exec':
    case 'open':
    case 'change':
    case 'privileged':
    case 'rule':
      return -1;
  }
}

const RECORD_BYTES_MAX = 2_048;

/** What leaves the node: redacted, bounded, well-formed. */
export function shownRecord(slot: RecordSlot, rules: RedactRules): ShownRecord {
  const text = (value: string): string => redactText(value, rules, RECORD_BYTES_MAX);
  const what = slot.kind === 'exit' ? `status ${slot.port}` : text(slot.what);
  return {
    kind: slot.kind,
    time: rfc3339(slot.timeNs),
    lastTime: rfc3339(slot.lastNs),
    count: slot.count,
    pid: slot.pid,
    ppid: slot.ppid,
    uid: slot.uid,
    name: text(slot.name),
    exe: text(slot.exe),
    what: slot.kind !== 'exit' && slot.port >= 0 ? `${what} port ${slot.port}` : what,
    detail: text(slot.detail),
  };
}
