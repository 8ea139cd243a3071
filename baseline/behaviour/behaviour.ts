import type { Channel } from '../alert.ts';
import type { Accept, Change, Connect, Exec, Listen, Observation } from '../observation.ts';
import { addressScope, portText } from './address.ts';
import { isRuntimeProgram, processRole } from './process-role.ts';
import { commandShape } from './shape.ts';

/**
 * What an observation says in general terms. `object` is still literal; whether it is replaced by
 * a pattern is for the profile to say, which counts the pods that use it (`tree`).
 */
export type Behaviour = {
  readonly channel: Channel;
  readonly verb: string;
  readonly object: string;
  /** How the object may be generalised; `none` for what must stay exact (executables, rules). */
  readonly tree: 'path' | 'address' | 'none';
  readonly detail: string;
  readonly by: string;
  /** The object comes from a document and may hold patterns already. */
  readonly isPattern?: boolean;
};

/** `exec /usr/bin/find ← sh as root`, `connect 10.96.0.81:8080/tcp by nginx`. */
export function behaviourText(behaviour: Behaviour, object: string): string {
  const link = behaviour.verb === 'exec' ? '←' : 'by';
  return `${behaviour.verb} ${object}${behaviour.detail} ${link} ${behaviour.by}`;
}

/** The name of whatever the pod address belongs to, or null when it is nobody known. */
export type AddressBook = (address: string) => string | null;

const NOBODY: readonly Behaviour[] = [];

export function behavioursOf(o: Observation, addressBook: AddressBook): readonly Behaviour[] {
  switch (o.kind) {
    case 'exec':
      return execBehaviours(o);
    case 'open':
      return [fileBehaviour(o, o.isWrite ? 'file-write' : 'file-read', o.path)];
    case 'change':
      return changeBehaviours(o);
    case 'connect':
      return connectBehaviours(o, addressBook);
    case 'accept':
      return [acceptBehaviour(o)];
    case 'listen':
      return listenBehaviours(o);
    case 'privileged': {
      const refused = o.result !== '' && o.result !== 'SUCCESS' && !/^[0-9]/.test(o.result);
      const detail = ` as ${userClass(o.process.uid)}${refused ? ' (refused)' : ''}`;
      return [plain('priv', o.syscall, '', detail, processRole(o.process))];
    }
    case 'rule':
      return [plain('rule', 'rule', o.rule, '', processRole(o.process))];
    case 'exit':
      return NOBODY;
  }
}

function plain(
  channel: Channel,
  verb: string,
  object: string,
  detail: string,
  by: string,
): Behaviour {
  return { channel, verb, object, tree: 'none', detail, by };
}

/** Root or not: user ids differ from namespace to namespace where they are handed out. */
function userClass(uid: number): string {
  return uid === 0 ? 'root' : 'user';
}

/**
 * Who started it: by the parent's *name*, since right after a fork Falco's parent path and parent
 * name can disagree (measured: `entry.sh` with the path of the nginx that replaced the shell).
 */
export function starterOf(o: Exec): string {
  if (o.vpid === 1) return '(entry point)';
  if (isRuntimeProgram(o.process.parentName)) return '(runtime exec)';
  return o.process.parentName === '' ? '?' : o.process.parentName;
}

function execBehaviours(o: Exec): readonly Behaviour[] {
  const as = ` as ${userClass(o.process.uid)}`;
  return [
    plain('exec', 'exec', o.process.exe, as, starterOf(o)),
    plain('exec', 'args', commandShape(o.commandLine), '', o.process.exe),
  ];
}

function fileBehaviour(o: Observation, channel: Channel, path: string): Behaviour {
  const verb = channel === 'file-write' ? 'write' : 'read';
  return { channel, verb, object: path, tree: 'path', detail: '', by: processRole(o.process) };
}

const CHANGE_VERBS: ReadonlyMap<string, string> = new Map([
  ['unlink', 'remove'],
  ['unlinkat', 'remove'],
  ['rmdir', 'remove'],
  ['rename', 'rename'],
  ['renameat', 'rename'],
  ['renameat2', 'rename'],
  ['link', 'link'],
  ['linkat', 'link'],
  ['symlink', 'link'],
  ['symlinkat', 'link'],
  ['mkdir', 'mkdir'],
  ['mkdirat', 'mkdir'],
  ['chmod', 'chmod'],
  ['fchmod', 'chmod'],
  ['fchmodat', 'chmod'],
  ['chown', 'chown'],
  ['fchown', 'chown'],
  ['fchownat', 'chown'],
  ['lchown', 'chown'],
]);

function changeBehaviours(o: Change): readonly Behaviour[] {
  const verb = CHANGE_VERBS.get(o.operation) ?? o.operation;
  const by = processRole(o.process);
  const change: Behaviour = {
    channel: 'file-change',
    verb,
    object: o.path,
    tree: 'path',
    detail: '',
    by,
  };
  if (o.target === '' || (verb !== 'rename' && verb !== 'link')) return [change];
  // A rename or a link puts a file in place: that is a write to where it leads.
  return [change, { ...change, channel: 'file-write', verb: 'write', object: o.target }];
}

function connectBehaviours(o: Connect, addressBook: AddressBook): readonly Behaviour[] {
  const by = processRole(o.process);
  const scope = addressScope(o.address);
  if (o.address === '' || scope === 'unknown') {
    return [plain('net', 'connect', '(failed)', '', by)];
  }
  const detail = `:${portText(o.port)}${o.protocol === '' ? '' : `/${o.protocol}`}`;
  if (scope === 'loopback') return [plain('net', 'connect', 'loopback', detail, by)];
  const owner = scope === 'inside' ? addressBook(o.address) : null;
  if (owner !== null) return [plain('net', 'connect', owner, detail, by)];
  return [{ channel: 'net', verb: 'connect', object: o.address, tree: 'address', detail, by }];
}

function acceptBehaviour(o: Accept): Behaviour {
  const scope = addressScope(o.peerAddress);
  const from = scope === 'outside' ? 'outside' : 'inside';
  const detail = `:${portText(o.localPort)}/${o.protocol}`;
  return plain('net', 'accept', from, detail, processRole(o.process));
}

function listenBehaviours(o: Listen): readonly Behaviour[] {
  // Port 0 lets the kernel choose: a client's socket, not a service.
  if (o.port <= 0) return NOBODY;
  const detail = `:${portText(o.port)}${o.protocol === '' ? '' : `/${o.protocol}`}`;
  return [plain('net', 'listen', '', detail, processRole(o.process))];
}
