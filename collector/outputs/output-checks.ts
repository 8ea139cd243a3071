import { isLoopback, parseAddress } from '../../config/address.ts';
import { shown } from '../../config/errors.ts';
import type { OutputConfig, OutputKind, SecretPlace } from './output-config.ts';

/** What no schema shows: keys of another kind, what is missing, and plaintext over a network. */
type Contradiction = {
  readonly key: string;
  readonly problem: string;
  readonly expected: string;
};

const http = ['url', 'urlFrom', 'token', 'basic'] as const;

/** Beside those that every kind has; what must be there is marked. */
const KEYS: Readonly<Record<OutputKind, readonly string[]>> = {
  falcosidekick: http,
  webhook: [...http, 'keys'],
  ocsf: [...http, 'batch'],
  ecs: [...http, 'batch'],
  alertmanager: [...http, 'labels', 'resendSeconds', 'holdSeconds'],
  otlp: http,
  syslog: ['address', 'transport', 'framing', 'facility', 'body', 'enterpriseId', 'bytesMax'],
  kafka: ['brokers', 'topic', 'format', 'sasl'],
};
const NEEDED: Readonly<Partial<Record<OutputKind, readonly (keyof OutputConfig)[]>>> = {
  webhook: ['keys'],
  syslog: ['address', 'transport'],
  kafka: ['brokers', 'topic'],
};
const SPECIAL = new Set(Object.values(KEYS).flat());

export function outputContradictions(outputs: readonly OutputConfig[]): readonly Contradiction[] {
  const names = new Set<string>();
  return outputs.flatMap((output, index) => {
    const at = `outputs.${index}`;
    const isDouble = names.has(output.name);
    names.add(output.name);
    return [
      ...(isDouble
        ? [{ key: `${at}.name`, problem: `${output.name} is there twice`, expected: 'one of each' }]
        : []),
      ...keysOf(output, at),
      ...secretsOf(output, at),
      ...placesOf(output, at),
    ];
  });
}

function keysOf(output: OutputConfig, at: string): readonly Contradiction[] {
  const own = KEYS[output.kind];
  const foreign = Object.keys(output).filter((key) => SPECIAL.has(key) && !own.includes(key));
  const missing = (NEEDED[output.kind] ?? []).filter((key) => output[key] === undefined);
  const isHttp = own.includes('url');
  const urls = [output.url, output.urlFrom].filter((url) => url !== undefined).length;
  return [
    ...foreign.map((key) => ({
      key: `${at}.${key}`,
      problem: `is no key of kind ${output.kind}`,
      expected: `of ${own.join(', ')}`,
    })),
    ...missing.map((key) => ({
      key: `${at}.${key}`,
      problem: 'is missing',
      expected: `one, because the kind is ${output.kind}`,
    })),
    ...(isHttp && urls !== 1
      ? [{ key: `${at}.url`, problem: urls === 0 ? 'is missing' : 'is there twice',
        expected: 'url, or urlFrom where it holds a secret' }]
      : []),
    ...(!isHttp && output.headers.length > 0
      ? [{ key: `${at}.headers`, problem: `is no key of kind ${output.kind}`, expected: 'none' }]
      : []),
    ...(output.token !== undefined && output.basic !== undefined
      ? [{ key: `${at}.token`, problem: 'stands beside basic', expected: 'one of them' }]
      : []),
    ...(output.kind === 'alertmanager' && output.kinds !== undefined &&
      output.kinds.some((kind) => kind !== 'incident' && kind !== 'alert')
      ? [{ key: `${at}.kinds`, problem: 'holds what never ends', expected: 'incident or alert' }]
      : []),
  ];
}

function secretsOf(output: OutputConfig, at: string): readonly Contradiction[] {
  const places: readonly (readonly [string, SecretPlace | undefined])[] = [
    ['urlFrom', output.urlFrom],
    ['token', output.token],
    ['basic.password', output.basic?.password],
    ['sasl.password', output.sasl?.password],
    ...(output.keys ?? []).map(({ key }, index) => [`keys.${index}.key`, key] as const),
    ...output.headers.map(({ from }, index) => [`headers.${index}.from`, from] as const),
  ];
  const wrong = places
    .filter(([, place]) => place !== undefined &&
      (place.file === undefined) === (place.env === undefined))
    .map(([key]) => ({ key: `${at}.${key}`, problem: 'says not where', expected: 'file or env' }));
  const ids = (output.keys ?? []).map(({ id }) => id);
  const headers = output.headers.flatMap(({ value, from }, index) =>
    ((value === undefined) === (from === undefined) ? [index] : []));
  const { certFile, keyFile } = output.tls;
  return [
    ...wrong,
    ...headers.map((index) => ({ key: `${at}.headers.${index}`, problem: 'has no one value',
      expected: 'value or from' })),
    ...(new Set(ids).size < ids.length
      ? [{ key: `${at}.keys`, problem: 'has one id twice', expected: 'ids that differ' }]
      : []),
    ...((certFile === undefined) === (keyFile === undefined)
      ? []
      : [{ key: `${at}.tls`, problem: 'is incomplete', expected: 'certFile and keyFile together' }]),
  ];
}

function placesOf(output: OutputConfig, at: string): readonly Contradiction[] {
  const found: Contradiction[] = [];
  if (output.url !== undefined) found.push(...urlProblems(output.url, output.insecure, `${at}.url`));
  const named = [
    ...(output.address === undefined ? [] : [['address', output.address] as const]),
    ...(output.brokers ?? []).map((broker, index) => [`brokers.${index}`, broker] as const),
  ];
  for (const [key, text] of named) {
    const address = parseAddress(text);
    if (address === undefined) {
      found.push({ key: `${at}.${key}`, problem: `is ${shown(text)}`, expected: 'host:port' });
    } else if (output.kind === 'kafka' && isPlain(output) && !isLoopback(address.host)) {
      found.push({ key: `${at}.${key}`, problem: 'is reached in plaintext',
        expected: 'tls.caFile, or insecure: true' });
    }
  }
  return found;
}

/** Kafka's addresses do not say it, so TLS is there where something of it is set. */
export const isPlain = ({ tls }: Pick<OutputConfig, 'tls'>): boolean =>
  Object.values(tls).every((value) => value === undefined);

export function urlProblems(
  text: string,
  insecure: boolean,
  key: string,
): readonly Contradiction[] {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    // Not shown: what is no URL may still hold a secret.
    return [{ key, problem: 'is no URL', expected: 'https://host/…' }];
  }
  if (url.username !== '' || url.password !== '') {
    return [{ key, problem: 'holds a password', expected: 'basic, with the password in a file' }];
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol === 'https:' || insecure || isLoopback(host)) return [];
  return [{ key, problem: 'is reached in plaintext', expected: 'https, or insecure: true' }];
}
