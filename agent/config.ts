import Type from 'typebox';
import type { Static } from 'typebox';
import { loadConfig } from '../config/load.ts';
import type { ConfigError, LoadOptions } from '../config/load.ts';
import { parseAddress } from '../config/address.ts';
import { shown } from '../config/errors.ts';
import { SILENT_MS, LOST_MS } from './watchdog.ts';
import { WAIT_MS } from './identity/identity.ts';
import { isLoopback, isTarget } from './link/address.ts';
import { HEARTBEAT_MS } from './link/link.ts';
import { OUTBOX_BYTES_MAX, OUTBOX_BYTES_MIN } from './outbox/outbox.ts';
import { CACHE_BYTES_MAX, CACHE_BYTES_MIN } from './profiles/profile-cache.ts';
import type { SourceConfig } from './open-source.ts';
import { endpointProblem } from './source/falco-endpoint.ts';
import type { TlsFiles } from './source/falco-endpoint.ts';

/** The agent's settings: one YAML file, and the environment above it. `--help` prints them. */
export const ENV_PREFIX = 'LANNER_AGENT_';

const closed = { additionalProperties: false, default: {} } as const;
const file = (what: string) => Type.String({ default: '', description: `PEM file: ${what}.` });
const seconds = (fallbackMs: number, description: string) =>
  Type.Number({ minimum: 1, maximum: 86_400, default: fallbackMs / 1_000, description });
const tls = (own: string, theirs: string) => Type.Object({
  caFile: file(theirs),
  certFile: file(own),
  keyFile: file('key of that certificate'),
}, closed);

