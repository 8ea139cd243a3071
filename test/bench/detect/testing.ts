import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FalcoEvent } from '../../../agent/source/event.ts';
import type { BenchAlert } from './detector.ts';
import type { Label, Recording } from './recording.ts';

/** Small recordings made by hand, times in seconds from the start of training. */

export const TRAIN_SECONDS = 100;
export const TEST_SECONDS = 100;
const START_MS = 1_795_433_854_000;

export function at(seconds: number): number {
  return START_MS + seconds * 1000;
}

export function aLabel(label: Partial<Label> & { from: number; to: number }): Label {
  const { from, to, ...rest } = label;
  return {
    kind: 'attack',
    id: 'a00',
    technique: null,
    startMs: at(from),
    endMs: at(to),
    pods: ['web-1'],
    description: '',
    verified: true,
    ...rest,
  };
}

export function aRecording(parts: Partial<Recording>): Recording {
  return {
    events: [],
    malformed: 0,
    labels: [],
    trainStartMs: at(0),
    testStartMs: at(TRAIN_SECONDS),
    endMs: at(TRAIN_SECONDS + TEST_SECONDS),
    ...parts,
  };
}

let alerts = 0;

export function anAlert(alert: Partial<BenchAlert> & { seconds: readonly number[] }): BenchAlert {
  const { seconds, ...rest } = alert;
  alerts += 1;
  const eventMs = seconds.map(at);
  return {
    id: `alert-${alerts}`,
    pod: 'web-1',
    image: 'registry.local/shop/web:1.4.2',
    informational: false,
    eventMs,
    saidMs: Math.max(...eventMs),
    channels: ['exec'],
    text: '',
    ...rest,
  };
}

/** An event of the telemetry rules in a pod of `shop/web:1.4.2`, fields as Falco names them. */
export function anEvent(
  seconds: number,
  type: string,
  fields: Readonly<Record<string, string>> = {},
  rule = `lanner ${type}`,
): FalcoEvent {
  const pod = fields['k8s.pod.name'] ?? 'web-7k4r7fk9xj-xn5cd';
  return {
    timeNs: BigInt(at(seconds)) * 1_000_000n,
    rule,
    priority: rule.startsWith('lanner') ? 'debug' : 'warning',
    source: 'syscall',
    hostname: 'node-a',
    tags: rule.startsWith('lanner') ? ['lanner'] : [],
    fields: new Map(
      Object.entries({
        'evt.type': type,
        'container.id': `c-${pod}`,
        'container.name': 'nginx',
        'container.image.repository': 'registry.local/shop/web',
        'container.image.tag': '1.4.2',
        'container.image.digest': 'sha256:1',
        'k8s.ns.name': 'shop',
        'k8s.pod.name': pod,
        'k8s.pod.uid': `uid-${pod}`,
        'proc.name': 'nginx',
        'proc.exepath': '/usr/sbin/nginx',
        'proc.pid': '7',
        'proc.ppid': '1',
        ...fields,
      }),
    ),
  };
}

/** `exe` started with its own name as the command line. */
export function anExec(
  seconds: number,
  exe: string,
  fields: Readonly<Record<string, string>> = {},
): FalcoEvent {
  const name = exe.slice(exe.lastIndexOf('/') + 1);
  return anEvent(seconds, 'execve', {
    'proc.name': name,
    'proc.exepath': exe,
    'proc.cmdline': name,
    'proc.pname': 'sh',
    'proc.vpid': '9',
    ...fields,
  }, 'lanner exec');
}

export class Directory {
  readonly path = mkdtempSync(join(tmpdir(), 'lanner-bench-'));

  write(name: string, content: string | Buffer): void {
    writeFileSync(join(this.path, name), content);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
