import type { Exec, Exit, Privileged } from '../../baseline/observation.ts';
import type { Fields } from './fields.ts';
import { integer, isTrue, nanoseconds, text } from './fields.ts';
import type { Base } from './base.ts';

const ANCESTORS = ['proc.aname[2]', 'proc.aname[3]', 'proc.aname[4]', 'proc.aname[5]'] as const;

export function exec(base: Base): Exec {
  const { fields } = base;
  return {
    kind: 'exec',
    timeNs: base.timeNs,
    node: base.node,
    container: base.container,
    process: base.process,
    fields,
    commandLine: text(fields, 'proc.cmdline'),
    cwd: text(fields, 'proc.cwd'),
    vpid: integer(fields, 'proc.vpid'),
    sid: integer(fields, 'proc.sid'),
    sessionLeader: text(fields, 'proc.sname'),
    ancestors: ancestorsOf(fields),
    tty: integer(fields, 'proc.tty') > 0,
    loginUid: integer(fields, 'user.loginuid'),
    isUpperLayer: isTrue(fields, 'proc.is_exe_upper_layer'),
    isMemfd: isTrue(fields, 'proc.is_exe_from_memfd'),
    isWritable: isTrue(fields, 'proc.is_exe_writable'),
    capabilities: text(fields, 'thread.cap_effective'),
    stdin: text(fields, 'proc.stdin.type'),
    stdout: text(fields, 'proc.stdout.type'),
    probe: probeOf(fields),
  };
}

export function exit(base: Base): Exit {
  const { fields } = base;
  return {
    kind: 'exit',
    timeNs: base.timeNs,
    node: base.node,
    container: base.container,
    process: base.process,
    fields,
    status: integer(fields, 'evt.arg.status'),
    durationNs: nanoseconds(fields, 'proc.duration'),
  };
}

export function privileged(base: Base, type: string): Privileged {
  const { fields } = base;
  return {
    kind: 'privileged',
    timeNs: base.timeNs,
    node: base.node,
    container: base.container,
    process: base.process,
    fields,
    syscall: type,
    args: text(fields, 'evt.args'),
    result: text(fields, 'evt.res'),
    capabilities: text(fields, 'thread.cap_effective'),
  };
}

function ancestorsOf(fields: Fields): readonly string[] {
  const names: string[] = [];
  for (const field of ANCESTORS) {
    const name = fields.get(field);
    if (name === undefined || name === '') break;
    names.push(name);
  }
  return names;
}

/**
 * `proc.is_container_*` says that this very process is the probe. `container.liveness_probe` says
 * only that the container has one (`NONE` without): its command line must be this one, letter by
 * letter, or any process of the container would pass for a probe.
 */
function probeOf(fields: Fields): string {
  if (isTrue(fields, 'proc.is_container_liveness_probe')) return 'liveness';
  if (isTrue(fields, 'proc.is_container_readiness_probe')) return 'readiness';
  if (isTrue(fields, 'proc.is_container_healthcheck')) return 'healthcheck';
  const commandLine = fields.get('proc.cmdline');
  if (commandLine === undefined) return '';
  if (fields.get('container.liveness_probe') === commandLine) return 'liveness';
  if (fields.get('container.readiness_probe') === commandLine) return 'readiness';
  if (fields.get('container.healthcheck') === commandLine) return 'healthcheck';
  return '';
}
