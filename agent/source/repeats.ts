/**
 * Most of what a container does it did a moment ago. This recognises by its bytes alone an event
 * that says the same as an earlier one of the same container: the same system call, program, user
 * and object. What may differ (time, pids, descriptors, a client's port) is not compared, and what
 * later rooms need of it is read without making a text. So recognition says nothing about what the
 * event means: the rooms behind keep with a `Repeat` what they found the first time.
 *
 * Names are looked for by a hash and then compared byte by byte, so no hash can be forged into
 * another event. Bounds: `SETS` × `WAYS` repeats, the one unused for longest in its set goes; an
 * event is remembered when it comes the second time (`#seen`), so that files with names of their
 * own, a quarter of the recorded events, push nothing out.
 */
import { FrameFields } from '../../proto/falco/frame-fields.ts';

const SETS = 8_192;
const WAYS = 4;
export const REPEATS_MAX = SETS * WAYS;
/** Sampled from the end of each value, where paths differ. */
const SAMPLED_BYTES = 8;
const SEEN_MASK = 65_535;
const NA = [0x3c, 0x4e, 0x41, 0x3e] as const;
/** A pid; more digits are the reader's to judge. */
const DIGITS_MAX = 9;
const UNUSUAL = -2;

/** Which values make two events of a kind the same to whoever judges, counts or records them. */
const COMMON = ['container.id', 'evt.type', 'proc.name', 'proc.exepath', 'proc.exe', 'user.uid'];
const OPEN = ['fd.name', 'fs.path.name', 'evt.arg.flags', 'evt.is_open_write'];
const CHANGE = ['fs.path.source', 'fs.path.name', 'fs.path.target', 'fd.name'];
const ENDS = ['fd.sip', 'fd.sport', 'fd.cip', 'fd.lip', 'fd.lport', 'fd.rip', 'fd.l4proto'];
const CONNECT = [...ENDS, 'fd.rport', 'fd.sip.name', 'evt.res'];
const EXIT = ['evt.arg.status'];
const PRIVILEGED = ['evt.args', 'evt.res'];

const each = (names: readonly string[], ...types: readonly string[]) =>
  types.map((type) => [type, names] as const);

const kinds: ReadonlyMap<string, readonly string[]> = new Map([
  ...each(OPEN, 'open', 'openat', 'openat2', 'creat'),
  ...each(CHANGE, 'unlink', 'unlinkat', 'rename', 'renameat', 'renameat2', 'link', 'linkat'),
  ...each(CHANGE, 'symlink', 'symlinkat', 'mkdir', 'mkdirat', 'rmdir'),
  ...each(CHANGE, 'chmod', 'fchmod', 'fchmodat', 'chown', 'fchown', 'fchownat', 'lchown'),
  ...each(CONNECT, 'connect', 'sendto', 'sendmsg', 'sendmmsg'),
  ...each(ENDS, 'accept', 'accept4'),
  ...each(EXIT, 'procexit'),
  ...each(PRIVILEGED, 'setuid', 'setgid', 'setresuid', 'setresgid', 'capset', 'prctl', 'seccomp'),
  ...each(PRIVILEGED, 'mount', 'umount2', 'mknodat', 'setns', 'unshare'),
]);

/** Read beside the compared ones: they differ from event to event and are told with it. */
const PID = 'proc.pid';
const PPID = 'proc.ppid';
const PEER_PORTS = ['fd.cport', 'fd.rport'];

const wanted = [
  ...new Set([...COMMON, ...[...kinds.values()].flat(), PID, PPID, ...PEER_PORTS]),
];
const numberOf = (name: string): number => wanted.indexOf(name);
const TYPE = numberOf('evt.type');
const pidNumber = numberOf(PID);
const ppidNumber = numberOf(PPID);
const [clientPort, remotePort] = PEER_PORTS.map(numberOf) as [number, number];

type Kind = { readonly type: string; readonly compared: readonly number[] };

const kindsByLength: readonly (readonly Kind[])[] = byLength();

function byLength(): Kind[][] {
  const lists: Kind[][] = [];
  for (const [type, names] of kinds) {
    const compared = [...COMMON, ...names].map(numberOf);
    (lists[type.length] ??= []).push({ type, compared });
  }
  return lists;
}

/** One thing that a container does again and again. */
export class Repeat {
  /** What the rooms behind this one keep with it. */
  known: object | null = null;
  /** In which turn it goes in an overload; -1 until somebody asks. */
  rank = -1;
  /** Each compared value: its length in two bytes (65535 for none), then its bytes. */
  readonly key: Uint8Array;
  readonly hash: number;
  usedAt = 0;

  constructor(key: Uint8Array, hash: number) {
    this.key = key;
    this.hash = hash;
  }
}

export class Repeats {
  readonly frame = new FrameFields(wanted, 'lanner', 'syscall');
  readonly #slots: (Repeat | undefined)[] = Array.from({ length: REPEATS_MAX });
  /** Hashes that came once. */
  readonly #seen = new Int32Array(SEEN_MASK + 1);
  #tick = 0;
  /** Of the event that was found last; -1 for what it does not say. */
  pid = 0;
  ppid = 0;
  peerPort = 0;
  /** The client's own word alone: where it says nothing, a connection has its local port. */
  clientPort = 0;