export const agentSchema = Type.Object({
  cluster: Type.String({
    default: 'default',
    minLength: 1,
    maxLength: 253,
    description: 'Name of the cluster, as alerts say it.',
  }),
  node: Type.String({
    default: '',
    maxLength: 253,
    description: 'Name of the node (spec.nodeName); empty for the host name.',
  }),
  nodeIp: Type.String({
    default: '',
    maxLength: 1_024,
    description: 'Addresses of the node, with commas (status.hostIPs), by which its traffic is ' +
      'known outside the cluster; empty for those of its interfaces.',
  }),
  source: Type.Object({
    kind: Type.Union([Type.Literal('grpc'), Type.Literal('http'), Type.Literal('replay')], {
      default: 'grpc',
      description: 'grpc for Falco up to 0.43, http (http_output) from 0.44, replay for files.',
    }),
    address: Type.String({
      default: 'unix:///run/falco/falco.sock',
      description: 'grpc: unix:///path or host:port (then mutual TLS, as Falco has it).',
    }),
    serverName: Type.String({
      default: '',
      description: "grpc: name in Falco's certificate, where it is not the address's host.",
    }),
    listen: Type.String({
      default: '127.0.0.1:2801',
      description: 'http: host:port that Falco posts to.',
    }),
    urlPath: Type.String({ default: '/', pattern: '^/', description: 'http: path of the URL.' }),
    path: Type.String({
      default: '',
      description: 'replay: a file, or a directory of events-NN.jsonl[.gz].',
    }),
    speed: Type.Number({
      default: 1,
      minimum: 0,
      description: 'replay: 1 is real time, 0 is as fast as possible.',
    }),
    tls: tls('own certificate towards Falco', "authority of Falco's certificate"),
  }, closed),
  identity: Type.Object({
    waitSeconds: seconds(WAIT_MS, 'How long events wait for the image of their container.'),
    cri: Type.String({
      default: '',
      pattern: '^(unix:///.+)?$',
      description: 'Socket of the container runtime, asked for containers that Falco did not ' +
        'name, e.g. unix:///run/containerd/containerd.sock; empty for none.',
    }),
  }, closed),
  baseline: Type.Object({
    hostPool: Type.String({
      default: 'default',
      minLength: 1,
      description: "Nodes of one pool share the profile of the host's own processes.",
    }),
    ageHoursMin: Type.Number({
      default: 24,
      minimum: 0,
      maximum: 8_760,
      description: 'No profile is called complete before this age, for what runs once a day.',
    }),
    falseAlarmsPerDay: Type.Number({
      default: 1,
      exclusiveMinimum: 0,
      maximum: 10_000,
      description: 'Alarm budget of this node for evidence that needs one.',
    }),
  }, closed),
  outbox: Type.Object({
    path: Type.String({
      default: '/var/lib/lanner/outbox.sqlite',
      minLength: 1,
      description: 'File of alerts that the collector has not acknowledged; survives restarts.',
    }),
    bytesMax: Type.Integer({
      default: OUTBOX_BYTES_MAX,
      minimum: OUTBOX_BYTES_MIN,
      description: 'Bound of the file; beyond it old alerts of low severity become counts.',
    }),
  }, closed),
  profileCache: Type.Object({
    folder: Type.String({
      default: '/var/lib/lanner/profiles',
      description: 'What is known of the images of this node survives a restart there; empty for ' +
        'nowhere. Replays keep nothing.',
    }),
    bytesMax: Type.Integer({
      default: CACHE_BYTES_MAX,
      minimum: CACHE_BYTES_MIN,
      description: 'Bound of all its files; beyond it the oldest go.',
    }),
  }, closed),
  link: Type.Object({
    address: Type.String({
      default: '127.0.0.1:8471',
      minLength: 1,
      description: 'host:port of the collector.',
    }),
    insecure: Type.Boolean({
      default: false,
      description: 'Allow plaintext to another machine. Alerts then travel readable.',
    }),
    tls: tls('own certificate, for mutual TLS', "authority of the collector's certificate"),
    tokenFile: Type.String({
      default: '',
      description: 'Projected service-account token for the collector, read for each connection; ' +
        'empty for none.',
    }),
    heartbeatSeconds: seconds(HEARTBEAT_MS, 'Between two heartbeats.'),
    evidenceSeconds: seconds(60_000, 'Between two deliveries of changed profiles.'),
  }, closed),
  contain: Type.Object({
    enabled: Type.Boolean({
      default: true,
      description: 'Execute commands of the collector: freeze, thaw, kill-process, evidence.',
    }),
    cgroupRoot: Type.String({
      default: '/sys/fs/cgroup',
      pattern: '^/',
      description: "Where the node's cgroups are mounted, writable.",
    }),
    procRoot: Type.String({
      default: '/proc',
      pattern: '^/',
      description: "The node's /proc; with hostPID it is the agent's own.",
    }),
    freezeSecondsMax: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 604_800,
      description: 'Thaw what is frozen for longer while the collector is away; 0 for never.',
    }),
  }, closed),
  redact: Type.Object({
    flags: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      default: [],
      maxItems: 256,
      description: 'Flags whose value is a secret here, written as on the command line.',
    }),
  }, closed),
  watchdog: Type.Object({
    silentSeconds: seconds(SILENT_MS, 'No event for this long while containers run: an alert.'),
    lostSeconds: seconds(LOST_MS, 'No connection to Falco for this long: an alert.'),
  }, closed),
  http: Type.Object({
    listen: Type.String({
      default: '127.0.0.1:9471',
      description: 'host:port of /metrics, /healthz and /readyz.',
    }),
  }, closed),
  log: Type.Object({
    level: Type.Union(
      [
        Type.Literal('debug'),
        Type.Literal('info'),
        Type.Literal('warn'),
        Type.Literal('error'),
      ],
      { default: 'info', description: 'Least level that is logged.' },
    ),
  }, closed),
}, { additionalProperties: false });

export type AgentConfig = Static<typeof agentSchema>;

export type LoadedAgentConfig =
  | { readonly ok: true; readonly config: AgentConfig }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

