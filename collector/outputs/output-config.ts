import Type from 'typebox';
import type { Static } from 'typebox';

import { severities } from '../../baseline/alert.ts';
import { changeKinds } from '../store/faces.ts';

/**
 * One entry of `outputs`. All kinds share one flat schema, so that an unknown key is named with
 * what was meant; which keys belong to which kind is in `output-checks.ts`.
 */
export const outputKinds = [
  'falcosidekick',
  'syslog',
  'ocsf',
  'ecs',
  'webhook',
  'alertmanager',
  'kafka',
  'otlp',
] as const;
export type OutputKind = (typeof outputKinds)[number];

const closed = { additionalProperties: false } as const;
const oneOf = <T extends string>(values: readonly T[], options: Readonly<Record<string, unknown>>) =>
  Type.Unsafe<T>(Type.Enum([...values], options));
const file = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

/** Never the secret itself: files of settings are read by many. */
const secret = Type.Object({
  file: file('File that holds it; read again when it changes.'),
  env: file('Environment variable that holds it.'),
}, { ...closed, description: 'Where the secret is: file or env.' });

export const outputSchema = Type.Object({
  name: Type.String({
    pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
    description: 'Its position is kept under this name.',
  }),
  kind: oneOf(outputKinds, { description: 'What it speaks.' }),
  severity: oneOf(severities, { default: 'low', description: 'At least this is sent.' }),
  kinds: Type.Optional(Type.Array(oneOf(changeKinds, {}), {
    minItems: 1,
    description: 'Which records; alert, incident and gap where nothing is said.',
  })),
  namespaces: Type.Array(Type.String({ minLength: 1 }), {
    default: [],
    description: 'Only these, * for any characters; what is of no namespace is sent, too.',
  }),
  images: Type.Array(Type.String({ minLength: 1 }), {
    default: [],
    description: 'Only these repositories, * for any characters.',
  }),
  revisions: oneOf(['rises', 'all'], {
    default: 'rises',
    description: 'rises: a record again only when its severity rises or its state changes.',
  }),
  from: oneOf(['now', 'beginning'], {
    default: 'now',
    description: 'Where a new output begins.',
  }),
  ratePerMinute: Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    default: 0,
    description: 'Beyond it records are counted and told in one summary; 0 for no limit.',
  }),
  lagMax: Type.Integer({
    minimum: 100,
    maximum: 10_000_000,
    default: 100_000,
    description: 'Changes that may wait; beyond it the oldest are passed over and told in one ' +
      'summary.',
  }),
  lagSecondsMax: Type.Integer({
    minimum: 60,
    maximum: 31_536_000,
    default: 86_400,
    description: 'What has waited longer is passed over and told in one summary.',
  }),
  timeoutSeconds: Type.Integer({
    minimum: 1,
    maximum: 300,
    default: 10,
    description: 'That the receiver may take to answer.',
  }),
  insecure: Type.Boolean({
    default: false,
    description: 'Allow plaintext to an address that is not loopback.',
  }),
  tls: Type.Object({
    caFile: file('PEM certificates of the receiver’s CA, instead of the system’s.'),
    certFile: file('PEM client certificate.'),
    keyFile: file('PEM private key of the client certificate.'),
    serverName: file('Name in the receiver’s certificate, where it is not that of the address.'),
  }, { ...closed, default: {} }),
  url: Type.Optional(Type.String({ minLength: 1, description: 'https://… of the receiver.' })),
  urlFrom: Type.Optional(secret),
  token: Type.Optional(secret),
  basic: Type.Optional(Type.Object({
    username: Type.String({ minLength: 1 }),
    password: secret,
  }, closed)),
  headers: Type.Array(Type.Object({
    name: Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }),
    value: Type.Optional(Type.String({ pattern: '^[\\x20-\\x7e]*$' })),
    from: Type.Optional(secret),
  }, closed), { default: [], description: 'Further headers of each request.' }),
  batch: Type.Optional(oneOf(['lines', 'array'], {
    description: 'How several records are one body: JSON lines, or one JSON array.',
  })),
  keys: Type.Optional(Type.Array(Type.Object({
    id: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }),
    key: secret,
  }, closed), {
    minItems: 1,
    maxItems: 2,
    description: 'That sign the body; two while one takes the place of the other.',
  })),
  address: Type.Optional(Type.String({ minLength: 1, description: 'host:port' })),
  transport: Type.Optional(oneOf(['udp', 'tcp', 'tls'], {})),
  framing: Type.Optional(oneOf(['octet-counting', 'newline'], {
    description: 'RFC 6587; TLS is always octet-counting.',
  })),
  facility: Type.Optional(Type.Integer({ minimum: 0, maximum: 23, description: 'RFC 5424.' })),
  body: Type.Optional(oneOf(['cef', 'json'], {})),
  enterpriseId: Type.Optional(Type.String({
    pattern: '^[0-9]{1,10}(\\.[0-9]{1,10})*$',
    description: 'Of the structured data; 32473 (for examples) where nothing is said.',
  })),
  bytesMax: Type.Optional(Type.Integer({
    minimum: 480,
    maximum: 65_000,
    description: 'Of one message; 2048 for UDP, 8192 otherwise.',
  })),
  labels: Type.Optional(Type.Record(
    Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]{0,63}$' }),
    Type.String({ minLength: 1, maxLength: 256 }),
    { description: 'That each alert carries beside its own.' },
  )),
  resendSeconds: Type.Optional(Type.Integer({
    minimum: 5,
    maximum: 3_600,
    description: 'Open incidents are sent again so often; 60 where nothing is said.',
  })),
  holdSeconds: Type.Optional(Type.Integer({
    minimum: 60,
    maximum: 604_800,
    description: 'An alert ends by itself when nothing is heard for so long; 3600 where nothing ' +
      'is said.',
  })),
  brokers: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 64 })),
  topic: Type.Optional(Type.String({ pattern: '^[a-zA-Z0-9._-]{1,249}$' })),
  format: Type.Optional(oneOf(['lanner', 'ocsf', 'ecs'], { description: 'Of the messages.' })),
  sasl: Type.Optional(Type.Object({
    mechanism: oneOf(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'], {}),
    username: Type.String({ minLength: 1 }),
    password: secret,
  }, closed)),
}, closed);

export type OutputConfig = Static<typeof outputSchema>;
export type SecretPlace = Static<typeof secret>;

export const OUTPUTS_MAX = 32;

export const outputsSchema = Type.Array(outputSchema, {
  default: [],
  maxItems: OUTPUTS_MAX,
  description: 'Where records are sent. Secrets come from files or variables, never from here.',
});
