import { addressScope } from '../behaviour/address.ts';
import { baseName } from '../behaviour/process-role.ts';
import type { Change, Connect, Exec, Observation, Open, Privileged } from '../observation.ts';

/**
 * The never-learn list: what raises from the first second, whatever a profile says. `always` is
 * never made normal by seeing it (only by a person); `unless-known` is normal where the image's
 * own main process does it from the start (an operator that reads its token), and raises at once
 * when a shell or a tool does it or when the profile is complete without it.
 */
export type InnateRule = {
  readonly name: InnateName;
  readonly mode: 'always' | 'unless-known';
  readonly score: number;
  readonly techniques: readonly string[];
};

export type InnateName =
  | 'memfd-exec'
  | 'dropped-exec'
  | 'shell-on-socket'
  | 'autostart-write'
  | 'binary-write'
  | 'token-read'
  | 'credential-read'
  | 'process-memory'
  | 'metadata-service'
  | 'kernel-module'
  | 'namespace-escape'
  | 'process-injection'
  | 'history-removed'
  | 'kernel-setting-write';

function rule(
  name: InnateName,
  mode: InnateRule['mode'],
  score: number,
  ...techniques: string[]
): InnateRule {
  return { name, mode, score, techniques };
}

const MEMFD_EXEC = rule('memfd-exec', 'always', 90, 'T1620');
const DROPPED_EXEC = rule('dropped-exec', 'always', 75, 'T1036', 'T1105');
const SHELL_ON_SOCKET = rule('shell-on-socket', 'always', 85, 'T1059.004');
const AUTOSTART_WRITE = rule('autostart-write', 'always', 75, 'T1053.003');
const PRELOAD_WRITE = rule('autostart-write', 'always', 85, 'T1574.006');
const ACCOUNT_WRITE = rule('autostart-write', 'always', 75, 'T1098.004');
const BINARY_WRITE = rule('binary-write', 'always', 70, 'T1554');
const TOKEN_READ = rule('token-read', 'unless-known', 65, 'T1528');
const CREDENTIAL_READ = rule('credential-read', 'unless-known', 60, 'T1552.001', 'T1552.004');
const PROCESS_MEMORY = rule('process-memory', 'unless-known', 60, 'T1003.007');
const METADATA_SERVICE = rule('metadata-service', 'unless-known', 65, 'T1552.005');
const KERNEL_MODULE = rule('kernel-module', 'always', 95, 'T1547.006');
const NAMESPACE_ESCAPE = rule('namespace-escape', 'unless-known', 75, 'T1611');
const PROCESS_INJECTION = rule('process-injection', 'unless-known', 70, 'T1055.008');
const HISTORY_REMOVED = rule('history-removed', 'always', 60, 'T1070.003');
const KERNEL_SETTING = rule('kernel-setting-write', 'always', 80, 'T1611');

export function innateRules(o: Observation): readonly InnateRule[] {
  switch (o.kind) {
    case 'exec':
      return execRules(o);
    case 'open':
      return o.isWrite ? writeRules(o.path) : readRules(o);
    case 'change':
      return changeRules(o);
    case 'connect':
      return connectRules(o);
    case 'privileged':
      return privilegedRules(o);
    case 'accept':
    case 'listen':
    case 'rule':
    case 'exit':
      return NONE;
  }
}

const NONE: readonly InnateRule[] = [];

const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'busybox', 'fish']);
const TOOLS = new Set([
  ...SHELLS,
  ...['cat', 'head', 'tail', 'less', 'more', 'cp', 'dd', 'tar', 'base64', 'xxd', 'od', 'grep'],
  ...['curl', 'wget', 'nc', 'ncat', 'socat', 'find', 'awk', 'mawk', 'gawk', 'sed', 'strings'],
  ...['kubectl', 'scp', 'rsync', 'ssh', 'ftp', 'telnet', 'nsenter', 'unshare', 'mount', 'mknod'],
]);

export function isShell(exeOrName: string): boolean {
  return SHELLS.has(baseName(exeOrName));
}

/** A program of general use: that it does something says nothing about the image. */
export function isTool(exeOrName: string): boolean {
  return TOOLS.has(baseName(exeOrName));
}

