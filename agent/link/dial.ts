import { Metadata, status } from '@grpc/grpc-js';
import type { ChannelCredentials, StatusObject } from '@grpc/grpc-js';
import { LINK_MESSAGE_BYTES_MAX } from '../../proto/lanner/v1/bounds.ts';
import { FleetClient } from '../../proto/lanner/v1/service.ts';
import { serverIdentity } from '../../proto/server-identity.ts';
import type { EndReason } from './machine.ts';

/** Found dead within 30 s, also when a firewall dropped the connection without a word. */
const KEEPALIVE_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;

export type CallEvents = {
  readonly onBytes: (bytes: Buffer) => void;
  readonly onDrain: () => void;
  readonly onEnd: (reason: EndReason, detail: string) => void;
};

export type Call = {
  /** False when the socket has had enough for now. */
  write(bytes: Buffer): boolean;
  /** After it, no event comes any more. */
  close(): void;
};

/** One attempt, with a channel of its own: nothing of it outlives `close`. */
export function dial(address: string, credentials: ChannelCredentials, on: CallEvents): Call {
  const client = new FleetClient(address, credentials, {
    ...serverIdentity(address).channel,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.max_receive_message_length': LINK_MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': LINK_MESSAGE_BYTES_MAX,
    // The machine's back-off decides when to try, not one hidden in a shared subchannel.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
  });
  const stream = client.link(new Metadata());
  let isOpen = true;
  stream.on('data', (bytes: Buffer) => {
    if (isOpen) on.onBytes(bytes);
  });
  stream.on('drain', () => {
    if (isOpen) on.onDrain();
  });
  // Every end comes as a status as well, so the error has nothing to add.
  stream.on('error', () => undefined);
  stream.on('status', (end: StatusObject) => {
    if (isOpen) on.onEnd(reasonOf(end), end.details || `gRPC status ${end.code}`);
  });
  return {
    write: (bytes) => !isOpen || stream.destroyed || stream.write(bytes),
    close: () => {
      isOpen = false;
      stream.cancel();
      client.close();
    },
  };
}

function reasonOf({ code }: StatusObject): EndReason {
  return reasons.get(code) ?? 'ended';
}

const reasons: ReadonlyMap<status, EndReason> = new Map([
  [status.UNAVAILABLE, 'unavailable'],
  [status.UNAUTHENTICATED, 'refused'],
  [status.PERMISSION_DENIED, 'refused'],
  [status.FAILED_PRECONDITION, 'protocol'],
]);
