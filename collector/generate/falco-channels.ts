import { EPHEMERAL_PORT_MIN } from '../../baseline/behaviour/address.ts';
import type { LearnedChannel } from '../../baseline/profile/image-profile.ts';
import type { LearnedBehaviour } from './learned.ts';
import { falcoPath, falcoRole, falcoValue } from './falco-words.ts';

/**
 * The channels of a profile as Falco sees them: which events, and when an event is one of the known
 * behaviours. The events are those of Lanner's own telemetry rules (a test compares them), so that
 * both judge the same.
 */
export type FalcoChannel = {
  readonly name: string;
  readonly channel: LearnedChannel;
  readonly verbs: ReadonlySet<string> | null;
  readonly events: string;
  readonly allow: (behaviour: LearnedBehaviour) => string | null;
  readonly output: string;
};

const and = (...parts: readonly (string | null)[]): string | null =>
  (parts.includes(null) ? null : parts.filter((part) => part !== '').join(' and '));

const userOf = (detail: string): string =>
  (detail.startsWith(' as root') ? 'user.uid = 0' : 'user.uid != 0');

/**
 * As `isRuntimeProgram` of the baseline, and by its file, too: a process can give itself any name,
 * but for a file of that name it has to write and to run one, and both are outside its profile.
 */
export const RUNTIME_PARENT =
  '(proc.pname in (runc, crun, conmon, containerd, crio, dockerd) or ' +
  'proc.pname startswith containerd-shim or proc.pname startswith "runc:[") and ' +
  '(proc.pexepath endswith /runc or proc.pexepath endswith /crun or ' +
  'proc.pexepath endswith /conmon or proc.pexepath endswith /containerd or ' +
  'proc.pexepath endswith /crio or proc.pexepath endswith /dockerd or ' +
  'proc.pexepath contains /containerd-shim)';

/**
 * What the runtime does in a container that it sets up is not the image's doing. By the runtime's
 * file, never by its stages' names alone (`runc:[2:INIT]` is a name that any process can take), and
 * not by a file that was written in the container. Before runc 1.2 a stage runs from a copy in
 * memory, which whoever has such a name could have, too: that one has to be runc's own child.
 */
export const RUNTIME_ITSELF =
  '(not proc.is_exe_upper_layer = true and (proc.exepath in (/usr/sbin/runc, /usr/bin/runc, ' +
  '/usr/local/sbin/runc, /usr/local/bin/runc, /usr/sbin/crun, /usr/bin/crun, /usr/bin/conmon, ' +
  '/usr/bin/containerd-shim-runc-v2, /usr/local/bin/containerd-shim-runc-v2) or ' +
  '(proc.name startswith "runc:[" and proc.exepath endswith /runc))) or ' +
  '(proc.name startswith "runc:[" and proc.exepath startswith "/memfd:runc_cloned" and ' +
  'proc.pexepath endswith /runc)';

function execAllowed({ object, detail, by }: LearnedBehaviour): string | null {
  const exe = falcoValue(object);
  const user = userOf(detail);
  const file = exe === null ? null : `proc.exepath = ${exe}`;
  if (by === '(entry point)') return and('proc.vpid = 1', file, user);
  if (by === '(runtime exec)') return and('proc.vpid != 1', 'lanner_runtime_parent', file, user);
  const parent = by === '?' ? '""' : falcoValue(by);
  return and('proc.vpid != 1', parent === null ? null : `proc.pname = ${parent}`, file, user);
}

function endpoint(detail: string, field = 'fd.sport'): string | null {
  const match = /^:([0-9]+|ephemeral)(?:\/([a-z0-9]+))?$/.exec(detail);
  if (match === null) return null;
  const port = match[1] === 'ephemeral'
    ? `${field} >= ${EPHEMERAL_PORT_MIN}`
    : `${field} = ${match[1]}`;
  return match[2] === undefined ? port : `${port} and fd.l4proto = ${match[2]}`;
}

function connectAllowed({ object, detail, by }: LearnedBehaviour): string | null {
  const role = falcoRole(by);
  if (object === '(failed)') return and('not fd.sip exists', role);
  if (object === 'loopback') return and('lanner_to_loopback', endpoint(detail), role);
  const open = (object.length - object.replace(/(?:\.<N>)+$/, '').length) / 4;
  if (open > 0) {
    const net = `${object.replaceAll('<N>', '0')}/${32 - 8 * open}`;
    return and(`fd.snet = ${falcoValue(net)}`, endpoint(detail), role);
  }
  const address = falcoValue(object);
  return and(address === null ? null : `fd.sip = ${address}`, endpoint(detail), role);
}

const acceptAllowed = ({ object, detail, by }: LearnedBehaviour): string | null =>
  and(object === 'outside' ? 'not lanner_from_inside' : 'lanner_from_inside', endpoint(detail),
    falcoRole(by));

function privAllowed({ verb, detail, by }: LearnedBehaviour): string | null {
  const result = detail.endsWith('(refused)') ? 'evt.rawres < 0' : 'evt.rawres >= 0';
  return and(`evt.type = ${falcoValue(verb)}`, userOf(detail), result, falcoRole(by));
}

const CALLS: Readonly<Record<string, string>> = {
  remove: 'unlink, unlinkat, rmdir',
  rename: 'rename, renameat, renameat2',
  link: 'link, linkat, symlink, symlinkat',
  mkdir: 'mkdir, mkdirat',
  chmod: 'chmod, fchmod, fchmodat',
  chown: 'chown, fchown, fchownat, lchown',
};

