import type { IncomingHttpHeaders } from 'node:http';

import type { ApiRefusal } from '../metrics.ts';
import { isLoopback } from '../../config/address.ts';
import type { TokenCheck } from './token.ts';

/**
 * Who may ask. Three attackers stand behind these rules: a stranger on the network (token), a page
 * in the operator's browser that sends requests to loopback (origin, fetch metadata, JSON only,
 * token for whatever changes something), and a page whose host name now resolves to loopback
 * (Host header).
 */
export type GuardRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
};

export type Refusal = {
  readonly reason: ApiRefusal;
  readonly status: 401 | 403 | 415 | 421;
  readonly message: string;
};

export type GuardOptions = {
  readonly boundHost: string;
  /** Host names under which the API is reached, beside loopback. */
  readonly hosts: readonly string[];
  readonly token: TokenCheck;
  readonly metricsOpen: boolean;
};

const OPEN_PATHS = ['/healthz', '/readyz'];
const READING = ['GET', 'HEAD'];

export function createGuard(options: GuardOptions): (request: GuardRequest) => Refusal | undefined {
  const { boundHost, hosts, token, metricsOpen } = options;
  const isLocal = isLoopback(boundHost);
  const isHostChecked = isLocal || hosts.length > 0;
  const isKnownHost = (name: string): boolean => isLoopback(name) || hosts.includes(name);

  return ({ method, path, headers }) => {
    // A kubelet probes by the pod's address, whatever that is.
    if (OPEN_PATHS.includes(path)) return undefined;
    const host = headers.host ?? '';
    if (isHostChecked && !isKnownHost(hostNameOf(host))) {
      return { reason: 'host', status: 421, message: 'this host name is not served here' };
    }
    if (isCrossSite(headers, host)) {
      return { reason: 'cross-site', status: 403, message: 'requests of other sites are refused' };
    }
    const isChange = !READING.includes(method);
    if (isChange && !/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
      return { reason: 'content-type', status: 415, message: 'the body must be application/json' };
    }
    const isOpen = isLocal || (metricsOpen && path === '/metrics');
    if (isOpen && !isChange) return undefined;
    if (headers.authorization === undefined) {
      return { reason: 'no-token', status: 401, message: 'an access token is required' };
    }
    return token.accepts(headers.authorization)
      ? undefined
      : { reason: 'wrong-token', status: 401, message: 'the access token is not valid' };
  };
}

function hostNameOf(host: string): string {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(host);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase();
}

function isCrossSite(headers: IncomingHttpHeaders, host: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const { origin } = headers;
  if (origin === undefined) return false;
  return URL.parse(origin)?.host !== host.toLowerCase();
}