  /** Null for what is not known yet, or of no kind that repeats. */
  find(bytes: Uint8Array): Repeat | null {
    const { frame } = this;
    if (!frame.scan(bytes) || !frame.hasTag) return null;
    const kind = this.#kind();
    if (kind === null) return null;
    this.pid = this.#integer(pidNumber);
    this.ppid = this.#integer(ppidNumber);
    this.clientPort = this.#integer(clientPort);
    this.peerPort = this.#peerPort();
    if (this.pid === UNUSUAL || this.ppid === UNUSUAL || this.peerPort === UNUSUAL) return null;
    const hash = this.#hash(kind.compared);
    const first = ((hash >>> 16) & (SETS - 1)) * WAYS;
    this.#tick += 1;
    for (let way = first; way < first + WAYS; way += 1) {
      const repeat = this.#slots[way];
      if (repeat?.hash !== hash || !this.#isSame(repeat.key, kind.compared)) continue;
      repeat.usedAt = this.#tick;
      return repeat;
    }
    if (this.#seen[hash & SEEN_MASK] !== hash) {
      this.#seen[hash & SEEN_MASK] = hash;
      return null;
    }
    return this.#remember(first, hash, kind.compared);
  }

  #remember(first: number, hash: number, compared: readonly number[]): Repeat {
    let oldest = first;
    for (let way = first; way < first + WAYS; way += 1) {
      const age = this.#slots[way]?.usedAt ?? -1;
      if (age < (this.#slots[oldest]?.usedAt ?? -1)) oldest = way;
    }
    const repeat = new Repeat(this.#key(compared), hash);
    repeat.usedAt = this.#tick;
    this.#slots[oldest] = repeat;
    return repeat;
  }

  #kind(): Kind | null {
    const { starts, lengths, bytes } = this.frame;
    const candidates = kindsByLength[lengths[TYPE] as number];
    if (candidates === undefined) return null;
    const start = starts[TYPE] as number;
    for (const kind of candidates) {
      const { type } = kind;
      let at = 0;
      while (at < type.length && type.charCodeAt(at) === bytes[start + at]) at += 1;
      if (at === type.length) return kind;
    }
    return null;
  }

  #hash(compared: readonly number[]): number {
    const { starts, lengths, bytes } = this.frame;
    let hash = 0x811c9dc5;
    for (const number of compared) {
      const length = lengths[number] as number;
      hash = Math.imul(hash ^ length, 0x01000193);
      const end = (starts[number] as number) + length;
      for (let at = end - Math.min(length, SAMPLED_BYTES); at < end; at += 1) {
        hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
      }
    }
    return hash ^ (hash >>> 15);
  }

  #isSame(key: Uint8Array, compared: readonly number[]): boolean {
    const { starts, lengths, bytes } = this.frame;
    let at = 0;
    for (const number of compared) {
      const length = lengths[number] as number;
      if (key[at] !== (length & 255) || key[at + 1] !== ((length >> 8) & 255)) return false;
      at += 2;
      if (length < 0) continue;
      // From the end, where they differ if they do.
      const start = starts[number] as number;
      for (let index = length - 1; index >= 0; index -= 1) {
        if (key[at + index] !== bytes[start + index]) return false;
      }
      at += length;
    }
    return at === key.length;
  }

  #key(compared: readonly number[]): Uint8Array {
    const { starts, lengths, bytes } = this.frame;
    let size = 0;
    for (const number of compared) size += 2 + Math.max(0, lengths[number] as number);
    const key = new Uint8Array(size);
    let at = 0;
    for (const number of compared) {
      const length = lengths[number] as number;
      key[at] = length & 255;
      key[at + 1] = (length >> 8) & 255;
      at += 2;
      if (length < 0) continue;
      const start = starts[number] as number;
      key.set(bytes.subarray(start, start + length), at);
      at += length;
    }
    return key;
  }

  #peerPort(): number {
    const value = this.#isAbsent(clientPort) ? this.#integer(remotePort) : this.clientPort;
    return value > 65_535 ? -1 : value;
  }

  #isAbsent(number: number): boolean {
    const length = this.frame.lengths[number] as number;
    if (length <= 0) return true;
    const start = this.frame.starts[number] as number;
    return length === NA.length && NA.every((byte, at) => this.frame.bytes[start + at] === byte);
  }

  /** As `agent/identity` reads it; -1 for none. */
  #integer(number: number): number {
    const length = this.frame.lengths[number] as number;
    if (length <= 0) return -1;
    const { bytes } = this.frame;
    const start = this.frame.starts[number] as number;
    let value = 0;
    for (let at = start; at < start + length; at += 1) {
      const digit = (bytes[at] as number) - 48;
      if (digit < 0 || digit > 9 || length > DIGITS_MAX) {
        return this.#isAbsent(number) ? -1 : UNUSUAL;
      }
      value = value * 10 + digit;
    }
    return value;
  }
}
