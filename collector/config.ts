import Type from 'typebox';
import type { Static } from 'typebox';

import { isLoopback, parseAddress } from '../config/address.ts';
import { shown } from '../config/errors.ts';
import { loadConfig } from '../config/load.ts';
import type { ConfigError, Loaded, LoadOptions } from '../config/load.ts';
import { roles } from './access/principal.ts';
import type { Role } from './access/principal.ts';
import { RATE_LIMITS } from './link/link-rate.ts';
import { outputContradictions } from './outputs/output-checks.ts';
import { outputsSchema } from './outputs/output-config.ts';

/** Everything an operator can set; defaults make a collector for one machine, on loopback. */
const closed = { additionalProperties: false, default: {} } as const;
const tlsFiles = {
  certFile: Type.String({ default: '', description: 'PEM certificate chain of the server.' }),
  keyFile: Type.String({ default: '', description: 'PEM private key of the server.' }),
};

const oidcSchema = Type.Object({
  issuer: Type.String({ default: '', pattern: '^(https?://[^?#\\s]+)?$',
    description: 'The identity provider, as it calls itself; empty for none.' }),
  clientId: Type.String({ default: '', description: 'Of Lanner at the provider.' }),
  clientSecretFile: Type.String({ default: '',
    description: 'File of its secret; empty for a public client, which has PKCE alone.' }),
  audience: Type.String({ default: '',
    description: 'That machines’ bearer tokens of the provider must name; empty refuses them.' }),
  groupsClaim: Type.String({ minLength: 1, default: 'groups',
    description: 'Claim that lists somebody’s groups.' }),
  nameClaim: Type.String({ minLength: 1, default: 'preferred_username',
    description: 'Claim that the audit calls a person by; the first value of each is kept.' }),
  grants: Type.Array(Type.Object({
    group: Type.String({ minLength: 1 }),
    role: Type.Unsafe<Role>(Type.Enum([...roles])),
    namespaces: Type.Array(Type.String({ minLength: 1 }), { default: [],
      description: 'Where the role holds; empty for everywhere.' }),
  }, { additionalProperties: false }), {
    default: [],
    description: 'What members of a group may do; who is in none of them has no access.',
  }),
}, closed);

