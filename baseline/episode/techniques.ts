import { addressScope } from '../behaviour/address.ts';
import { baseName } from '../behaviour/process-role.ts';
import type { Observation } from '../observation.ts';

/** MITRE ATT&CK (v17) ids of what a novel behaviour may mean; empty where it may mean anything. */
export function techniquesOf(o: Observation): readonly string[] {
  switch (o.kind) {
    case 'exec':
      return PROGRAMS.get(baseName(o.process.exe)) ?? PROGRAMS.get(o.process.name) ?? [];
    case 'connect':
      if (o.port === 53) return ['T1071.004'];
      return addressScope(o.address) === 'outside' ? ['T1071', 'T1041'] : ['T1021', 'T1046'];
    case 'accept':
      return ['T1190'];
    case 'listen':
      return ['T1571'];
    case 'privileged':
      return o.syscall.startsWith('set') ? ['T1548'] : ['T1611'];
    case 'open':
      return o.isWrite ? ['T1105'] : ['T1005'];
    case 'change':
      return /unlink|rmdir/.test(o.operation) ? ['T1070.004'] : [];
    case 'rule':
      return o.tags.filter((tag) => /^T[0-9]{4}(\.[0-9]{3})?$/.test(tag));
    case 'exit':
      return [];
  }
}

const PROGRAMS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    T1059_004: 'sh bash dash ash zsh busybox',
    T1059_006: 'python python3 python3.11 python3.12',
    T1059: 'perl ruby php lua awk mawk gawk',
    T1059_007: 'node',
    T1105: 'curl wget scp sftp ftp rsync',
    T1095: 'nc ncat socat telnet',
    T1083: 'find ls tree locate',
    T1057: 'ps top pgrep pidof',
    T1033: 'id whoami w who last',
    T1082: 'uname hostname lscpu dmesg env printenv',
    T1016: 'ip ifconfig route arp',
    T1049: 'ss netstat lsof',
    T1046: 'nmap masscan',
    T1222: 'chmod chown setfacl',
    T1611: 'nsenter unshare mount mknod chroot',
    T1552_001: 'grep',
    T1005: 'cat head tail',
    T1560: 'tar zip 7z',
    T1070_006: 'touch',
    T1562_001: 'pkill kill killall iptables setenforce',
    T1053_003: 'crontab at',
    T1485: 'shred',
    T1486: 'openssl gpg',
    T1496: 'xmrig minerd',
  }).flatMap(([id, names]) =>
    names.split(' ').map((name): [string, string[]] => [name, [id.replace('_', '.')]]),
  ),
);
