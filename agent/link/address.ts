import { isLoopback as isLoopbackHost, parseAddress } from '../../config/address.ts';

/** What gRPC can dial: `collector:8471`, `[::1]:8471`, `dns:///collector:8471`, `unix:/path`. */
export function isTarget(address: string): boolean {
  return isUnix(address) || parseAddress(withoutScheme(address)) !== undefined;
}

/** Plaintext is for the same machine; anything that leaves it is TLS or an explicit decision. */
export function isLoopback(address: string): boolean {
  const parsed = parseAddress(withoutScheme(address));
  return isUnix(address) || (parsed !== undefined && isLoopbackHost(parsed.host));
}

const isUnix = (address: string): boolean => /^unix:(?:\/\/)?\/./.test(address);

const withoutScheme = (address: string): string =>
  address.replace(/^(?:dns|ipv4|ipv6):(?:\/\/[^/]*\/)?/, '');