export function loadAgentConfig(
  options: Pick<LoadOptions<typeof agentSchema>, 'file' | 'env' | 'readFile' | 'envIgnored'>,
): LoadedAgentConfig {
  const loaded = loadConfig({ ...options, schema: agentSchema, envPrefix: ENV_PREFIX });
  if (!loaded.ok) return loaded;
  const errors = contradictions(loaded.value, options.file ?? 'defaults');
  return errors.length > 0 ? { ok: false, errors } : { ok: true, config: loaded.value };
}

/** What no single value shows, and addresses. */
function contradictions(config: AgentConfig, source: string): readonly ConfigError[] {
  const errors: ConfigError[] = [];
  const add = (key: string, problem: string, expected: string): void => {
    errors.push({ source, key, problem, expected });
  };
  checkLink(config, add);
  checkSource(config, add);
  const { listen } = config.http;
  if (parseAddress(listen) === undefined) add('http.listen', `is ${shown(listen)}`, HOST_PORT);
  return errors;
}

type Add = (key: string, problem: string, expected: string) => void;

const HOST_PORT = 'host:port, e.g. 127.0.0.1:9471 or [::1]:9471';

function checkLink(config: AgentConfig, add: Add): void {
  const { address, insecure, tokenFile, tls: { certFile, keyFile } } = config.link;
  if (!isTarget(address)) {
    add('link.address', `is ${shown(address)}`, 'host:port of the collector');
  } else if (!isEncrypted(config) && !insecure && !isLoopback(address)) {
    add(
      'link.address',
      `is ${shown(address)} without TLS`,
      'link.tls.caFile (and certFile, keyFile), an address of this machine, or ' +
        'link.insecure: true',
    );
  }
  if (tokenFile !== '' && !isEncrypted(config)) {
    add('link.tokenFile', 'would travel readable', 'link.tls.caFile with it');
  }
  if ((certFile === '') !== (keyFile === '')) {
    add('link.tls.certFile', 'has no partner', 'link.tls.certFile and link.tls.keyFile together');
  }
}

function checkSource({ source }: AgentConfig, add: Add): void {
  const { kind, address, listen, path } = source;
  const { caFile, certFile, keyFile } = source.tls;
  if (kind === 'replay' && path === '') {
    add('source.path', 'missing', 'a recording, because source.kind is "replay"');
  }
  if (kind === 'http' && parseAddress(listen) === undefined) {
    add('source.listen', `is ${shown(listen)}`, HOST_PORT);
  }
  const given = [caFile, certFile, keyFile].filter((one) => one !== '').length;
  if (given !== 0 && given !== 3) {
    add('source.tls', 'is incomplete', 'caFile, certFile and keyFile together');
  } else if (kind === 'grpc') {
    const problem = endpointProblem({ address, hasTls: given === 3 });
    if (problem !== null) add('source.address', problem, 'unix:///path, or host:port with TLS');
  }
}

const isEncrypted = ({ link }: AgentConfig): boolean =>
  link.tls.caFile !== '' || link.tls.certFile !== '';

export function linkTlsOf(config: AgentConfig): TlsFiles | null {
  return isEncrypted(config) ? filesOf(config.link.tls) : null;
}

const filesOf = ({ caFile, certFile, keyFile }: AgentConfig['link']['tls']): TlsFiles => ({
  ca: caFile,
  cert: certFile,
  key: keyFile,
});

export function sourceOf({ source }: AgentConfig): SourceConfig {
  const tls = source.tls.caFile === '' ? {} : { tls: filesOf(source.tls) };
  switch (source.kind) {
    case 'grpc': {
      const { address, serverName } = source;
      return { kind: 'grpc', address, ...tls, ...(serverName === '' ? {} : { serverName }) };
    }
    case 'http':
      return { kind: 'http', listen: source.listen, urlPath: source.urlPath, ...tls };
    case 'replay':
      return {
        kind: 'replay',
        path: source.path,
        speed: source.speed === 0 ? Infinity : source.speed,
      };
  }
}
