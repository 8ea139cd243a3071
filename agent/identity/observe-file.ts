import type { Change, Open } from '../../baseline/observation.ts';
import type { Fields } from './fields.ts';
import { isTrue, text } from './fields.ts';
import type { Base, UnmappedReason } from './base.ts';

/**
 * Falco writes `<UNKNOWN>` before a path that it could not make absolute. The mark goes, and the
 * path that is left stays relative, which is how the baseline tells it; the value as received
 * stays in `fields`.
 */
const UNRESOLVED = '<UNKNOWN>';
/** The kernel's own mark on a descriptor whose file is gone; not part of the name. */
const DELETED = ' (deleted)';
const FLAGS_FOR_WRITING = ['O_WRONLY', 'O_RDWR'] as const;

export function open(base: Base, type: string): Open | UnmappedReason {
  const { fields } = base;
  const path = pathOf(fields, 'fd.name') || pathOf(fields, 'fs.path.name');
  if (path === '') return 'no-path';
  const flags = text(fields, 'evt.arg.flags');
  return {
    kind: 'open',
    timeNs: base.timeNs,
    node: base.node,
    container: base.container,
    process: base.process,
    fields,
    path,
    isWrite:
      type === 'creat' ||
      isTrue(fields, 'evt.is_open_write') ||
      FLAGS_FOR_WRITING.some((flag) => hasFlag(flags, flag)),
    isCreate:
      type === 'creat' || isTrue(fields, 'evt.is_open_create') || hasFlag(flags, 'O_CREAT'),
    isUpperLayer: isTrue(fields, 'fd.is_upper_layer'),
  };
}

export function change(base: Base, type: string): Change | UnmappedReason {
  const { fields } = base;
  const path =
    pathOf(fields, 'fs.path.source') ||
    pathOf(fields, 'fs.path.name') ||
    pathOf(fields, 'fd.name');
  if (path === '') return 'no-path';
  return {
    kind: 'change',
    timeNs: base.timeNs,
    node: base.node,
    container: base.container,
    process: base.process,
    fields,
    operation: type,
    path,
    target: pathOf(fields, 'fs.path.target'),
    mode: text(fields, 'evt.arg.mode'),
  };
}

function pathOf(fields: Fields, name: string): string {
  let path = fields.get(name);
  if (path === undefined) return '';
  if (path.startsWith(UNRESOLVED)) path = path.slice(UNRESOLVED.length);
  if (path.endsWith(DELETED)) path = path.slice(0, -DELETED.length);
  return path;
}

/** `O_CREAT` must not be found in a longer name, hence the borders. */
function hasFlag(flags: string, flag: string): boolean {
  const at = flags.indexOf(flag);
  if (at < 0) return false;
  const before = at === 0 ? '|' : flags[at - 1];
  const after = flags[at + flag.length] ?? '|';
  return (before === '|' || before === '(') && (after === '|' || after === ')');
}
