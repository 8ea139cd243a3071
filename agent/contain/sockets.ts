/** `/proc/<pid>/net/tcp` and its siblings: the sockets of a network namespace, by inode. */

export type Socket = {
  readonly protocol: 'tcp' | 'udp';
  readonly state: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
};

export const socketTables = ['tcp', 'tcp6', 'udp', 'udp6'] as const;
export type SocketTable = (typeof socketTables)[number];

/** 150 bytes a line; a node's own namespace can have more, a pod's has not. */
export const TABLE_BYTES_MAX = 4 * 1_024 * 1_024;

/** include/net/tcp_states.h, in order from 1. */
const STATES = [
  'established', 'syn-sent', 'syn-recv', 'fin-wait-1', 'fin-wait-2', 'time-wait', 'close',
  'close-wait', 'last-ack', 'listen', 'closing', 'new-syn-recv',
] as const;

const LINE = new RegExp(
  '^ *[0-9]+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})' +
    ' ([0-9A-F]{2}) [^ ]+ [^ ]+ [^ ]+ +[0-9]+ +[0-9]+ ([0-9]+) ',
);

/** A socket that no process holds has inode 0 and is left out. */
export function socketsOf(table: SocketTable, text: string): ReadonlyMap<string, Socket> {
  const sockets = new Map<string, Socket>();
  const protocol = table.startsWith('tcp') ? 'tcp' : 'udp';
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, local = '', localPort = '', remote = '', remotePort = '', state = '', inode = ''] =
      match;
    if (inode === '0') continue;
    sockets.set(inode, {
      protocol,
      state: STATES[Number.parseInt(state, 16) - 1] ?? 'unknown',
      localAddress: addressOf(local),
      localPort: Number.parseInt(localPort, 16),
      remoteAddress: addressOf(remote),
      remotePort: Number.parseInt(remotePort, 16),
    });
  }
  return sockets;
}

/** Words of 32 bits in the byte order of the machine: little-endian on all but s390x. */
function addressOf(hexadecimal: string): string {
  const bytes = Buffer.from(hexadecimal, 'hex');
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
  return bytes.length === 4 ? [...bytes].join('.') : addressOf6(bytes);
}

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

/** 16 bytes in network order, as RFC 5952 writes them. */
export function addressOf6(bytes: Buffer): string {
  if (bytes.subarray(0, 12).equals(MAPPED)) return [...bytes.subarray(12)].join('.');
  const words: string[] = [];
  for (let at = 0; at < 16; at += 2) words.push(bytes.readUInt16BE(at).toString(16));
  // The longest run of zeros, two at least, becomes `::`.
  const runs = [...words.join(':').matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)];
  const longest = runs.toSorted((one, other) => other[0].length - one[0].length)[0];
  if (longest === undefined) return words.join(':');
  const text = words.join(':');
  const before = text.slice(0, longest.index).replace(/:$/, '');
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}

/** The inode of `socket:[12345]`. */
export const socketInode = (link: string): string | null =>
  /^socket:\[([0-9]+)\]$/.exec(link)?.[1] ?? null;