export const collectorSchema = Type.Object({
  dataDir: Type.String({
    minLength: 1,
    default: './lanner-data',
    description: 'Folder of the store and the access token; made with mode 0700 when missing.',
  }),
  store: Type.String({
    default: '',
    pattern: '^(postgres(ql)?://.+)?$',
    writeOnly: true,
    description: 'postgres://… for several collectors; empty for an own file in dataDir. ' +
      'The password may come from PGPASSWORD or a pgpass file instead.',
  }),
  storeWaitSeconds: Type.Integer({ minimum: 0, maximum: 86_400, default: 600,
    description: 'How long a start waits for a database that is away.' }),
  link: Type.Object({
    address: Type.String({
      default: '127.0.0.1:8471',
      description: 'Where agents connect: host:port or unix:/path.',
    }),
    tls: Type.Object({
      ...tlsFiles,
      caFile: Type.String({
        default: '',
        description: 'CA of the agents’ client certificates; empty asks for none.',
      }),
    }, closed),
    insecure: Type.Boolean({
      default: false,
      description: 'Allow plaintext, and identity none, on an address that is not loopback.',
    }),
    identity: Type.Unsafe<'auto' | 'certificate' | 'token' | 'none'>(Type.Enum(
      ['auto', 'certificate', 'token', 'none'],
      {
        default: 'auto',
        description: 'What shows which node an agent may speak for: its certificate’s SPIFFE ID, ' +
          'its service-account token (in Kubernetes), or nothing. auto: the certificate where ' +
          'link.tls.caFile is set, else nothing.',
      },
    )),
    trustDomain: Type.String({
      pattern: '^[a-z0-9._-]{1,255}$',
      default: 'lanner.local',
      description: 'Of the agents’ SPIFFE IDs: spiffe://<trustDomain>/lanner/agent/<node>.',
    }),
    cluster: Type.String({
      maxLength: 253,
      default: '',
      description: 'The only cluster that agents may be of; empty for any.',
    }),
    token: Type.Object({
      audience: Type.String({ minLength: 1, default: 'lanner-collector',
        description: 'That the agents’ tokens are made for.' }),
      serviceAccount: Type.String({
        pattern: '^[^/:]+/[^/:]+$',
        default: 'lanner/lanner-agent',
        description: 'Of the agents: namespace/name.',
      }),
    }, closed),
    rates: Type.Object({
      framesPerSecond: Type.Integer({ minimum: 1, maximum: 1_000_000,
        default: RATE_LIMITS.framesPerSecond,
        description: 'That one agent may send, on average over ten seconds.' }),
      bytesPerSecond: Type.Integer({ minimum: 1_024 * 1_024, maximum: 1_024 ** 3,
        default: RATE_LIMITS.bytesPerSecond,
        description: 'That one agent may send, on average over ten seconds.' }),
    }, closed),
    helloSeconds: Type.Integer({ minimum: 1, maximum: 300, default: 10,
      description: 'How long a new connection may take to say who it is.' }),
    windowBatches: Type.Integer({ minimum: 1, maximum: 64, default: 16,
      description: 'Batches an agent may have in flight without acknowledgement.' }),
  }, closed),
  api: Type.Object({
    address: Type.String({
      default: '127.0.0.1:8470',
      description: 'Where the API listens: host:port.',
    }),
    tls: Type.Object(tlsFiles, closed),
    insecure: Type.Boolean({
      default: false,
      description: 'Allow plaintext on an address that is not loopback.',
    }),
    hosts: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'Host names under which the API is reached, beside loopback.',
    }),
    tokenFile: Type.String({
      default: '',
      description: 'File of the first admin token, for several replicas; empty for api-token in ' +
        'dataDir, made when missing.',
    }),
    metricsOpen: Type.Boolean({
      default: false,
      description: 'Serve /metrics to everyone, without a token.',
    }),
    publicUrl: Type.String({
      default: '',
      pattern: '^(https?://[^/?#@\\s]+)?$',
      description: 'Where browsers reach the API, https://lanner.bank.example; empty for address.',
    }),
    trustedProxies: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'Addresses or networks whose X-Forwarded-For says who asks.',
    }),
    session: Type.Object({
      idleMinutes: Type.Integer({ minimum: 1, maximum: 1_440, default: 480,
        description: 'A session that is not used ends after this time.' }),
      hours: Type.Integer({ minimum: 1, maximum: 168, default: 12,
        description: 'However much it is used, a session ends after this time.' }),
    }, closed),
    oidc: oidcSchema,
  }, closed),
  kube: Type.Object({
    mode: Type.Unsafe<'auto' | 'in-cluster' | 'kubeconfig' | 'off'>(Type.Enum(
      ['auto', 'in-cluster', 'kubeconfig', 'off'],
      {
        default: 'auto',
        description: 'auto: the service account inside a pod, else no cluster.',
      },
    )),
    kubeconfig: Type.String({ default: '', description: 'File for mode kubeconfig.' }),
    ownNamespace: Type.String({
      default: '',
      description: 'Namespace the collector runs in; protected like those of the policy.',
    }),
    cluster: Type.String({
      maxLength: 253,
      default: '',
      description: 'Name of that cluster, as its agents say it; empty for link.cluster, or for the ' +
        'one there is while all agents are of one. Nothing is done for pods of other clusters.',
    }),
    listObjects: Type.Boolean({
      default: false,
      description: 'List pods, services, endpoint slices, nodes and namespaces, so that network ' +
        'policies can be made: needs the role lanner-collector-objects.',
    }),
    listSeconds: Type.Integer({ minimum: 10, maximum: 3_600, default: 60,
      description: 'How often, to note which pod had which address when.' }),
  }, closed),
  incidents: Type.Object({
    windowSeconds: Type.Integer({ minimum: 10, maximum: 86_400, default: 600,
      description: 'Alerts of one pod within this time are one incident.' }),
    behaviourPods: Type.Integer({ minimum: 2, maximum: 100, default: 3,
      description: 'Pods of one image with the same behaviour that are one incident.' }),
    coolDownSeconds: Type.Integer({ minimum: 1, maximum: 86_400, default: 900,
      description: 'An incident that only repeats itself is told again after this time.' }),
    falseAlarmsPerDay: Type.Number({ exclusiveMinimum: 0, maximum: 1_000, default: 1,
      description: 'The agents’ baseline.falseAlarmsPerDay: what the alert budget is measured by.' }),
  }, closed),
  retention: Type.Object({
    days: Type.Integer({ minimum: 1, maximum: 3_650, default: 90,
      description: 'Alerts, incidents, responses and gaps older than this are deleted.' }),
    alertsMax: Type.Integer({ minimum: 1_000, maximum: 100_000_000, default: 1_000_000,
      description: 'Beyond this many the oldest alerts are deleted.' }),
    flowDays: Type.Integer({ minimum: 1, maximum: 3_650, default: 30,
      description: 'Flows (who connected where) older than this are deleted.' }),
    flowMinuteHours: Type.Integer({ minimum: 1, maximum: 87_600, default: 24,
      description: 'For so long connections are known by the minute; after it by the hour.' }),
    flowsMax: Type.Integer({ minimum: 1_000_000, maximum: 1_000_000_000, default: 10_000_000,
      description: 'Beyond this many flows (one a minute, later one an hour, for each process and ' +
        'destination) the oldest are deleted: see docs/deploy.md for what a node needs.' }),
    imageDays: Type.Integer({ minimum: 1, maximum: 3_650, default: 90,
      description: 'Which images ran where is forgotten after this many days.' }),
    imageRunsMax: Type.Integer({ minimum: 10_000, maximum: 100_000_000, default: 3_000_000,
      description: 'Beyond this many pods, once per image, the longest gone are forgotten.' }),
  }, closed),
  policy: Type.Object({
    file: Type.String({
      default: '',
      description: 'What may be done by itself, as YAML, read again when it changes; ' +
        'empty for the shipped policy, which proposes only. See lannerctl policy check.',
    }),
  }, closed),
  outputs: outputsSchema,
  audit: Type.Object({
    anchorFile: Type.String({
      default: '',
      description: 'Signed heads of the audit are appended here; put it where the collector ' +
        'can append and not rewrite. Empty for none.',
    }),
    anchorKeyFile: Type.String({
      default: '',
      description: 'Ed25519 key that signs them; empty for audit-anchor.key in dataDir, made ' +
        'when missing, with its public half beside it.',
    }),
    anchorSeconds: Type.Integer({ minimum: 1, maximum: 86_400, default: 60,
      description: 'At most so long after a record its head is anchored.' }),
  }, closed),
  log: Type.Object({
    level: Type.Unsafe<'debug' | 'info' | 'warn' | 'error'>(Type.Enum(
      ['debug', 'info', 'warn', 'error'],
      { default: 'info', description: 'Least level that is logged.' },
    )),
  }, closed),
}, { additionalProperties: false });

