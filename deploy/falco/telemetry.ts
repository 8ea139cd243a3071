/**
 * Lanner's telemetry rules for Falco 0.40 to 0.44, in tiers that can be loaded apart. They are
 * written from this table because every rule names the same two dozen fields: Falco has no way to
 * share them, and a field that one rule forgets is a hole that nothing shows.
 *
 * Conditions keep to what every version knows: `evt.rawres` is absent on enter events, which ended
 * with 0.42, so that `evt.dir` is never needed. Rules raise nothing; they are tagged `lanner`, by
 * which the agent tells them from Falco's own.
 */
export type Tier = 'core' | 'changes' | 'reads' | 'host';

export type TelemetryRule = {
  readonly name: string;
  readonly tier: Tier;
  readonly desc: string;
  readonly condition: string;
  /** Fields of this kind of event alone. */
  readonly fields: readonly string[];
  readonly tag: string;
};

/** In every event: whose it is and which process did it. */
export const COMMON_FIELDS: readonly string[] = [
  'proc.exepath', 'proc.name', 'proc.pname', 'proc.pexepath', 'proc.pid', 'proc.ppid', 'user.uid',
  'evt.type', 'evt.rawtime', 'container.id', 'container.name', 'container.image.repository',
  'container.image.tag', 'container.image.digest', 'k8s.ns.name', 'k8s.pod.name', 'k8s.pod.uid',
];

const EXEC_FIELDS = [
  'proc.cmdline', 'proc.cwd', 'proc.vpid', 'proc.sid', 'proc.sname', 'proc.aname[2]',
  'proc.aname[3]', 'proc.aname[4]', 'proc.tty', 'user.loginuid', 'user.name',
  'proc.is_exe_upper_layer', 'proc.is_exe_lower_layer', 'proc.is_exe_from_memfd',
  'proc.is_exe_writable', 'thread.cap_effective', 'proc.stdin.type', 'proc.stdout.type',
  'container.privileged', 'container.liveness_probe', 'container.readiness_probe',
  'container.healthcheck', 'container.image.id',
];
const CONNECT_FIELDS = [
  'fd.sip', 'fd.sport', 'fd.cip', 'fd.cport', 'fd.l4proto', 'evt.res', 'fd.sip.name',
];

const EXEC = 'evt.type in (execve, execveat) and evt.rawres=0';
const OPEN = 'evt.type in (open, openat, openat2)';
const WRITE = "evt.type in (open, openat, openat2, creat) and evt.is_open_write=true and " +
  "fd.typechar='f' and fd.num>=0";
// A failed connect has no address, and is told all the same. UDP without connect() is told at the
// first packet to a destination.
const CONNECT = '((evt.type=connect and (evt.rawres>=0 or evt.failed=true)) or ' +
  '(evt.type in (sendto, sendmsg, sendmmsg) and evt.rawres>=0 and fd.l4proto!=tcp and ' +
  'fd.connected=false and fd.name_changed=true)) and (fd.typechar=4 or fd.typechar=6)';
const LISTEN = 'evt.type in (listen, bind) and evt.rawres=0 and (fd.typechar=4 or fd.typechar=6)';
const CHANGES = 'unlink, unlinkat, rename, renameat, renameat2, link, linkat, symlink, symlinkat, ' +
  'chmod, fchmod, fchmodat, mkdir, mkdirat, rmdir, chown, fchown, fchownat, lchown';
const PRIVILEGED = 'ptrace, mount, umount, umount2, setns, unshare, pivot_root, chroot, bpf, ' +
  'init_module, finit_module, delete_module, capset, setuid, setgid, setresuid, setresgid, ' +
  'memfd_create, userfaultfd, process_vm_readv, process_vm_writev, mknod, mknodat, ' +
  'io_uring_setup, open_by_handle_at, quotactl, fsopen, fsmount, move_mount, open_tree';
const IN_CONTAINER = 'container.id != host';
const ON_HOST = 'container.id = host';
/** What every program reads at its start, and says nothing. */
const READ_NOISE = ['/usr/lib', '/lib', '/usr/share/zoneinfo', '/sys/']
  .map((path) => `not fd.name startswith ${path}`)
  .concat('not fd.name=/etc/ld.so.cache', 'not fd.name endswith .pyc')
  .join(' and ');
const HOST_FOLDERS = '(/etc, /usr, /bin, /sbin, /lib, /boot, /root, /opt, /var/spool/cron)';

