import type { PeerCertificate } from 'node:tls';

/** Who a peer is, by what it can show; what it says of itself (its hello) must agree with it. */
export type Credential = {
  /** Checked against the authority by the TLS handshake; undefined without one. */
  readonly certificate: PeerCertificate | undefined;
  /** The metadata of that name, as it came. */
  readonly authorization: string | undefined;
};

export type PeerIdentity = {
  /** The only node it may speak for; null when nobody vouches for one. */
  readonly node: string | null;
  /** For logs and events: a SPIFFE ID or a service account; empty when there is none. */
  readonly name: string;
  /** Infinity: as long as the link holds. */
  readonly expiresAtMs: number;
};

export const identityRefusals = [
  'no-certificate',
  'no-spiffe-id',
  'foreign-trust-domain',
  'not-an-agent',
  'expired',
  'no-token',
  'token-refused',
  'wrong-account',
  'no-node',
  /** Nobody said no: whoever could say yes does not answer. */
  'unavailable',
] as const;
export type IdentityRefusal = (typeof identityRefusals)[number];

export type IdentityOutcome =
  | { readonly ok: true; readonly identity: PeerIdentity }
  | {
      readonly ok: false;
      readonly reason: IdentityRefusal;
      readonly name: string;
      readonly detail: string;
    };

export type Identify = (credential: Credential) => Promise<IdentityOutcome>;

/** For an address of this machine, or where the operator says that the network is safe. */
export const identifyNobody: Identify = async () =>
  ({ ok: true, identity: { node: null, name: '', expiresAtMs: Infinity } });