export type CollectorConfig = Static<typeof collectorSchema>;

export const CONFIG_PREFIX = 'LANNER_COLLECTOR_';
/** Names the file itself. */
export const CONFIG_FILE_VARIABLE = `${CONFIG_PREFIX}CONFIG`;

/** The settings in use, or all that is wrong with them, before anything is opened. */
export function loadCollectorConfig(
  options: Pick<LoadOptions<typeof collectorSchema>, 'file' | 'env' | 'readFile'>,
): Loaded<typeof collectorSchema> {
  const loaded = loadConfig({
    ...options,
    schema: collectorSchema,
    envPrefix: CONFIG_PREFIX,
    envIgnored: [CONFIG_FILE_VARIABLE],
  });
  if (!loaded.ok) return loaded;
  const errors = contradictions(loaded.value).map((error): ConfigError =>
    ({ source: options.file ?? 'defaults', ...error }));
  return errors.length > 0 ? { ok: false, errors } : loaded;
}

type Contradiction = Omit<ConfigError, 'source'>;

/** What no single value shows, and addresses. */
function contradictions({ link, api, kube, outputs }: CollectorConfig): readonly Contradiction[] {
  const errors = [
    ...(/^unix:(\/\/)?\/./.test(link.address) ? [] : listening('link', link)),
    ...listening('api', api),
    ...identities(link, kube),
    ...partners('link', link.tls),
    ...partners('api', api.tls),
    ...signingIn(api),
    ...outputContradictions(outputs),
  ];
  if (link.tls.caFile !== '' && link.tls.certFile === '') {
    const expected = 'link.tls.certFile and link.tls.keyFile with it';
    errors.push({ key: 'link.tls.caFile', problem: 'stands alone', expected });
  }
  if (kube.mode === 'kubeconfig' && kube.kubeconfig === '') {
    const expected = 'a file, because kube.mode is "kubeconfig"';
    errors.push({ key: 'kube.kubeconfig', problem: 'missing', expected });
  }
  return errors;
}

