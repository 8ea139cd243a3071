/**
 * Whose certificate a TLS channel accepts. grpc-js hands the host of the address to Node as the
 * server name, and Node 26 throws when that is an IP address (RFC 6066 allows names only): without
 * this, a channel to `10.0.0.7:5060` never connects. So an IP address is checked against the
 * certificate's IP addresses, and a name that says nothing goes into the handshake.
 */
import { isIP } from 'node:net';
import type { ChannelOptions, VerifyOptions } from '@grpc/grpc-js';
import { checkServerIdentity } from 'node:tls';

/** Ends in a label that no DNS serves (RFC 2606). */
const NAME_OF_ADDRESS = 'address.invalid';

export type ServerIdentity = {
  readonly channel: ChannelOptions;
  readonly verify: VerifyOptions;
};

/** `address` is `host:port`; `serverName` is the certificate's name, where it is not the host. */
export const serverIdentity = (address: string, serverName?: string): ServerIdentity => {
  if (serverName !== undefined) {
    return { channel: { 'grpc.ssl_target_name_override': serverName }, verify: {} };
  }
  const host = address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0) return { channel: {}, verify: {} };
  return {
    channel: { 'grpc.ssl_target_name_override': NAME_OF_ADDRESS },
    verify: { checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate) },
  };
};
