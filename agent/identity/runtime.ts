import type { Fields } from './fields.ts';
import { text } from './fields.ts';

/**
 * What the container runtime does in a container that has no image yet belongs to the runtime.
 * On the recordings every event before an image is known came from `runc` or `pause`. Name and
 * executable must both fit; a process can choose its name, not its executable. Asked only for
 * containers without an image, so a copy of runc in a named container hides nothing.
 */
const RUNTIME_NAMES: ReadonlySet<string> = new Set(['runc', 'crun', 'youki', 'runsc', 'conmon']);
/** runc names its stages `runc:[0:PARENT]`, `runc:[1:CHILD]` and `runc:[2:INIT]`. */
const RUNC_STAGE = 'runc:[';
/** Against CVE-2019-5736 runc runs from a sealed copy of itself. */
const RUNC_COPIES = ['memfd:runc_cloned:', '/memfd:runc_cloned:', '/proc/self/exe'] as const;

export function isRuntime(fields: Fields): boolean {
  const name = text(fields, 'proc.name');
  const exe = text(fields, 'proc.exepath');
  if (name === 'pause') return exe === '/pause' || exe === '/usr/bin/pod' || exe === '';
  const isStage = name.startsWith(RUNC_STAGE);
  if (!isStage && !RUNTIME_NAMES.has(name)) return false;
  if (exe === '' || RUNC_COPIES.some((copy) => exe.startsWith(copy))) return true;
  const file = exe.slice(exe.lastIndexOf('/') + 1);
  return isStage ? file === 'runc' : file === name;
}
