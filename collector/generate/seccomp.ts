import { jsonArtefact } from './artefact-text.ts';
import type { Value } from './artefact-text.ts';
import { behavioursOf, isComplete } from './learned.ts';
import type { Learned } from './learned.ts';
import {
  ARCHITECTURE_CALLS,
  CLONE_NAMESPACES,
  FLOOR,
  FLOOR_SOURCE,
  PERSONALITIES,
  SOCKET_FAMILIES,
  SOCKET_FAMILY_BELOW,
} from './seccomp-floor.ts';

/**
 * A seccomp profile in the form of the OCI runtimes: the engines' default, less the privileged
 * calls that Falco watches and the image never made. Falco sees those and no others, so the rest
 * of the default stays; `x-lanner` in the file says so. A call that was seen only refused stays
 * refused.
 */
export type Seccomp = {
  readonly text: string;
  readonly profile: SeccompProfile;
  readonly allowed: readonly string[];
  readonly refused: readonly string[];
};

export type SeccompProfile = {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
};

export type SeccompRule = {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet?: number;
  readonly args?: readonly {
    readonly index: number;
    readonly value: number;
    readonly valueTwo?: number;
    readonly op: string;
  }[];
};

/** What Lanner's telemetry rules watch (`deploy/falco`); a test compares. */
export const WATCHED: readonly string[] = [
  'ptrace', 'mount', 'umount', 'umount2', 'setns', 'unshare', 'pivot_root', 'chroot', 'bpf',
  'init_module', 'finit_module', 'delete_module', 'capset', 'setuid', 'setgid', 'setresuid',
  'setresgid', 'memfd_create', 'userfaultfd', 'process_vm_readv', 'process_vm_writev', 'mknod',
  'mknodat', 'io_uring_setup', 'open_by_handle_at', 'quotactl', 'fsopen', 'fsmount', 'move_mount',
  'open_tree',
];

/**
 * The runtime itself makes these between loading the filter and the image's first program, unless
 * `no_new_privs` is set: without them no container starts.
 */
export const RUNTIME_NEEDS: ReadonlySet<string> = new Set(['capset', 'setuid', 'setgid']);

const EPERM = 1;
const ENOSYS = 38;

export function seccompOf(learned: Learned): Seccomp {
  const seen = new Set<string>();
  const refused = new Set<string>();
  for (const { verb, detail } of behavioursOf(learned, 'priv')) {
    if (!WATCHED.includes(verb)) continue;
    if (detail.endsWith('(refused)')) refused.add(verb);
    else seen.add(verb);
  }
  const isKept = (name: string): boolean =>
    !WATCHED.includes(name) || RUNTIME_NEEDS.has(name) || seen.has(name);
  const allowed = [...new Set([...FLOOR.filter(isKept), ...seen])].toSorted();
  const profile: SeccompProfile = {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_AARCH64',
      'SCMP_ARCH_ARM'],
    syscalls: [allow(allowed), allow(ARCHITECTURE_CALLS), ...argumentRules(seen)],
  };
  const notes = {
    key: learned.key,
    coverage: learned.coverage,
    isPrivilegedChannelComplete: isComplete(learned, 'priv'),
    floor: FLOOR_SOURCE,
    privilegedCallsSeen: [...seen].toSorted(),
    seenOnlyRefused: [...refused].filter((name) => !seen.has(name)).toSorted(),
    unused: WATCHED.filter((name) => !isKept(name)),
    notSeenByFalco: 'Of all other calls Falco tells nothing: they are as in the floor.',
  };
  return {
    text: jsonArtefact({ ...profile, 'x-lanner': notes } as unknown as Value),
    profile,
    allowed,
    refused: notes.unused,
  };
}

const allow = (names: readonly string[]): SeccompRule => ({ names, action: 'SCMP_ACT_ALLOW' });

function argumentRules(seen: ReadonlySet<string>): readonly SeccompRule[] {
  const equal = (name: string, value: number): SeccompRule =>
    ({ ...allow([name]), args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }] });
  const below = { index: 0, value: SOCKET_FAMILY_BELOW, op: 'SCMP_CMP_LT' };
  const namespaces = { index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' };
  return [
    { ...allow(['socket']), args: [below] },
    ...SOCKET_FAMILIES.map((family) => equal('socket', family)),
    ...PERSONALITIES.map((value) => equal('personality', value)),
    // Whoever unshares namespaces may ask clone for them, too. A filter cannot look into clone3's
    // arguments: it is not there, and programs fall back to clone.
    ...seen.has('unshare')
      ? [allow(['clone', 'clone3'])]
      : [{ ...allow(['clone']), args: [namespaces] },
        { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS } as const],
  ];
}
