import { yamlComment, yamlText } from './artefact-text.ts';
import type { Value } from './artefact-text.ts';
import type { Labels } from '../kube/cluster-objects.ts';
import { valueOf } from '../profiles/image-profiles.ts';
import { behavioursOf, incompleteOf } from './learned.ts';
import type { Learned, LearnedBehaviour } from './learned.ts';
import type { LearnedChannel } from '../../baseline/profile/image-profile.ts';
import { pathParts } from './path-pattern.ts';

/**
 * A KubeArmorPolicy (`security.kubearmor.com/v1`) that allows the programs, files and protocols of
 * a profile. It is coarser than the profile, and says so: who reads a file is not in it (patterns
 * cannot name a source), files are allowed to all programs of the pod, network by protocol alone.
 * Shared libraries are read without Lanner looking: their directories are always allowed.
 */
export type KubeArmor = {
  readonly text: string;
  readonly policy: KubeArmorPolicy;
  readonly left: readonly string[];
};

export type KubeArmorPolicy = {
  readonly apiVersion: 'security.kubearmor.com/v1';
  readonly kind: 'KubeArmorPolicy';
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly selector: { readonly matchLabels: Labels };
    readonly severity: number;
    readonly process: { readonly matchPaths: readonly { readonly path: string }[] };
    readonly file: {
      readonly matchPaths: readonly FilePath[];
      readonly matchPatterns: readonly FilePattern[];
      readonly matchDirectories: readonly {
        readonly dir: string;
        readonly recursive: boolean;
        readonly readOnly: boolean;
      }[];
    };
    readonly network: { readonly matchProtocols: readonly { readonly protocol: string }[] };
    readonly action: 'Allow';
  };
};
type FilePath = { readonly path: string; readonly readOnly?: boolean };
type FilePattern = { readonly pattern: string; readonly readOnly?: boolean };

/** What it selects, as the cluster names it; without it the selector has to be filled in. */
export type KubeArmorTarget = { readonly namespace: string; readonly labels: Labels };

const PATH = /^\/+.*[^/]$/s;
const LIBRARIES = ['/lib/', '/lib64/', '/usr/lib/', '/usr/share/zoneinfo/'];
const SEVERITY = 5;
const FILE_CHANNELS: readonly LearnedChannel[] = ['file-read', 'file-write', 'file-change'];

export function kubeArmorOf(learned: Learned, target: KubeArmorTarget | null): KubeArmor {
  const left: string[] = [];
  const programs = new Set<string>();
  for (const behaviour of behavioursOf(learned, 'exec')) {
    const { verb, object } = behaviour;
    if (verb !== 'exec') continue;
    if (PATH.test(object) && isSafe(object)) programs.add(object);
    else left.push(valueOf('exec', behaviour));
  }
  const files = filesOf(learned, left);
  const protocols = new Set(behavioursOf(learned, 'net').flatMap(({ detail }) =>
    (/\/(tcp|udp)$/.exec(detail)?.[1] ?? []) as string | []));
  const policy: KubeArmorPolicy = {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: {
      name: nameOf(learned),
      ...target === null ? {} : { namespace: target.namespace },
    },
    spec: {
      selector: { matchLabels: target?.labels ?? { app: 'replace-me' } },
      severity: SEVERITY,
      process: { matchPaths: [...programs].toSorted().map((path) => ({ path })) },
      file: {
        ...files,
        matchDirectories: LIBRARIES.map((dir) => ({ dir, recursive: true, readOnly: true })),
      },
      network: { matchProtocols: [...protocols].toSorted().map((protocol) => ({ protocol })) },
      action: 'Allow',
    },
  };
  const notes = [
    `KubeArmor policy for ${learned.key}, coverage ${(learned.coverage * 100).toFixed(0)} %.`,
    'Coarser than the profile: files are allowed to all programs of the pod, network by protocol.',
    ...target === null ? ['To be filled in is which pods it is for: selector, namespace.'] : [],
    ...incompleteOf(learned).map((channel) => `Still learned: ${channel}.`),
    ...left.map((value) => `Left out: ${value}`),
  ];
  return { text: yamlComment(notes) + yamlText(policy as unknown as Value), policy, left };
}

/** A path is read-only where nothing but reading it was seen. */
function filesOf(learned: Learned, left: string[]) {
  const paths = new Map<string, boolean>();
  const patterns = new Map<string, boolean>();
  for (const channel of FILE_CHANNELS) {
    const isRead = channel === 'file-read';
    for (const behaviour of behavioursOf(learned, channel)) {
      const found = fileOf(behaviour);
      if (found === null) left.push(valueOf(channel, behaviour));
      else {
        const map = found.isPattern ? patterns : paths;
        map.set(found.text, (map.get(found.text) ?? true) && isRead);
      }
    }
  }
  const sorted = (map: ReadonlyMap<string, boolean>) =>
    [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const mode = (isRead: boolean) => (isRead ? { readOnly: true } : {});
  return {
    matchPaths: sorted(paths).map(([path, isRead]) => ({ path, ...mode(isRead) })),
    matchPatterns: sorted(patterns).map(([pattern, isRead]) => ({ pattern, ...mode(isRead) })),
  };
}

function fileOf({ object }: LearnedBehaviour) {
  const parts = pathParts(object);
  if (!parts.every((part) => part.kind !== 'text' || isSafe(part.text))) return null;
  const isPattern = parts.some(({ kind }) => kind !== 'text');
  const text = parts.map((part) => {
    if (part.kind === 'text') return part.text;
    if (part.kind === 'shape' && part.length > 0) return '?'.repeat(part.length);
    return part.kind === 'deep' ? '**' : '*';
  }).join('');
  return PATH.test(text) ? { text, isPattern } : null;
}

/** Its enforcers write paths into AppArmor profiles: what means something there is not said. */
const isSafe = (text: string): boolean => !/[^ -~]|["\\*?[\]{},@^]/.test(text);

const nameOf = ({ image: { repository, digest } }: Learned): string =>
  `lanner-${repository.split('/').at(-1)?.toLowerCase().replace(/[^a-z0-9]+/g, '-') ?? ''}-` +
  `${digest.slice(7, 15)}`.replace(/^-+|-+$/g, '');
