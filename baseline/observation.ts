/**
 * One event in Lanner's own typed form, its container known. `agent/identity` makes observations,
 * the baseline learns from them and judges them. Texts are well-formed and bounded already
 * (`agent/source/text.ts`), but still the attacker's: they are data, never markup or commands.
 *
 * A value that Falco did not give is the empty string, `-1` or `false`; `null` and `"<NA>"` do not
 * get this far.
 */

export type Image = {
  readonly repository: string;
  readonly tag: string;
  /** `sha256:…`, or empty where the runtime gives none (plain docker). */
  readonly digest: string;
};

export type Container = {
  /** `host` are the node's own processes: one profile per node pool instead of per image. */
  readonly scope: 'container' | 'host';
  /** First 12 hex digits, as Falco shows them; `host` for the host scope. */
  readonly id: string;
  readonly name: string;
  readonly image: Image;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  /** What made the pod, e.g. `web` for `web-7k4r7fk9xj-xn5cd`; empty outside Kubernetes. */
  readonly workload: string;
};

export type Process = {
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  readonly exe: string;
  readonly parentName: string;
  readonly parentExe: string;
  readonly uid: number;
};

type Common = {
  /** Nanoseconds since 1970, exact. */
  readonly timeNs: bigint;
  readonly node: string;
  readonly container: Container;
  readonly process: Process;
  /** Falco's fields as received (text door passed), kept as evidence for an alert. */
  readonly fields: ReadonlyMap<string, string>;
};

export type Exec = Common & {
  readonly kind: 'exec';
  readonly commandLine: string;
  readonly cwd: string;
  /** Pid inside the container's own pid namespace: 1 is the entry point. */
  readonly vpid: number;
  readonly sid: number;
  readonly sessionLeader: string;
  /** Names of the grandparent and further up, nearest first. */
  readonly ancestors: readonly string[];
  readonly tty: boolean;
  readonly loginUid: number;
  readonly isUpperLayer: boolean;
  readonly isMemfd: boolean;
  readonly isWritable: boolean;
  readonly capabilities: string;
  readonly stdin: string;
  readonly stdout: string;
  /** `liveness`, `readiness`, `healthcheck` where Falco recognised a probe, else empty. */
  readonly probe: string;
};

export type Open = Common & {
  readonly kind: 'open';
  readonly path: string;
  readonly isWrite: boolean;
  readonly isCreate: boolean;
  readonly isUpperLayer: boolean;
};

export type Change = Common & {
  readonly kind: 'change';
  /** The system call: unlink, renameat2, fchmodat, mkdir … */
  readonly operation: string;
  readonly path: string;
  /** Where a rename or a link leads; empty otherwise. */
  readonly target: string;
  readonly mode: string;
};

export type Connect = Common & {
  readonly kind: 'connect';
  /** Empty when the connect failed: Falco then knows no address. */
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly name: string;
  readonly result: string;
};

export type Accept = Common & {
  readonly kind: 'accept';
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly protocol: string;
};

export type Listen = Common & {
  readonly kind: 'listen';
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
};

export type Privileged = Common & {
  readonly kind: 'privileged';
  readonly syscall: string;
  readonly args: string;
  readonly result: string;
  readonly capabilities: string;
};

export type Exit = Common & {
  readonly kind: 'exit';
  readonly status: number;
  readonly durationNs: bigint;
};

/** An alert of one of Falco's own rules: evidence, and a guard before a profile is complete. */
export type RuleMatch = Common & {
  readonly kind: 'rule';
  readonly rule: string;
  /** Falco's word in lower case: `critical`, `error`, `warning`, `notice` … */
  readonly priority: string;
  readonly tags: readonly string[];
  readonly commandLine: string;
};

export type Observation =
  | Exec
  | Open
  | Change
  | Connect
  | Accept
  | Listen
  | Privileged
  | Exit
  | RuleMatch;

export type ObservationKind = Observation['kind'];