/** Where people are sent back to, and which tokens are whose. */
function signingIn({ oidc, address, publicUrl }: CollectorConfig['api']): readonly Contradiction[] {
  if (oidc.issuer === '') return [];
  const errors: Contradiction[] = [];
  const issuer = URL.parse(oidc.issuer);
  if (issuer?.protocol !== 'https:' && !isLoopback(issuer?.hostname ?? '')) {
    errors.push({ key: 'api.oidc.issuer', problem: `is ${shown(oidc.issuer)}`,
      expected: 'https: what it says decides who may kill pods' });
  }
  if (oidc.clientId === '') {
    const expected = 'one with the issuer';
    errors.push({ key: 'api.oidc.clientId', problem: 'is missing', expected });
  }
  if (oidc.audience !== '' && oidc.audience === oidc.clientId) {
    errors.push({ key: 'api.oidc.audience', problem: 'is the clientId',
      expected: 'another one: an ID token for the console must not be a key to the API' });
  }
  if (publicUrl === '' && !isLoopback(parseAddress(address)?.host ?? '')) {
    errors.push({ key: 'api.publicUrl', problem: 'is missing',
      expected: 'where the provider sends people back to' });
  }
  return errors;
}

/** What `auto` stands for. */
export function linkIdentity(
  { identity, tls }: Pick<CollectorConfig['link'], 'identity' | 'tls'>,
): 'certificate' | 'token' | 'none' {
  if (identity !== 'auto') return identity;
  return tls.caFile === '' ? 'none' : 'certificate';
}

function identities(
  link: CollectorConfig['link'],
  kube: CollectorConfig['kube'],
): readonly Contradiction[] {
  const kind = linkIdentity(link);
  const key = 'link.identity';
  const problem = `is ${link.identity}`;
  if (kind === 'certificate' && (link.tls.caFile === '' || link.tls.certFile === '')) {
    return [{ key, problem, expected: 'link.tls.certFile, keyFile and caFile with it' }];
  }
  if (kind === 'token' && link.tls.certFile === '') {
    return [{ key, problem, expected: 'link.tls.certFile and keyFile: tokens need TLS' }];
  }
  if (kind === 'token' && kube.mode === 'off') {
    return [{ key, problem, expected: 'a cluster to ask: kube.mode is off' }];
  }
  const parsed = parseAddress(link.address);
  const isLocal = parsed === undefined || isLoopback(parsed.host);
  // In plaintext the address itself is the contradiction, and says so.
  if (kind !== 'none' || isLocal || link.insecure || link.tls.certFile === '') return [];
  const expected = 'certificate or token, an address of this machine, or link.insecure: true';
  return [{ key, problem: `${problem}, so that any peer may speak for any node`, expected }];
}

type Listening = {
  readonly address: string;
  readonly insecure: boolean;
  readonly tls: { readonly certFile: string };
};

function listening(
  part: 'link' | 'api',
  { address, insecure, tls }: Listening,
): readonly Contradiction[] {
  const key = `${part}.address`;
  const parsed = parseAddress(address);
  if (parsed === undefined) {
    return [{ key, problem: `is ${shown(address)}`, expected: 'host:port, e.g. 127.0.0.1:8470' }];
  }
  if (isLoopback(parsed.host) || insecure || tls.certFile !== '') return [];
  const expected = `${part}.tls, an address of this machine, or ${part}.insecure: true`;
  return [{ key, problem: `is ${shown(address)} without TLS`, expected }];
}

function partners(
  part: 'link' | 'api',
  { certFile, keyFile }: { readonly certFile: string; readonly keyFile: string },
): readonly Contradiction[] {
  if ((certFile === '') === (keyFile === '')) return [];
  const expected = `${part}.tls.certFile and ${part}.tls.keyFile together`;
  return [{ key: `${part}.tls`, problem: 'is incomplete', expected }];
}
