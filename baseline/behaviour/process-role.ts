import type { Process } from '../observation.ts';

export function baseName(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? path : path.slice(slash + 1);
}

/**
 * Who did it, as part of a behaviour: the executable, and beside it the process name where that
 * says more (`python3.11(gunicorn)`: an interpreter is known by its script). The name is the
 * attacker's to choose; the executable's path is not, unless a file was replaced, and that is
 * itself a behaviour.
 */
export function processRole(process: Process): string {
  const program = process.exe === '' ? process.name : baseName(process.exe);
  return program === process.name ? program : `${program}(${process.name})`;
}

const RUNTIME_PROGRAMS = new Set(['runc', 'crun', 'conmon', 'containerd', 'crio', 'dockerd']);

export function isRuntimeProgram(exeOrName: string): boolean {
  const name = baseName(exeOrName);
  return RUNTIME_PROGRAMS.has(name) || name.startsWith('containerd-shim') || isRuncStage(name);
}

/** runc names its stages `runc:[0:PARENT]`, `runc:[1:CHILD]`, `runc:[2:INIT]`. */
export function isRuncStage(name: string): boolean {
  return name.startsWith('runc:[');
}
