import type { FalcoEvent } from '../source/event.ts';

/** Events for tests, in the shape that the source hands on (checked against the recordings). */

const START_NS = 1_795_433_700_000_000_000n;
export const MS = 1_000_000n;

export const at = (ms: number): bigint => START_NS + BigInt(ms) * MS;

type Partly = Partial<Omit<FalcoEvent, 'fields'>> & {
  readonly fields?: Readonly<Record<string, string>>;
};

export function event(ms: number, partly: Partly = {}): FalcoEvent {
  return {
    timeNs: at(ms),
    rule: 'lanner exec',
    priority: 'debug',
    source: 'syscall',
    hostname: 'node-a',
    tags: ['exec', 'lanner'],
    ...partly,
    fields: new Map(Object.entries({ ...PROCESS, ...partly.fields })),
  };
}

const PROCESS = {
  'evt.type': 'execve',
  'proc.name': 'gunicorn',
  'proc.exepath': '/usr/bin/python3.11',
  'proc.pname': 'sh',
  'proc.pexepath': '/usr/bin/dash',
  'proc.pid': '4211',
  'proc.ppid': '4200',
  'user.uid': '33',
};

export const API = {
  'container.name': 'api',
  'container.image.repository': 'registry.local/shop/api',
  'container.image.tag': '2.0.3',
  'container.image.digest': `sha256:${'d2'.repeat(32)}`,
  'k8s.ns.name': 'shop',
  'k8s.pod.name': 'api-7dm2bcfmj4-hvdzt',
  'k8s.pod.uid': '70a9a40f-9eef-4203-8d7d-fa32b9e9ac53',
};

export const RUNC = {
  'evt.type': 'mount',
  'proc.name': 'runc:[1:CHILD]',
  'proc.exepath': '/usr/sbin/runc',
};
