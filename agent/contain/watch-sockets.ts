/**
 * Connections of a pod that stand, by `/proc/<pid>/net` of one of its processes. The node's own
 * addresses come from the tables of process 1: kubelet's probes are from one of them.
 */
import { BlockList, isIP } from 'node:net';
import type { CgroupTree } from './cgroup-tree.ts';
import { readSockets } from './evidence-process.ts';
import type { KernelFiles } from './kernel-files.ts';
import type { ProcessFiles } from './process-files.ts';
import type { Processes } from './processes.ts';
import { addressOf6 } from './sockets.ts';
import type { Socket } from './sockets.ts';
import { findTarget } from './target.ts';
import type { Target } from './target.ts';

export type Connection = Socket & {
  /** It came in, and from an address of the node. */
  readonly isFromNode: boolean;
};

export type EstablishedOptions = {
  readonly tree: CgroupTree;
  readonly processes: Processes;
  readonly processFiles: ProcessFiles;
  readonly ownPid: number;
};

/** By ends and inode; null when nobody may look. */
export async function readEstablished(
  target: Target,
  { tree, processes, processFiles, ownPid }: EstablishedOptions,
): Promise<ReadonlyMap<string, Connection> | null> {
  const found = findTarget(tree, target);
  if (!found.ok || !processes.areOurs(ownPid)) return null;
  const pid = found.value.meant.flatMap(({ path }) => tree.pids(path, 1).pids)[0];
  if (pid === undefined || isOfNode(pid, processes)) return null;
  const sockets = await readSockets(pid, processFiles);
  const ports = new Set<number>();
  for (const { state, localPort } of sockets.values()) if (state === 'listen') ports.add(localPort);
  const ownAddresses = nodeAddresses(processes.files);
  const standing = new Map<string, Connection>();
  for (const [inode, socket] of sockets) {
    const { protocol, state, localAddress, localPort, remoteAddress, remotePort } = socket;
    if (protocol !== 'tcp' || state !== 'established') continue;
    if (!isForeign(remoteAddress) || remoteAddress === localAddress) continue;
    const isFromNode = ports.has(localPort) && ownAddresses.has(remoteAddress);
    const key = `${inode} ${localPort} ${remoteAddress} ${remotePort}`;
    standing.set(key, { ...socket, isFromNode });
  }
  return standing;
}

/** A pod on the network of its node (hostNetwork) shares every socket with it. */
function isOfNode(pid: number, { files }: Processes): boolean {
  const own = files.link(`${pid}/ns/net`);
  const node = files.link('1/ns/net');
  return own !== null && node !== null && own.equals(node);
}

const inside = new BlockList();
inside.addSubnet('127.0.0.0', 8, 'ipv4');
inside.addAddress('0.0.0.0', 'ipv4');
inside.addAddress('::1', 'ipv6');
inside.addAddress('::', 'ipv6');

/** Outside of the pod, as far as an address tells. */
export function isForeign(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  return !inside.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

const TRIE_BYTES_MAX = 1_024 * 1_024;

export function nodeAddresses(files: KernelFiles): ReadonlySet<string> {
  const addresses = new Set<string>();
  const trie = files.readText('1/net/fib_trie', TRIE_BYTES_MAX) ?? '';
  // `|-- 10.0.0.1`, and in the next line `/32 host LOCAL`.
  for (const match of trie.matchAll(/\|-- ([0-9.]{7,15})\n\s+\/32 host LOCAL/g)) {
    addresses.add(match[1] ?? '');
  }
  const version6 = files.readText('1/net/if_inet6', TRIE_BYTES_MAX) ?? '';
  for (const match of version6.matchAll(/^([0-9a-f]{32}) /gm)) {
    addresses.add(addressOf6(Buffer.from(match[1] ?? '', 'hex')));
  }
  return addresses;
}
