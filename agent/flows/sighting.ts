import type { Accept, Connect, Observation } from '../../baseline/observation.ts';
import type { FlowDirection, FlowOutcome } from '../../proto/lanner/v1/frames.ts';

/** One connection as the ledger counts it. */
export type Sighting = {
  readonly direction: FlowDirection;
  readonly protocol: string;
  readonly remoteAddress: string;
  readonly port: number;
  readonly localAddress: string;
  readonly outcome: FlowOutcome;
  readonly name: string;
  /** Of whoever connected; -1 for none. */
  readonly sourcePort: number;
};

/** Null for what is no connection. */
export function sightingOf(observation: Observation): Sighting | null {
  if (observation.kind === 'connect') return outgoing(observation);
  return observation.kind === 'accept' ? incoming(observation) : null;
}

const outgoing = (connect: Connect): Sighting => ({
  direction: 'out',
  protocol: connect.protocol,
  remoteAddress: connect.address,
  port: connect.port,
  localAddress: connect.localAddress,
  outcome: outcomeOf(connect.result),
  name: connect.name,
  sourcePort: connect.localPort,
});

const incoming = (accept: Accept): Sighting => ({
  direction: 'in',
  protocol: accept.protocol,
  remoteAddress: accept.peerAddress,
  port: accept.localPort,
  localAddress: accept.localAddress,
  outcome: 'ok',
  name: '',
  sourcePort: accept.peerPort,
});

const IN_PROGRESS: ReadonlySet<string> = new Set(['EINPROGRESS', 'EALREADY', 'EAGAIN', 'EINTR']);
/** Falco shows the kernel's own word for a call that a signal interrupted; the kernel goes on. */
const RESTARTED = /^ERESTART/;

/** Of `evt.res`; of `sendto` it is how many bytes went, and may be missing. */
function outcomeOf(result: string): FlowOutcome {
  if (result === '' || result === 'SUCCESS' || /^\d/.test(result)) return 'ok';
  if (IN_PROGRESS.has(result) || RESTARTED.test(result)) return 'in-progress';
  return result === 'ECONNREFUSED' ? 'refused' : 'failed';
}

/** It never leaves the pod, and says nothing that its own process does not. */
export const isLoopback = (address: string): boolean =>
  address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
