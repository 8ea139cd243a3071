/**
 * Most of what a container does it did a moment ago. This recognises by its bytes alone an event
 * that says the same as an earlier one of the same container: the same system call, program, user
 * and object. What may differ (time, pids, descriptors, a client's port) is not compared, and what
 * later rooms need of it is read without making a text. So recognition says nothing about what the
 * event means: the rooms behind keep with a `Repeat` what they found the first time.
 *
 * The compared values are put together once (`#gather`), looked for by a hash and then compared in
 * full, so no hash can be forged into another event. Bounds: `SETS` × `WAYS` repeats, the one
 * unused for longest in its set goes; an event is remembered when it comes the second time
 * (`#seen`), so that files with names of their own, a quarter of the recorded events, push nothing
 * out. What is longer than a cell is read in full each time.
 *
 * What was remembered lies in pages and not in arrays of their own, which cost twice their content
 * and two more cache misses each; hashes lie beside each other, so that only the repeat that is
 * meant is touched.
 */
import { FrameFields } from '../../proto/falco/frame-fields.ts';

/** Eight ways: with four, a node of 200 pods lost one event in eighty to a full set. */
const SETS = 4_096;
const WAYS = 8;
export const REPEATS_MAX = SETS * WAYS;
/** The longest of the recorded events need as much. */
const CELL_WORDS = 80;
const CELL_BYTES = CELL_WORDS * 4;
const CELLS_PER_PAGE = 256;
const WORD_MASK = 3;
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
  usedAt = 0;
  /** Its cell: as many words as `#gather` gave. */
  readonly page: Int32Array;
  readonly at: number;
  words = 0;

  constructor(page: Int32Array, at: number) {
    this.page = page;
    this.at = at;
  }
}

/** Where the wanted fields of one event stand in its bytes; a shape of the wire has one each. */
export type FieldPlaces = Readonly<
  Pick<FrameFields, 'starts' | 'lengths' | 'bytes' | 'seconds' | 'nanos' | 'hasTag' | 'scan'>
>;
export type FieldFinder = new (
  names: readonly string[],
  tag: string,
  source: string,
) => FieldPlaces;

export class Repeats {
  readonly frame: FieldPlaces;
  readonly #slots: (Repeat | undefined)[] = Array.from({ length: REPEATS_MAX });
  readonly #hashes = new Int32Array(REPEATS_MAX);
  /** Hashes that came once. */
  readonly #seen = new Int32Array(SEEN_MASK + 1);
  /** What is compared of the event: of each value its length in two bytes, then its bytes. */
  readonly #words = new Int32Array(CELL_WORDS);
  readonly #gathered = new Uint8Array(this.#words.buffer);
  #page = new Int32Array(0);
  #free = 0;
  #tick = 0;
  /** Of the event that was found last; -1 for what it does not say. */
  pid = 0;
  ppid = 0;
  peerPort = 0;
  /** The client's own word alone: where it says nothing, a connection has its local port. */
  clientPort = 0;

  constructor(Finder: FieldFinder = FrameFields) {
    this.frame = new Finder(wanted, 'lanner', 'syscall');
  }

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
    const words = this.#gather(kind.compared);
    return words === 0 ? null : this.#look(words);
  }

  #look(words: number): Repeat | null {
    const hash = this.#hash(words);
    const first = ((hash >>> 16) & (SETS - 1)) * WAYS;
    const hashes = this.#hashes;
    this.#tick += 1;
    for (let way = first; way < first + WAYS; way += 1) {
      if (hashes[way] !== hash) continue;
      const repeat = this.#slots[way];
      if (repeat === undefined || !this.#isSame(repeat, words)) continue;
      repeat.usedAt = this.#tick;
      return repeat;
    }
    if (this.#seen[hash & SEEN_MASK] !== hash) {
      this.#seen[hash & SEEN_MASK] = hash;
      return null;
    }
    return this.#remember(first, hash, words);
  }

  #remember(first: number, hash: number, words: number): Repeat {
    let oldest = first;
    for (let way = first; way < first + WAYS; way += 1) {
      const age = this.#slots[way]?.usedAt ?? -1;
      if (age < (this.#slots[oldest]?.usedAt ?? -1)) oldest = way;
    }
    // Whoever still holds the one that goes holds nothing of its cell.
    const repeat = this.#inCellOf(this.#slots[oldest]);
    repeat.page.set(this.#words.subarray(0, words), repeat.at);
    repeat.words = words;
    repeat.usedAt = this.#tick;
    this.#slots[oldest] = repeat;
    this.#hashes[oldest] = hash;
    return repeat;
  }

  #inCellOf(gone: Repeat | undefined): Repeat {
    if (gone !== undefined) return new Repeat(gone.page, gone.at);
    if (this.#free === this.#page.length) {
      this.#page = new Int32Array(CELLS_PER_PAGE * CELL_WORDS);
      this.#free = 0;
    }
    const repeat = new Repeat(this.#page, this.#free);
    this.#free += CELL_WORDS;
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

  /** In words, the last of them filled up with zeros; 0 for what no cell holds. */
  #gather(compared: readonly number[]): number {
    const { starts, lengths, bytes } = this.frame;
    const gathered = this.#gathered;
    let at = 0;
    for (const number of compared) {
      const length = lengths[number] as number;
      if (at + 2 + Math.max(0, length) > CELL_BYTES) return 0;
      // 65535 for none: no value is as long.
      gathered[at] = length;
      gathered[at + 1] = length >> 8;
      at += 2;
      const start = starts[number] as number;
      for (let index = 0; index < length; index += 1) {
        gathered[at + index] = bytes[start + index] as number;
      }
      if (length > 0) at += length;
    }
    while ((at & WORD_MASK) !== 0) gathered[at++] = 0;
    return at >> 2;
  }

  #hash(words: number): number {
    const gathered = this.#words;
    let hash = 0x811c9dc5;
    for (let at = 0; at < words; at += 1) {
      hash = Math.imul(hash ^ (gathered[at] as number), 0x5bd1e995);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  #isSame({ page, at, words }: Repeat, wanted: number): boolean {
    if (words !== wanted) return false;
    const gathered = this.#words;
    // From the end, where they differ if they do.
    for (let index = words - 1; index >= 0; index -= 1) {
      if (page[at + index] !== gathered[index]) return false;
    }
    return true;
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
