import type { ClusterObjects } from '../kube/cluster-objects.ts';
import { netEntriesOf, addressOfCidr } from './net-flow.ts';
import type { NetFlow } from './net-flow.ts';
import type { Resolver } from './resolver.ts';
import { resolverOf } from './resolver.ts';
import { workloadsOf } from './workloads.ts';
import type { Workload } from './workloads.ts';
import type { Learned } from './learned.ts';

/**
 * Connections by a port that is assigned to an unencrypted protocol. The port is all there is: what
 * runs STARTTLS or TLS on such a port is a false alarm, what runs plain text on another is missed.
 */
export const PLAINTEXT_LIMITS =
  'By port alone: TLS on such a port is reported wrongly, plain text on another port is missed; ' +
  'a mesh that encrypts below the application is not seen.';

export type PlaintextFlow = {
  readonly namespace: string;
  readonly workload: string;
  readonly process: string;
  readonly to: string;
  readonly toNamespace: string;
  readonly port: number;
  readonly protocol: string;
  readonly service: string;
  readonly isOverNamespaces: boolean;
  /** Some pod of the one and some of the other run on different nodes; false where unknown. */
  readonly isOverNodes: boolean;
  readonly isOutside: boolean;
};

/**
 * IANA's Service Name and Transport Protocol Port Number Registry, and for those after the dash the
 * default of the product, whose own protocol has TLS only when it is asked for.
 */
const PLAINTEXT: ReadonlyMap<string, string> = new Map([
  ['tcp/21', 'ftp'],
  ['tcp/23', 'telnet'],
  ['tcp/25', 'smtp'],
  ['udp/53', 'domain'],
  ['tcp/53', 'domain'],
  ['udp/69', 'tftp'],
  ['tcp/80', 'http'],
  ['tcp/110', 'pop3'],
  ['udp/123', 'ntp'],
  ['tcp/143', 'imap'],
  ['udp/161', 'snmp'],
  ['tcp/389', 'ldap'],
  ['tcp/512', 'exec'],
  ['tcp/513', 'login'],
  ['tcp/514', 'shell'],
  ['udp/514', 'syslog'],
  ['tcp/873', 'rsync'],
  ['tcp/1433', 'ms-sql-s'],
  ['tcp/1521', 'oracle'],
  ['tcp/1883', 'mqtt'],
  ['tcp/2049', 'nfs'],
  ['tcp/2181', 'zookeeper'],
  ['tcp/3306', 'mysql'],
  ['tcp/5432', 'postgresql'],
  ['tcp/5672', 'amqp'],
  ['tcp/6379', 'redis'],
  ['tcp/8000', 'irdmi (http)'],
  ['tcp/8080', 'http-alt'],
  ['tcp/9042', 'cassandra'],
  ['tcp/9092', 'kafka'],
  ['tcp/9200', 'elasticsearch'],
  ['tcp/11211', 'memcache'],
  ['tcp/27017', 'mongodb'],
]);

export function plaintextFlows(
  profiles: readonly Learned[],
  objects: ClusterObjects,
): readonly PlaintextFlow[] {
  const resolver = resolverOf(objects);
  const rows = workloadsOf(objects, profiles).flatMap((workload) =>
    workload.profiles.flatMap(netEntriesOf).flatMap((entry) => {
      const flow = entry.kind === 'connect' ? flowOf(entry, workload, resolver) : undefined;
      return flow ?? [];
    }));
  const unique = new Map(rows.map((row) => [JSON.stringify(row), row]));
  return [...unique].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function flowOf(
  { cidr, port, protocol, by }: NetFlow,
  { namespace, name, pods }: Workload,
  resolver: Resolver,
): PlaintextFlow | undefined {
  const service = PLAINTEXT.get(`${protocol.toLowerCase()}/${port.from}`);
  if (service === undefined || port.from !== port.to) return undefined;
  const address = addressOfCidr(cidr);
  const end = address === null ? { kind: 'nobody' } as const
    : resolver.resolve(address, port, protocol);
  const targets = end.kind === 'service' ? end.backends : end.kind === 'pod' ? [end.pod] : [];
  const toNamespace = end.kind === 'service'
    ? end.service.namespace
    : end.kind === 'pod' ? end.pod.namespace : '';
  const nodes = new Set(pods.map(({ nodeName }) => nodeName).filter((node) => node !== ''));
  return {
    namespace,
    workload: name,
    process: by,
    to: end.kind === 'service'
      ? `${end.service.namespace}/${end.service.name}`
      : end.kind === 'pod' ? `${end.pod.namespace}/${end.pod.name}` : cidr,
    toNamespace,
    port: port.from,
    protocol: protocol.toLowerCase(),
    service,
    isOverNamespaces: toNamespace !== '' && toNamespace !== namespace,
    isOverNodes: targets.some(({ nodeName }) =>
      nodeName !== '' && [...nodes].some((node) => node !== nodeName)),
    isOutside: end.kind === 'nobody',
  };
}
