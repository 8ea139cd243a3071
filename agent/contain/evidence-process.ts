/** What `/proc` says of one process, in a moment; null when it ended meanwhile. */
import { textFromBytes } from '../../proto/text.ts';
import { redactText } from '../outbox/redact.ts';
import type { RedactRules } from '../outbox/redact.ts';
import type { EvidenceProcess } from './evidence-document.ts';
import type { ProcessFiles } from './process-files.ts';
import { commandLineOf } from './process-text.ts';
import type { ProcessStat, ProcessStatus } from './process-text.ts';
import type { Processes } from './processes.ts';
import { socketInode, socketTables, socketsOf, TABLE_BYTES_MAX } from './sockets.ts';
import type { Socket } from './sockets.ts';

export const COMMAND_LINE_BYTES_MAX = 4_096;
const PATH_BYTES_MAX = 1_024;
/** Each costs some microseconds during which the agent does nothing else. */
export const FDS_MAX = 1_024;
/** Of one process; a busy server has thousands of connections, and the first show the kind. */
export const SOCKETS_MAX = 512;
export const MAPPINGS_MAX = 64;
const MAPS_BYTES_MAX = 1_024 * 1_024;

export type ProcessLook = {
  readonly processes: Processes;
  readonly processFiles: ProcessFiles;
  readonly rules: RedactRules;
  /** By network namespace; filled as they are met. */
  readonly sockets: Map<string, ReadonlyMap<string, Socket>>;
};

export async function lookAt(
  pid: number,
  containerId: string,
  look: ProcessLook,
): Promise<EvidenceProcess | null> {
  const { processes, processFiles, rules } = look;
  const stat = processes.stat(pid);
  const status = processes.status(pid);
  if (stat === null || status === null) return null;
  const text = (bytes: Buffer | null): string => shown(bytes, PATH_BYTES_MAX, rules);
  const exe = text(processes.files.link(`${pid}/exe`));
  const digest = await processFiles.digest(`${pid}/exe`);
  const fds = await descriptorsOf(pid, look);
  const commandLine = await processFiles.read(`${pid}/cmdline`, COMMAND_LINE_BYTES_MAX);
  const mappings = await mappingsOf(pid, look);
  // All of it is of one process, or it is not evidence.
  if (processes.stat(pid)?.startTicks !== stat.startTicks) return null;
  const isDeleted = digest?.isUnlinked ?? exe.endsWith(' (deleted)');
  return {
    containerId,
    pid,
    ...said(stat, status, processes),
    exe,
    exeSha256: digest?.sha256 ?? '',
    exeBytes: digest?.bytes ?? -1,
    isExeDeleted: isDeleted,
    isMemfd: isDeleted && exe.startsWith('/memfd:'),
    commandLine: commandLine === null
      ? ''
      : redactText(commandLineOf(commandLine, COMMAND_LINE_BYTES_MAX), rules),
    cwd: text(processes.files.link(`${pid}/cwd`)),
    ...fds,
    mappings,
  };
}

function said(stat: ProcessStat, status: ProcessStatus, processes: Processes) {
  const startMs = processes.startMs(stat);
  return {
    ppid: stat.ppid,
    vpid: status.nspids.at(-1) ?? 0,
    name: stat.comm,
    state: stat.state,
    startedAt: startMs === null ? '' : new Date(startMs).toISOString(),
    uids: status.uids,
    gids: status.gids,
    capEff: status.capEff,
    capPrm: status.capPrm,
    capBnd: status.capBnd,
    noNewPrivs: status.noNewPrivs,
    seccomp: status.seccomp,
    threads: status.threads,
  };
}

type Descriptors = Pick<EvidenceProcess, 'stdio' | 'fdCount' | 'isFdCountCut' | 'sockets'>;

async function descriptorsOf(pid: number, look: ProcessLook): Promise<Descriptors> {
  const { processes, processFiles, rules } = look;
  const names = await processFiles.names(`${pid}/fd`, FDS_MAX);
  if (names === null) return { stdio: [], fdCount: -1, isFdCountCut: false, sockets: [] };
  const stdio = ['0', '1', '2'].map((name) =>
    names.includes(name)
      ? shown(processes.files.link(`${pid}/fd/${name}`), PATH_BYTES_MAX, rules)
      : '');
  const inodes: string[] = [];
  for (const name of names) {
    const link = processes.files.link(`${pid}/fd/${name}`)?.toString('latin1') ?? '';
    const inode = socketInode(link);
    if (inode !== null) inodes.push(inode);
  }
  const table = inodes.length === 0 ? NO_SOCKETS : await socketTableOf(pid, look);
  const sockets: Socket[] = [];
  for (const inode of inodes) {
    const socket = table.get(inode);
    if (socket !== undefined && sockets.length < SOCKETS_MAX) sockets.push(socket);
  }
  return { stdio, fdCount: names.length, isFdCountCut: names.length >= FDS_MAX, sockets };
}

const NO_SOCKETS: ReadonlyMap<string, Socket> = new Map();

/** The sockets of the process's network namespace; the pod's processes share one. */
async function socketTableOf(
  pid: number,
  { processes, processFiles, sockets }: ProcessLook,
): Promise<ReadonlyMap<string, Socket>> {
  const namespace = processes.files.link(`${pid}/ns/net`)?.toString('latin1') ?? `of ${pid}`;
  const known = sockets.get(namespace);
  if (known !== undefined) return known;
  const all = await readSockets(pid, processFiles);
  sockets.set(namespace, all);
  return all;
}

export async function readSockets(
  pid: number,
  files: ProcessFiles,
): Promise<ReadonlyMap<string, Socket>> {
  const all = new Map<string, Socket>();
  for (const table of socketTables) {
    const bytes = await files.read(`${pid}/net/${table}`, TABLE_BYTES_MAX);
    if (bytes === null) continue;
    for (const [inode, socket] of socketsOf(table, bytes.toString('latin1'))) {
      all.set(inode, socket);
    }
  }
  return all;
}

const MAPPED = /^[0-9a-f]+-[0-9a-f]+ ([rwxsp-]{4}) [0-9a-f]+ [0-9a-f:]+ [0-9]+ +(.+)$/;

async function mappingsOf(pid: number, look: ProcessLook): Promise<readonly string[]> {
  const bytes = await look.processFiles.read(`${pid}/maps`, MAPS_BYTES_MAX);
  const found = new Set<string>();
  for (const line of bytes?.toString('latin1').split('\n') ?? []) {
    const [, permissions = '', path = ''] = MAPPED.exec(line) ?? [];
    if (!permissions.includes('x') || !isNameless(path)) continue;
    if (found.size >= MAPPINGS_MAX) break;
    const name = shown(Buffer.from(path, 'latin1'), PATH_BYTES_MAX, look.rules);
    found.add(`${permissions} ${name}`);
  }
  return [...found];
}

const isNameless = (path: string): boolean =>
  path.startsWith('/memfd:') || path.endsWith(' (deleted)');

function shown(bytes: Buffer | null, bytesMax: number, rules: RedactRules): string {
  if (bytes === null) return '';
  return redactText(textFromBytes(bytes, 0, bytes.length, bytesMax), rules, bytesMax);
}
