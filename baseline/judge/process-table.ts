import { isRuncStage, isRuntimeProgram } from '../behaviour/process-role.ts';
import type { Exec, Observation, Process } from '../observation.ts';

/**
 * The processes of one container as far as events tell: who started whom, and which of them were
 * put there from outside by the runtime (`kubectl exec`, a probe) instead of by the entry point.
 * Bound: `PROCESSES_MAX`, oldest first; a process not in the table is judged without ancestry.
 */

export const PROCESSES_MAX = 2048;
export const SESSION_COMMANDS_MAX = 64;
const ANCESTRY_MAX = 8;

export type Session = {
  readonly leader: number;
  readonly tty: boolean;
  readonly command: string;
  readonly startNs: bigint;
  readonly user: number;
  isProbe: boolean;
  commands: string[];
  commandsDropped: number;
  lastNs: bigint;
};

export type KnownProcess = {
  readonly pid: number;
  ppid: number;
  exe: string;
  name: string;
  commandLine: string;
  session: Session | null;
};

export class ProcessTable {
  readonly #processes = new Map<number, KnownProcess>();

  get(pid: number): KnownProcess | undefined {
    return this.#processes.get(pid);
  }

  /** The session a process belongs to; a child that never executed anything has its parent's. */
  sessionOf(o: Observation): Session | null {
    const { pid, ppid } = o.process;
    const known = this.#processes.get(pid) ?? this.#processes.get(ppid);
    if (known !== undefined || o.kind !== 'rule') return known?.session ?? null;
    // Falco's own rules seldom name a pid: the newest process with that command line it is.
    let session: Session | null = null;
    for (const process of this.#processes.values()) {
      if (process.commandLine === o.commandLine) session = process.session;
    }
    return session;
  }

  /** The same for an observation of a system call, without one. */
  isInSession(pid: number, ppid: number): boolean {
    const known = this.#processes.get(pid) ?? this.#processes.get(ppid);
    return known !== undefined && known.session !== null;
  }

  /** Takes an exec in. Returns the session it opens, if it is the first program of one. */
  exec(o: Exec): { readonly known: KnownProcess; readonly opened: Session | null } {
    const own = this.#processes.get(o.process.pid);
    const parent = this.#processes.get(o.process.ppid);
    // The runtime's own processes are outside and not in the table; a name alone proves nothing.
    const fromRuntime =
      isRuntimeProgram(o.process.parentName) && parent === undefined && o.vpid !== 1;
    let session = own?.session ?? parent?.session ?? null;
    let opened: Session | null = null;
    if (fromRuntime && (own?.session ?? null) === null) {
      opened = newSession(o);
      session = opened;
    }
    const known: KnownProcess = {
      pid: o.process.pid,
      ppid: o.process.ppid,
      exe: o.process.exe,
      name: o.process.name,
      commandLine: o.commandLine,
      session,
    };
    this.#put(known);
    if (session !== null) noteCommand(session, o);
    return { known, opened };
  }

  ancestry(process: Process): readonly string[] {
    const names: string[] = [];
    let ppid = process.ppid;
    if (process.parentName !== '') names.push(process.parentName);
    while (names.length < ANCESTRY_MAX) {
      const parent = this.#processes.get(ppid);
      if (parent === undefined || parent.ppid === ppid) break;
      const grand = this.#processes.get(parent.ppid);
      if (grand === undefined) break;
      names.push(grand.name);
      ppid = parent.ppid;
    }
    return names;
  }

  /**
   * What the container runtime does while it sets a container up belongs to the runtime. Names are
   * anybody's to choose: a process that executed something inside the container, or whose parent
   * did, is never the runtime. On the node itself the runtime is at home.
   */
  isRuntime(o: Observation): boolean {
    const { pid, ppid, name, exe, parentName } = o.process;
    const isInside = o.container.scope === 'container';
    if (o.kind === 'exec') {
      // `runc init`, just before it becomes the program that was asked for.
      if (isInside && (o.isUpperLayer || this.#processes.has(ppid))) return false;
      return isRuntimeProgram(exe) && isRuntimeProgram(parentName);
    }
    // A child has its parent's path; runc's own is runc's, or a copy in memory (runc before 1.2).
    const isStage = isRuncStage(name) && (exe === '' || exe.includes('memfd:runc_cloned'));
    if (!isStage && !isRuntimeProgram(exe)) return false;
    // Another program of that pid ended long ago: pids come back.
    return this.#processes.get(pid)?.exe !== exe;
  }

  /** Of a program that was the runtime's: nobody executed it inside since. */
  isStillRuntime(pid: number, exe: string): boolean {
    return this.#processes.get(pid)?.exe !== exe;
  }

  #put(known: KnownProcess): void {
    this.#processes.delete(known.pid);
    this.#processes.set(known.pid, known);
    if (this.#processes.size <= PROCESSES_MAX) return;
    for (const oldest of this.#processes.keys()) {
      this.#processes.delete(oldest);
      break;
    }
  }
}

function newSession(o: Exec): Session {
  return {
    leader: o.process.pid,
    tty: o.tty,
    command: o.commandLine,
    startNs: o.timeNs,
    user: o.process.uid,
    isProbe: o.probe !== '',
    commands: [],
    commandsDropped: 0,
    lastNs: o.timeNs,
  };
}

function noteCommand(session: Session, o: Exec): void {
  session.lastNs = o.timeNs;
  if (session.commands.length < SESSION_COMMANDS_MAX) session.commands.push(o.commandLine);
  else session.commandsDropped += 1;
}
