import type { Alert, AlertBehaviour, AlertProcess } from '../../baseline/alert.ts';

/**
 * Who started whom in one container, from what alerts say: each process with the names of its
 * ancestors, and its parent's pid where Falco gave it. Of an ancestor that raised nothing itself
 * only the name is known. Bounds: `PROCESSES_MAX` processes, `DEPTH_MAX` ancestors of each. What a
 * process calls itself is its own choice: processes that name each other as parent are not a loop.
 */
const PROCESSES_MAX = 300;
const DEPTH_MAX = 32;

export type ProcessNode = {
  readonly pid: number | null;
  readonly name: string;
  readonly exe: string;
  readonly commandLine: string;
  readonly uid: number | null;
  readonly alertIds: readonly string[];
  readonly behaviours: readonly string[];
  readonly children: readonly ProcessNode[];
};

type Draft = {
  readonly pid: number | null;
  readonly name: string;
  readonly exe: string;
  readonly commandLine: string;
  readonly uid: number | null;
  readonly ancestry: readonly string[];
  readonly ppid: number;
  readonly alertIds: Set<string>;
  readonly behaviours: Set<string>;
  readonly children: Draft[];
  parent: Draft | undefined;
};

export function processTree(alerts: readonly Alert[]): readonly ProcessNode[] {
  const processes = processesOf(alerts);
  const root = named('', undefined);
  for (const one of processes.values()) {
    const parent = processes.get(keyOf(one.ppid, one.ancestry[0] ?? ''));
    if (parent !== undefined && parent !== one && !isAbove(one, parent)) attach(one, parent);
    else attach(one, ancestorsOf(one, root));
  }
  return root.children.map(finished);
}

function processesOf(alerts: readonly Alert[]): ReadonlyMap<string, Draft> {
  const processes = new Map<string, Draft>();
  const see = (process: AlertProcess, alert: Alert, behaviour?: AlertBehaviour): void => {
    const key = keyOf(process.pid, process.name);
    let known = processes.get(key);
    if (known === undefined) {
      if (processes.size >= PROCESSES_MAX || process.name === '') return;
      const { pid, name, exe, commandLine, uid } = process;
      known = {
        ...{ pid, name, exe, commandLine, uid },
        ancestry: process.ancestry.slice(0, DEPTH_MAX),
        ppid: Number(behaviour?.fields['proc.ppid'] ?? -1),
        alertIds: new Set(),
        behaviours: new Set(),
        children: [],
        parent: undefined,
      };
      processes.set(key, known);
    }
    known.alertIds.add(alert.id);
    if (behaviour !== undefined) known.behaviours.add(`${behaviour.channel}: ${behaviour.value}`);
  };
  for (const alert of alerts) {
    for (const behaviour of alert.behaviours) see(behaviour.process, alert, behaviour);
    see(alert.process, alert);
  }
  return processes;
}

const keyOf = (pid: number, name: string): string => `${pid}\u0000${name}`;

/** Whether `one` is `other` or somewhere above it. */
function isAbove(one: Draft, other: Draft): boolean {
  for (let here: Draft | undefined = other; here !== undefined; here = here.parent) {
    if (here === one) return true;
  }
  return false;
}

function attach(child: Draft, parent: Draft): void {
  child.parent = parent;
  parent.children.push(child);
}

/** The place under the names of its ancestors, the furthest first; made where it is missing. */
function ancestorsOf({ ancestry }: Draft, root: Draft): Draft {
  let here = root;
  for (const name of ancestry.toReversed()) {
    const known = here.children.find((child) => child.pid === null && child.name === name);
    here = known ?? named(name, here);
  }
  return here;
}

function named(name: string, parent: Draft | undefined): Draft {
  const draft: Draft = {
    pid: null,
    name,
    exe: '',
    commandLine: '',
    uid: null,
    ancestry: [],
    ppid: -1,
    alertIds: new Set(),
    behaviours: new Set(),
    children: [],
    parent,
  };
  parent?.children.push(draft);
  return draft;
}

const finished = (draft: Draft): ProcessNode => ({
  pid: draft.pid,
  name: draft.name,
  exe: draft.exe,
  commandLine: draft.commandLine,
  uid: draft.uid,
  alertIds: [...draft.alertIds],
  behaviours: [...draft.behaviours],
  children: draft.children.map(finished),
});
