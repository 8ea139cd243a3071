/** What Falco says of a pod: as its JSON output has it, with the telemetry rules of Lanner. */
export type PodSeen = {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  /** All 64 digits; Falco's own field has the first twelve. */
  readonly containerId: string;
  readonly image: string;
};

type Fields = Readonly<Record<string, string | number | boolean>>;

/** The container's entry point: from here on the agent knows whose container it is. */
export const startLine = (pod: PodSeen): string => line(pod, {
  'evt.type': 'execve',
  'proc.name': 'web',
  'proc.exepath': '/usr/sbin/web',
  'proc.cmdline': 'web --listen 8080',
  'proc.pname': 'containerd-shim',
  'proc.pexepath': '/usr/bin/containerd-shim-runc-v2',
  'proc.pid': 4_000,
  'proc.ppid': 3_999,
  'proc.vpid': 1,
});

/** A shell from memory with a socket as its input: critical from the first second on. */
export const attackLine = (pod: PodSeen): string => line(pod, {
  'evt.type': 'execve',
  'proc.name': 'bash',
  'proc.exepath': 'memfd:x',
  'proc.cmdline': 'bash -i',
  'proc.is_exe_from_memfd': true,
  'proc.stdin.type': 'ipv4',
  'proc.pname': 'web',
  'proc.pexepath': '/usr/sbin/web',
  'proc.pid': 4_100,
  'proc.ppid': 4_000,
  'proc.vpid': 12,
});

function line(pod: PodSeen, fields: Fields): string {
  return JSON.stringify({
    hostname: 'node-a',
    output_fields: {
      'container.id': pod.containerId.slice(0, 12),
      'container.name': 'main',
      'container.image.repository': pod.image,
      'container.image.tag': '1.4.2',
      'container.image.digest': `sha256:${'d2'.repeat(32)}`,
      'k8s.ns.name': pod.namespace,
      'k8s.pod.name': pod.pod,
      'k8s.pod.uid': pod.podUid,
      'user.uid': 0,
      ...fields,
    },
    priority: 'Debug',
    rule: 'lanner exec',
    source: 'syscall',
    tags: ['exec', 'lanner'],
    time: new Date().toISOString().replace('Z', '000000Z'),
  });
}