function execRules(o: Exec): readonly InnateRule[] {
  const found: InnateRule[] = [];
  if (o.isMemfd || o.process.exe.startsWith('memfd:')) found.push(MEMFD_EXEC);
  else if (o.isUpperLayer) found.push(DROPPED_EXEC);
  // Standard input on a TCP socket. Unix sockets are how some runtimes pipe to any child.
  if (/^ipv[46]/.test(o.stdin)) found.push(SHELL_ON_SOCKET);
  return found;
}

const AUTOSTART = /^\/(etc\/cron|var\/spool\/cron|etc\/systemd\/|etc\/init\.d\/|etc\/rc\.local)/;
const ACCOUNTS =
  /(\/\.ssh\/authorized_keys2?$|^\/etc\/(passwd|shadow|sudoers|sudoers\.d\/.*|group|gshadow)$)/;
const BINARIES = /^\/(usr\/(local\/)?)?s?bin\//;
const LIBRARIES = /^\/(usr\/(local\/)?)?lib(64|32)?\/.*\.so(\.[0-9.]+)?$/;
const KERNEL_SETTINGS = /^\/proc\/(sys\/kernel\/|sysrq-trigger)|\/release_agent$|^\/sys\/kernel\//;

function writeRules(path: string): readonly InnateRule[] {
  if (path === '/etc/ld.so.preload') return [PRELOAD_WRITE];
  if (AUTOSTART.test(path)) return [AUTOSTART_WRITE];
  if (ACCOUNTS.test(path)) return [ACCOUNT_WRITE];
  if (KERNEL_SETTINGS.test(path)) return [KERNEL_SETTING];
  if (BINARIES.test(path) || LIBRARIES.test(path)) return [BINARY_WRITE];
  return NONE;
}

const TOKEN = /^\/(var\/)?run\/secrets\/.*\/token$/;
const CREDENTIALS = new RegExp(
  [
    '^/etc/g?shadow$',
    '/\\.ssh/id_[a-z0-9_]+$',
    '/\\.(aws/credentials|docker/config\\.json|kube/config)$',
    '/\\.(git-credentials|netrc|pgpass)$',
  ].join('|'),
);
const MEMORY = /^\/proc\/[^/]+\/(environ|mem|maps|root\/.*)$/;

function readRules(o: Open): readonly InnateRule[] {
  if (TOKEN.test(o.path)) return [TOKEN_READ];
  if (CREDENTIALS.test(o.path)) return [CREDENTIAL_READ];
  const own = `/proc/${o.process.pid}/`;
  if (MEMORY.test(o.path) && !o.path.startsWith('/proc/self/') && !o.path.startsWith(own)) {
    return [PROCESS_MEMORY];
  }
  return NONE;
}

const HISTORY = /\/\.(bash|zsh|sh|ash|mysql|psql|python|node_repl)_history$/;

function changeRules(o: Change): readonly InnateRule[] {
  const isGone = /^(unlink|rename|symlink|truncate)/.test(o.operation);
  if (isGone && HISTORY.test(o.path)) return [HISTORY_REMOVED];
  const written = o.target === '' ? o.path : o.target;
  const isWrite = o.target !== '' || /chmod|chown/.test(o.operation);
  return isWrite ? writeRules(written) : NONE;
}

/** Every large cloud serves instance credentials there; Alibaba's address is 100.100.100.200. */
const METADATA_ADDRESSES = new Set(['169.254.169.254', '100.100.100.200', 'fd00:ec2::254']);

function connectRules(o: Connect): readonly InnateRule[] {
  if (METADATA_ADDRESSES.has(o.address)) return [METADATA_SERVICE];
  if (addressScope(o.address) === 'link-local' && o.port === 80) return [METADATA_SERVICE];
  return NONE;
}

const MODULE_CALLS = new Set(['init_module', 'finit_module', 'delete_module']);
const ESCAPE_CALLS = new Set([
  ...['mount', 'umount', 'umount2', 'setns', 'unshare', 'pivot_root', 'mknod', 'mknodat'],
  ...['open_by_handle_at', 'bpf'],
]);
const INJECTION_CALLS = new Set(['ptrace', 'process_vm_readv', 'process_vm_writev']);

function privilegedRules(o: Privileged): readonly InnateRule[] {
  if (MODULE_CALLS.has(o.syscall)) return [KERNEL_MODULE];
  if (ESCAPE_CALLS.has(o.syscall)) return [NAMESPACE_ESCAPE];
  if (INJECTION_CALLS.has(o.syscall)) return [PROCESS_INJECTION];
  return NONE;
}
