import { isIPv4, isIPv6 } from 'node:net';

export type NetAddress = { readonly host: string; readonly port: number };

/** `127.0.0.1:8470`, `[::1]:8470`, `localhost:0`. Undefined when it is none of these. */
export function parseAddress(text: string): NetAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || !(port <= 65_535)) return undefined;
  if (match?.[1] !== undefined && !isIPv6(host)) return undefined;
  return { host, port };
}

export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIPv4(host) && host.startsWith('127.');
}

export const formatAddress = ({ host, port }: NetAddress): string =>
  `${isIPv6(host) ? `[${host}]` : host}:${port}`;