function changeAllowed({ verb, object, by }: LearnedBehaviour): string | null {
  const calls = CALLS[verb] ?? falcoValue(verb);
  const isMove = verb === 'rename' || verb === 'link';
  const named = falcoPath(isMove ? 'fs.path.source' : 'fs.path.name', object);
  const open = falcoPath('fd.name', object);
  // A call on an open file has no path among its arguments.
  const path = verb === 'chmod' || verb === 'chown'
    ? and(named, open) === null ? null : `(${named} or (not fs.path.name exists and ${open}))`
    : named;
  return and(calls === null ? null : `evt.type in (${calls})`, path, falcoRole(by));
}

const fileAllowed = (field: string) => ({ object, by }: LearnedBehaviour): string | null =>
  and(falcoPath(field, object), falcoRole(by));

const WHO = 'by %proc.exepath (%proc.name) started by %proc.pname, user %user.uid';

export const falcoChannels: readonly FalcoChannel[] = [
  {
    name: 'exec',
    channel: 'exec',
    verbs: new Set(['exec']),
    events: 'evt.type in (execve, execveat) and evt.rawres=0',
    allow: execAllowed,
    output: `program outside the profile: %proc.cmdline ${WHO}`,
  },
  {
    name: 'connect',
    channel: 'net',
    verbs: new Set(['connect']),
    events: '((evt.type=connect and (evt.rawres>=0 or evt.failed=true)) or (evt.type in (sendto, ' +
      'sendmsg, sendmmsg) and evt.rawres>=0 and fd.l4proto!=tcp and fd.connected=false and ' +
      'fd.name_changed=true)) and (fd.typechar=4 or fd.typechar=6)',
    allow: connectAllowed,
    output: `connection outside the profile: to %fd.sip:%fd.sport/%fd.l4proto ${WHO}`,
  },
  {
    name: 'accept',
    channel: 'net',
    verbs: new Set(['accept']),
    events: 'evt.type in (accept, accept4) and evt.rawres>=0 and (fd.typechar=4 or fd.typechar=6)',
    allow: acceptAllowed,
    output: `caller outside the profile: %fd.cip to port %fd.sport/%fd.l4proto ${WHO}`,
  },
  {
    name: 'listen',
    channel: 'net',
    verbs: new Set(['listen']),
    // Port 0 lets the kernel choose: a client's socket.
    events: 'evt.type in (listen, bind) and evt.rawres=0 and (fd.typechar=4 or fd.typechar=6) and ' +
      'fd.sport > 0',
    allow: ({ detail, by }) => and(endpoint(detail), falcoRole(by)),
    output: `port outside the profile: %fd.sport/%fd.l4proto ${WHO}`,
  },
  {
    name: 'privilege',
    channel: 'priv',
    verbs: null,
    events: 'evt.type in (ptrace, mount, umount, umount2, setns, unshare, pivot_root, chroot, bpf, ' +
      'init_module, finit_module, delete_module, capset, setuid, setgid, setresuid, setresgid, ' +
      'memfd_create, userfaultfd, process_vm_readv, process_vm_writev, mknod, mknodat, ' +
      'io_uring_setup, open_by_handle_at, quotactl, fsopen, fsmount, move_mount, open_tree) and ' +
      'evt.rawres exists',
    allow: privAllowed,
    output: `privileged call outside the profile: %evt.type %evt.res ${WHO}`,
  },
  {
    name: 'write',
    channel: 'file-write',
    verbs: null,
    events: 'evt.type in (open, openat, openat2, creat) and evt.is_open_write=true and ' +
      "fd.typechar='f' and fd.num>=0",
    allow: fileAllowed('fd.name'),
    output: `write outside the profile: %fd.name ${WHO}`,
  },
  {
    name: 'place',
    channel: 'file-write',
    verbs: null,
    events: 'evt.type in (rename, renameat, renameat2, link, linkat, symlink, symlinkat) and ' +
      'evt.rawres=0',
    allow: fileAllowed('fs.path.target'),
    output: `file put in place outside the profile: %fs.path.target ${WHO}`,
  },
  {
    name: 'read',
    channel: 'file-read',
    verbs: null,
    events: 'evt.type in (open, openat, openat2) and evt.is_open_read=true and ' +
      "evt.is_open_write=false and fd.typechar='f' and fd.num>=0 and not fd.name startswith " +
      '/usr/lib and not fd.name startswith /lib and not fd.name startswith /usr/share/zoneinfo ' +
      'and not fd.name startswith /sys/ and not fd.name=/etc/ld.so.cache and not fd.name endswith ' +
      '.pyc',
    allow: fileAllowed('fd.name'),
    output: `read outside the profile: %fd.name ${WHO}`,
  },
  {
    name: 'change',
    channel: 'file-change',
    verbs: null,
    events: 'evt.type in (unlink, unlinkat, rename, renameat, renameat2, link, linkat, symlink, ' +
      'symlinkat, chmod, fchmod, fchmodat, mkdir, mkdirat, rmdir, chown, fchown, fchownat, lchown) ' +
      'and evt.rawres=0',
    allow: changeAllowed,
    output: `change outside the profile: %evt.type %fs.path.name%fs.path.source ${WHO}`,
  },
];
