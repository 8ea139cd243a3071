import type { Container, Observation, Process } from '../../baseline/observation.ts';
import type { FalcoEvent } from '../source/event.ts';
import type { Base, UnmappedReason } from './base.ts';
import { integer, text } from './fields.ts';
import type { Fields } from './fields.ts';
import { change, open } from './observe-file.ts';
import { accept, connect, listen } from './observe-network.ts';
import { exec, exit, privileged } from './observe-process.ts';

/**
 * One Falco event of a known container becomes an observation. Pure, and by `evt.type` and field
 * names alone: operators rename telemetry rules and add their own, so a rule's name means nothing;
 * its `lanner` tag tells telemetry from Falco's own alerts, and what is not telemetry is a rule
 * match whatever its system call was.
 */

export type Observed =
  | { readonly ok: true; readonly observation: Observation }
  | { readonly ok: false; readonly reason: UnmappedReason };

const TELEMETRY_TAG = 'lanner';

type Mapper = (base: Base, type: string) => Observation | UnmappedReason;

const mappers: ReadonlyMap<string, Mapper> = new Map([
  ...each(exec, 'execve', 'execveat'),
  ...each(open, 'open', 'openat', 'openat2', 'creat'),
  ...each(change, 'unlink', 'unlinkat', 'rename', 'renameat', 'renameat2', 'link', 'linkat'),
  ...each(change, 'symlink', 'symlinkat', 'mkdir', 'mkdirat', 'rmdir', 'truncate', 'ftruncate'),
  ...each(change, 'chmod', 'fchmod', 'fchmodat', 'fchmodat2'),
  ...each(change, 'chown', 'fchown', 'fchownat', 'lchown'),
  ...each(connect, 'connect', 'sendto', 'sendmsg', 'sendmmsg'),
  ...each(accept, 'accept', 'accept4'),
  ...each(listen, 'listen', 'bind'),
  ...each(exit, 'procexit'),
  ...each(privileged, 'ptrace', 'process_vm_readv', 'process_vm_writev', 'userfaultfd'),
  ...each(privileged, 'mount', 'umount', 'umount2', 'pivot_root', 'chroot', 'move_mount'),
  ...each(privileged, 'fsopen', 'fsconfig', 'fsmount', 'open_tree', 'mknod', 'mknodat'),
  ...each(privileged, 'setns', 'unshare', 'bpf', 'perf_event_open', 'io_uring_setup'),
  ...each(privileged, 'init_module', 'finit_module', 'delete_module', 'kexec_load'),
  ...each(privileged, 'capset', 'setuid', 'setgid', 'setreuid', 'setregid', 'setresuid'),
  ...each(privileged, 'setresgid', 'setfsuid', 'setfsgid', 'memfd_create', 'prctl', 'seccomp'),
  ...each(privileged, 'open_by_handle_at', 'quotactl', 'keyctl', 'add_key', 'request_key'),
]);

export function observe(event: FalcoEvent, container: Container, node: string): Observed {
  if (event.source !== 'syscall') {
    return { ok: false, reason: event.source === 'internal' ? 'internal' : 'plugin' };
  }
  const { fields } = event;
  const base: Base = { timeNs: event.timeNs, node, container, process: processOf(fields), fields };
  if (!event.tags.includes(TELEMETRY_TAG)) return { ok: true, observation: rule(event, base) };
  const type = fields.get('evt.type');
  if (type === undefined) return { ok: false, reason: 'no-type' };
  const mapper = mappers.get(type);
  if (mapper === undefined) return { ok: false, reason: 'unknown-type' };
  const mapped = mapper(base, type);
  return typeof mapped === 'string'
    ? { ok: false, reason: mapped }
    : { ok: true, observation: mapped };
}

function rule(event: FalcoEvent, base: Base): Observation {
  return {
    kind: 'rule',
    timeNs: base.timeNs,
    node: base.node,
    container: base.container,
    process: base.process,
    fields: base.fields,
    rule: event.rule,
    priority: event.priority,
    tags: event.tags,
    commandLine: text(base.fields, 'proc.cmdline'),
  };
}

function processOf(fields: Fields): Process {
  return {
    pid: integer(fields, 'proc.pid'),
    ppid: integer(fields, 'proc.ppid'),
    name: text(fields, 'proc.name'),
    exe: fields.get('proc.exepath') ?? text(fields, 'proc.exe'),
    parentName: text(fields, 'proc.pname'),
    parentExe: text(fields, 'proc.pexepath'),
    uid: integer(fields, 'user.uid'),
  };
}

function each(mapper: Mapper, ...types: readonly string[]): readonly (readonly [string, Mapper])[] {
  return types.map((type) => [type, mapper]);
}