export const telemetryRules: readonly TelemetryRule[] = [{
  name: 'lanner exec',
  tier: 'core',
  desc: 'a program was executed in a container',
  condition: `${EXEC} and ${IN_CONTAINER}`,
  fields: EXEC_FIELDS,
  tag: 'exec',
}, {
  name: 'lanner write',
  tier: 'core',
  desc: 'a file was opened for writing in a container',
  condition: `${WRITE} and ${IN_CONTAINER}`,
  fields: ['fd.name', 'evt.arg.flags', 'fd.is_upper_layer', 'evt.is_open_create'],
  tag: 'file',
}, {
  name: 'lanner change',
  tier: 'changes',
  desc: 'a file was removed, renamed, linked or had its mode changed in a container',
  condition: `evt.type in (${CHANGES}) and evt.rawres=0 and ${IN_CONTAINER}`,
  fields: ['fs.path.name', 'fs.path.source', 'fs.path.target', 'evt.arg.mode', 'fd.name'],
  tag: 'file',
}, {
  name: 'lanner connect',
  tier: 'core',
  desc: 'a container tried an outbound connection',
  condition: `${CONNECT} and ${IN_CONTAINER}`,
  fields: CONNECT_FIELDS,
  tag: 'network',
}, {
  name: 'lanner accept',
  tier: 'core',
  desc: 'a container accepted an inbound connection',
  condition: 'evt.type in (accept, accept4) and evt.rawres>=0 and ' +
    `(fd.typechar=4 or fd.typechar=6) and ${IN_CONTAINER}`,
  fields: ['fd.cip', 'fd.cport', 'fd.sip', 'fd.sport', 'fd.l4proto'],
  tag: 'network',
}, {
  name: 'lanner listen',
  tier: 'core',
  desc: 'a container bound or listens on a port',
  condition: `${LISTEN} and ${IN_CONTAINER}`,
  fields: ['fd.name', 'fd.sport', 'fd.l4proto', 'evt.arg.addr'],
  tag: 'network',
}, {
  name: 'lanner syscall',
  tier: 'core',
  desc: 'a container used a system call that changes privileges, namespaces, the kernel or ' +
    'another process',
  condition: `evt.type in (${PRIVILEGED}) and evt.rawres exists and ${IN_CONTAINER}`,
  fields: ['evt.args', 'evt.res', 'thread.cap_effective'],
  tag: 'syscall',
}, {
  name: 'lanner exit',
  tier: 'core',
  desc: 'a container process ended',
  condition: `evt.type=procexit and ${IN_CONTAINER}`,
  fields: ['evt.arg.status', 'proc.duration'],
  tag: 'exit',
}, {
  name: 'lanner read',
  tier: 'reads',
  desc: 'a file was opened for reading in a container, shared libraries aside',
  condition: `${OPEN} and evt.is_open_read=true and evt.is_open_write=false and ` +
    `fd.typechar='f' and fd.num>=0 and ${READ_NOISE} and ${IN_CONTAINER}`,
  fields: ['fd.name', 'evt.arg.flags', 'fd.is_upper_layer'],
  tag: 'file',
}, {
  name: 'lanner host exec',
  tier: 'host',
  desc: 'a program was executed on the node itself',
  condition: `${EXEC} and ${ON_HOST}`,
  fields: EXEC_FIELDS,
  tag: 'exec',
}, {
  name: 'lanner host write',
  tier: 'host',
  desc: "a file of the node's system was opened for writing",
  condition: `${WRITE} and fd.name pmatch ${HOST_FOLDERS} and ${ON_HOST}`,
  fields: ['fd.name', 'evt.arg.flags', 'evt.is_open_create'],
  tag: 'file',
}, {
  name: 'lanner host connect',
  tier: 'host',
  desc: 'the node itself tried an outbound connection',
  condition: `${CONNECT} and ${ON_HOST}`,
  fields: CONNECT_FIELDS,
  tag: 'network',
}, {
  name: 'lanner host listen',
  tier: 'host',
  desc: 'the node itself bound or listens on a port',
  condition: `${LISTEN} and ${ON_HOST}`,
  fields: ['fd.name', 'fd.sport', 'fd.l4proto', 'evt.arg.addr'],
  tag: 'network',
}, {
  name: 'lanner host syscall',
  tier: 'host',
  desc: 'the node itself changed its kernel or looked into another process',
  condition: 'evt.type in (ptrace, bpf, init_module, finit_module, delete_module, ' +
    'process_vm_readv, process_vm_writev, pivot_root, open_by_handle_at) and ' +
    `evt.rawres exists and ${ON_HOST}`,
  fields: ['evt.args', 'evt.res', 'thread.cap_effective'],
  tag: 'syscall',
}];

const TIER_WORDS: Readonly<Record<Tier, string>> = {
  core: 'programs, connections, privileged calls and writes in containers',
  changes: 'files that containers remove, rename, link or make executable',
  reads: 'files that containers open for reading; the first that an overloaded agent sheds',
  host: 'the node itself, outside of containers',
};

export const tiers: readonly Tier[] = ['core', 'changes', 'reads', 'host'];

/** One rules file, as Falco loads it. */
export function rulesFile(tier: Tier): string {
  const rules = telemetryRules.filter((rule) => rule.tier === tier);
  return `# Written by \`npm run render\` from deploy/falco/telemetry.ts: change that.\n` +
    `# Tier ${tier}: ${TIER_WORDS[tier]}.\n\n${rules.map(ruleText).join('\n')}`;
}

function ruleText({ name, desc, condition, fields, tag }: TelemetryRule): string {
  // The agent reads fields by their names, so that the text is only a list of them.
  const output = [...fields, ...COMMON_FIELDS].map((field) => `%${field}`).join(' ');
  return `- rule: ${name}
  desc: ${desc}
  condition: >
    ${condition}
  output: >
    ${output}
  priority: DEBUG
  tags: [lanner, ${tag}]
`;
}
