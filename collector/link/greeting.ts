import { status } from '@grpc/grpc-js';

import { LINK_PROTOCOL, LINK_PROTOCOL_MIN } from '../../proto/lanner/v1/frames.ts';
import type { AlertsFrame, HelloFrame } from '../../proto/lanner/v1/frames.ts';
import type { AgentName } from '../store/faces.ts';
import type { IdentityOutcome, IdentityRefusal, PeerIdentity } from './identity.ts';
import type { LinkRefusal } from './link-end.ts';
import type { SecurityEvent } from './security-event.ts';

/**
 * May this peer speak, and for whom: what it says of itself against what it can show. Pure; the
 * link acts on the answer.
 */
export type ProtocolRange = { readonly min: number; readonly max: number };
export const PROTOCOLS: ProtocolRange = { min: LINK_PROTOCOL_MIN, max: LINK_PROTOCOL };

export type Refusal = {
  readonly ok: false;
  readonly reason: LinkRefusal;
  readonly code: status;
  readonly details: string;
  readonly event?: Omit<SecurityEvent, 'peer'>;
};

export type Verdict<T> = ({ readonly ok: true } & T) | Refusal;

/** Before anybody is asked about the peer. */
export function checkHello(hello: HelloFrame, protocols: ProtocolRange): Verdict<object> {
  const { protocol } = hello;
  if (protocol < protocols.min || protocol > protocols.max) {
    const { min, max } = protocols;
    const ours = min === max ? String(max) : `${min} to ${max}`;
    const older = protocol < min ? 'agent' : 'collector';
    const details = `the agent speaks link protocol ${protocol}, this collector ${ours}: ` +
      `upgrade the ${older}`;
    return { ok: false, reason: 'protocol', code: status.FAILED_PRECONDITION, details };
  }
  if (hello.node === '' || hello.epoch === '') {
    const details = 'a hello names its node and its epoch';
    return { ok: false, reason: 'missing', code: status.INVALID_ARGUMENT, details };
  }
  return { ok: true };
}

/** `cluster`: the only one that this collector takes; empty for any. */
export function checkIdentity(
  { cluster, node }: AgentName,
  outcome: IdentityOutcome,
  clusterTaken: string,
): Verdict<{ readonly identity: PeerIdentity }> {
  if (!outcome.ok) return refuseIdentity({ cluster, node }, outcome);
  const { identity } = outcome;
  const refuse = (reason: 'wrong-node' | 'wrong-cluster', details: string): Refusal => ({
    ok: false,
    reason,
    code: status.PERMISSION_DENIED,
    details,
    event: { kind: reason, identity: identity.name, cluster, node, detail: details },
  });
  if (identity.node !== null && identity.node !== node) {
    return refuse('wrong-node', `the credential is for node ${identity.node}`);
  }
  if (clusterTaken !== '' && cluster !== clusterTaken) {
    return refuse('wrong-cluster', `this collector is for cluster ${clusterTaken}`);
  }
  return { ok: true, identity };
}

export function refuseIdentity(
  { cluster, node }: AgentName,
  { reason, name, detail }: Extract<IdentityOutcome, { readonly ok: false }>,
): Refusal {
  // Nobody said no. The agent comes again, and nobody is alarmed.
  if (reason === 'unavailable') {
    const code = status.UNAVAILABLE;
    return { ok: false, reason: 'identity-unavailable', code, details: detail };
  }
  return {
    ok: false,
    reason: 'identity-refused',
    code: UNPROVEN.has(reason) ? status.UNAUTHENTICATED : status.PERMISSION_DENIED,
    details: detail,
    event: { kind: 'identity-refused', identity: name, cluster, node, detail },
  };
}

const UNPROVEN: ReadonlySet<IdentityRefusal> =
  new Set(['no-certificate', 'no-token', 'token-refused', 'expired']);

/** Of each batch: an agent reports for its own node, and in its own epoch. */
export function checkBatches(
  frames: readonly AlertsFrame[],
  hello: HelloFrame,
  identity: PeerIdentity,
): Verdict<object> {
  if (frames.some(({ epoch }) => epoch !== hello.epoch)) {
    const details = 'a batch of another epoch';
    return { ok: false, reason: 'wrong-epoch', code: status.INVALID_ARGUMENT, details };
  }
  for (const { alerts } of frames) {
    const foreign = alerts.find(({ cluster, node }) =>
      cluster !== hello.cluster || node !== hello.node);
    if (foreign === undefined) continue;
    const { cluster, node } = foreign;
    const details = `an alert of a node that is not ${hello.node} of ${hello.cluster}`;
    return {
      ok: false,
      reason: 'foreign-alert',
      code: status.PERMISSION_DENIED,
      details,
      event: {
        kind: 'foreign-alert',
        identity: identity.name === '' ? `${hello.cluster}/${hello.node}` : identity.name,
        cluster,
        node,
        detail: details,
      },
    };
  }
  return { ok: true };
}
