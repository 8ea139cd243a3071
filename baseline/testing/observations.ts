import type {
  Accept,
  Change,
  Connect,
  Container,
  Exec,
  Exit,
  Listen,
  Open,
  Privileged,
  Process,
  RuleMatch,
} from '../observation.ts';

/** Builders of observations, so that a test says only what matters to it. */

/** A Monday at midnight; `at` is in seconds from here. */
export const START_MS = Date.UTC(2026, 0, 5);

export function timeNs(at: number): bigint {
  return BigInt(Math.round((START_MS + at * 1000) * 1000)) * 1_000n;
}

export type PodOptions = Partial<Omit<Container, 'image'>> & {
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: string;
};

/** The pod `web-1` of the image `shop/web:1.0`, if nothing else is said. */
export function pod(options: PodOptions = {}): Container {
  const { repository = 'shop/web', tag = '1.0', digest, ...rest } = options;
  const name = rest.pod ?? 'web-1';
  return {
    scope: 'container',
    id: `c-${name}`,
    name: 'web',
    image: { repository, tag, digest: digest ?? `sha256:${repository}:${tag}` },
    namespace: 'shop',
    podUid: `uid-${name}`,
    workload: 'web',
    ...rest,
    pod: name,
  };
}

export const HOST: Container = {
  scope: 'host',
  id: 'host',
  name: 'host',
  image: { repository: '', tag: '', digest: '' },
  namespace: '',
  pod: '',
  podUid: '',
  workload: '',
};

/** Said of every kind of observation. */
export type Who = {
  readonly at?: number;
  readonly in?: Container;
  readonly pid?: number;
  readonly ppid?: number;
  readonly uid?: number;
  readonly exe?: string;
  readonly name?: string;
  readonly parent?: string;
  readonly parentExe?: string;
  readonly fields?: Readonly<Record<string, string>>;
};

const DEFAULT_EXE = '/usr/sbin/web';

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function common(who: Who): {
  timeNs: bigint;
  node: string;
  container: Container;
  process: Process;
  fields: ReadonlyMap<string, string>;
} {
  const exe = who.exe ?? DEFAULT_EXE;
  return {
    timeNs: timeNs(who.at ?? 0),
    node: 'node-a',
    container: who.in ?? pod(),
    process: {
      pid: who.pid ?? 100,
      ppid: who.ppid ?? 1,
      name: who.name ?? lastName(exe),
      exe,
      parentName: who.parent ?? 'web',
      parentExe: who.parentExe ?? DEFAULT_EXE,
      uid: who.uid ?? 1000,
    },
    fields: new Map(Object.entries(who.fields ?? {})),
  };
}

type Own<T> = Who &
  Partial<Omit<T, 'kind' | 'timeNs' | 'node' | 'container' | 'process' | 'fields'>>;

/** The special fields of one kind, without those that say who. */
function own<T>(options: Own<T>): Partial<T> {
  const rest: Record<string, unknown> = { ...options };
  for (const name of WHO_FIELDS) delete rest[name];
  return rest as Partial<T>;
}

const WHO_FIELDS = [
  ...['at', 'in', 'pid', 'ppid', 'uid', 'exe', 'name', 'parent', 'parentExe', 'fields'],
] as const;

export function exec(options: Own<Exec>): Exec {
  return {
    kind: 'exec',
    ...common(options),
    commandLine: lastName(options.exe ?? DEFAULT_EXE),
    cwd: '/',
    vpid: 7,
    sid: 1,
    sessionLeader: 'web',
    ancestors: [],
    tty: false,
    loginUid: -1,
    isUpperLayer: false,
    isMemfd: false,
    isWritable: false,
    capabilities: '',
    stdin: 'fifo',
    stdout: 'fifo',
    probe: '',
    ...own<Exec>(options),
  };
}

/** The entry point of a pod: pid 1 in its own namespace. */
export function start(options: Own<Exec> = {}): Exec {
  return exec({ vpid: 1, pid: 100, parent: 'containerd-shim', ...options });
}

/** What `kubectl exec` makes: the runtime starts a program inside, from outside. */
export function fromOutside(options: Own<Exec>): Exec {
  return exec({ parent: 'runc', parentExe: '/usr/sbin/runc', ppid: 9_000, vpid: 42, ...options });
}

export function read(path: string, options: Own<Open> = {}): Open {
  return { ...write(path, options), isWrite: false, ...own<Open>(options) };
}

export function write(path: string, options: Own<Open> = {}): Open {
  return {
    kind: 'open',
    ...common(options),
    path,
    isWrite: true,
    isCreate: false,
    isUpperLayer: false,
    ...own<Open>(options),
  };
}

export function change(operation: string, path: string, options: Own<Change> = {}): Change {
  return {
    kind: 'change',
    ...common(options),
    operation,
    path,
    target: '',
    mode: '',
    ...own<Change>(options),
  };
}

export function connect(address: string, port: number, options: Own<Connect> = {}): Connect {
  return {
    kind: 'connect',
    ...common(options),
    address,
    port,
    protocol: 'tcp',
    localAddress: '',
    localPort: -1,
    name: '',
    result: 'SUCCESS',
    ...own<Connect>(options),
  };
}

export function accept(peerAddress: string, localPort: number, options: Own<Accept> = {}): Accept {
  return {
    kind: 'accept',
    ...common(options),
    peerAddress,
    peerPort: 40_000,
    localAddress: '',
    localPort,
    protocol: 'tcp',
    ...own<Accept>(options),
  };
}

export function listen(port: number, options: Own<Listen> = {}): Listen {
  return {
    kind: 'listen',
    ...common(options),
    address: '0.0.0.0',
    port,
    protocol: 'tcp',
    ...own<Listen>(options),
  };
}

export function privileged(syscall: string, options: Own<Privileged> = {}): Privileged {
  return {
    kind: 'privileged',
    ...common(options),
    syscall,
    args: '',
    result: 'SUCCESS',
    capabilities: '',
    ...own<Privileged>(options),
  };
}

export function exit(options: Own<Exit> = {}): Exit {
  return { kind: 'exit', ...common(options), status: 0, durationNs: 0n, ...own<Exit>(options) };
}

export function ruleMatch(rule: string, options: Own<RuleMatch> = {}): RuleMatch {
  return {
    kind: 'rule',
    ...common(options),
    rule,
    priority: 'warning',
    tags: [],
    commandLine: '',
    ...own<RuleMatch>(options),
  };
}
