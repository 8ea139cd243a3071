import type { IncomingHttpHeaders } from 'node:http';

import { isLoopback } from '../../config/address.ts';
import type { RefusalReason } from './refusals.ts';

/**
 * What is looked at before any credential. The attackers: a page in the operator's browser that
 * sends requests here (origin, fetch metadata, JSON only), a page whose host name now resolves to
 * loopback (Host), and somebody between two parsers that read one header twice (duplicates).
 */
export type SiteRequest = {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
};

export type SiteRefusal = {
  readonly reason: RefusalReason;
  readonly status: 400 | 403 | 415 | 421;
  readonly message: string;
};

export type SiteOptions = {
  readonly boundHost: string;
  /** Host names under which the API is reached, beside loopback. */
  readonly hosts: readonly string[];
  /** `/metrics` is everybody's: Prometheus asks for it by the pod's address. */
  readonly metricsOpen?: boolean;
};

const READING = ['GET', 'HEAD'];
/** A kubelet probes by the pod's address, whatever that is. */
const PROBES = ['/healthz', '/readyz'];
/** Of these two parsers may believe different ones. Cookies of one request may come in parts. */
const ONCE = new Set([
  'authorization', 'host', 'origin', 'content-type', 'content-length', 'transfer-encoding',
  'x-lanner-csrf', 'sec-fetch-site',
]);
const SECRET_NAMES = new Set(['token', 'access_token', 'id_token', 'api_key', 'apikey',
  'authorization', 'bearer', 'session', 'csrf']);

export const isChange = (method: string): boolean => !READING.includes(method);

export function createSiteRules(options: SiteOptions):
  (request: SiteRequest) => SiteRefusal | undefined {
  const { boundHost, hosts, metricsOpen = false } = options;
  // On loopback only the Host header keeps a page away that had its own name resolve to here.
  const scraped = metricsOpen && !isLoopback(boundHost) ? ['/metrics'] : [];
  const isHostChecked = isLoopback(boundHost) || hosts.length > 0;
  const isKnownHost = (name: string): boolean => isLoopback(name) || hosts.includes(name);

  return ({ method, path, search, headers, rawHeaders }) => {
    if (hasDuplicates(rawHeaders)) {
      return { reason: 'smuggled-header', status: 400, message: 'a header came twice' };
    }
    if (PROBES.includes(path)) return undefined;
    const host = headers.host ?? '';
    if (isHostChecked && !scraped.includes(path) && !isKnownHost(hostNameOf(host))) {
      return { reason: 'host', status: 421, message: 'this host name is not served here' };
    }
    if (isCrossSite({ method, path, headers }, host)) {
      return { reason: 'cross-site', status: 403, message: 'requests of other sites are refused' };
    }
    if (isChange(method) && !/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
      return { reason: 'content-type', status: 415, message: 'the body must be application/json' };
    }
    // Addresses end up in histories, logs and referrers.
    if (holdsSecret(search)) {
      const message = 'credentials belong into the Authorization header, never into the address';
      return { reason: 'credential-in-url', status: 400, message };
    }
    return undefined;
  };
}

function hasDuplicates(rawHeaders: readonly string[]): boolean {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    if (!ONCE.has(name)) continue;
    if (seen.has(name)) return true;
    seen.add(name);
  }
  return false;
}

function holdsSecret(search: string): boolean {
  if (search === '') return false;
  for (const [name, value] of new URLSearchParams(search)) {
    if (SECRET_NAMES.has(name.toLowerCase()) || value.startsWith('ltk_')) return true;
  }
  return false;
}

function hostNameOf(host: string): string {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(host);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase();
}

/** A link in a mail may open the console, and the provider sends people back: those are pages. */
function isCrossSite(
  { method, path, headers }: Pick<SiteRequest, 'method' | 'path' | 'headers'>,
  host: string,
): boolean {
  const isPage = READING.includes(method) && !path.startsWith('/api/') && path !== '/metrics' &&
    headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return !isPage;
  const { origin } = headers;
  if (origin === undefined) return false;
  return URL.parse(origin)?.host !== host.toLowerCase();
}
