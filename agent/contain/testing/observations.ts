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
} from '../../../baseline/observation.ts';
import { POD_UID } from './fake-node.ts';

const START_NS = BigInt(Date.UTC(2026, 0, 5)) * 1_000_000n;
const timeNs = (at: number): bigint => START_NS + BigInt(Math.round(at * 1_000)) * 1_000_000n;

type Who = Partial<Pick<Container, 'scope' | 'podUid' | 'id'>> &
  Partial<Process> & { readonly at?: number };

function common(who: Who) {
  const { scope = 'container', podUid = POD_UID, id = 'a1a1a1a1a1a1' } = who;
  return {
    timeNs: timeNs(who.at ?? 0),
    node: 'node-a',
    container: {
      scope,
      id,
      name: 'web',
      image: { repository: 'shop/web', tag: '1', digest: 'sha256:1' },
      namespace: 'shop',
      pod: 'web-1',
      podUid,
      workload: 'web',
    },
    process: {
      pid: who.pid ?? 100,
      ppid: who.ppid ?? 1,
      name: who.name ?? 'web',
      exe: who.exe ?? '/usr/sbin/web',
      parentName: 'init',
      parentExe: '/init',
      uid: who.uid ?? 0,
    },
    fields: new Map<string, string>(),
  };
}

/** What a pod does, as the room cares for it. */
export const observation = {
  timeNs,
  exec: (who: Who & Partial<Exec> = {}): Exec => ({
    commandLine: 'web',
    cwd: '/',
    vpid: 2,
    sid: 1,
    sessionLeader: '',
    ancestors: [],
    tty: false,
    loginUid: -1,
    isUpperLayer: false,
    isMemfd: false,
    isWritable: false,
    capabilities: '',
    stdin: '',
    stdout: '',
    probe: '',
    ...pick(who),
    ...common(who),
    kind: 'exec',
  }),
  open: (who: Who & Partial<Open>): Open => ({
    path: '/a',
    isWrite: false,
    isCreate: false,
    isUpperLayer: false,
    ...pick(who),
    ...common(who),
    kind: 'open',
  }),
  change: (who: Who & Partial<Change>): Change => ({
    operation: 'unlink',
    path: '/a',
    target: '',
    mode: '',
    ...pick(who),
    ...common(who),
    kind: 'change',
  }),
  connect: (who: Who & Partial<Connect>): Connect => ({
    address: '203.0.113.9',
    port: 443,
    protocol: 'tcp',
    localAddress: '10.1.0.5',
    localPort: 40_000,
    result: 'SUCCESS',
    ...pick(who),
    ...common(who),
    kind: 'connect',
    name: '',
  }),
  accept: (who: Who & Partial<Accept>): Accept => ({
    peerAddress: '10.1.0.9',
    peerPort: 50_000,
    localAddress: '10.1.0.5',
    localPort: 80,
    protocol: 'tcp',
    ...pick(who),
    ...common(who),
    kind: 'accept',
  }),
  listen: (who: Who & Partial<Listen>): Listen => ({
    address: '0.0.0.0',
    port: 80,
    protocol: 'tcp',
    ...pick(who),
    ...common(who),
    kind: 'listen',
  }),
  privileged: (who: Who & Partial<Privileged>): Privileged => ({
    syscall: 'ptrace',
    args: '',
    result: '0',
    capabilities: '',
    ...pick(who),
    ...common(who),
    kind: 'privileged',
  }),
  exit: (who: Who & Partial<Exit>): Exit => ({
    status: 0,
    durationNs: 0n,
    ...pick(who),
    ...common(who),
    kind: 'exit',
  }),
  rule: (who: Who & Partial<RuleMatch>): RuleMatch => ({
    rule: 'a rule',
    priority: 'notice',
    tags: [],
    commandLine: '',
    ...pick(who),
    ...common(who),
    kind: 'rule',
  }),
};

/** What is of the kind itself; who did it is put together in `common`. */
function pick<T extends Who>(told: T): Omit<T, keyof Who> {
  const { scope: _s, podUid: _u, id: _i, at: _a, pid: _p, ppid: _pp, name: _n, exe: _e, uid: _d,
    parentName: _pn, parentExe: _pe, ...rest } = told;
  return rest;
}
