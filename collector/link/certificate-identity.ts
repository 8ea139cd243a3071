import type { PeerCertificate } from 'node:tls';

import type { Clock } from '../clock.ts';
import type { Identify, IdentityOutcome, IdentityRefusal } from './identity.ts';
import { nodeOfAgent, parseSpiffeId } from './spiffe-id.ts';
import { parseAltNames } from './subject-alt-names.ts';

/**
 * The agent's certificate says which node it may speak for: its one URI name is
 * `spiffe://<trust domain>/lanner/agent/<node>`. The chain was checked by the handshake; the common
 * name counts for nothing, because any authority writes there what it is asked to.
 */
const SHOWN_CHARACTERS_MAX = 300;

export function identifyByCertificate(
  { trustDomain, clock }: { readonly trustDomain: string; readonly clock: Clock },
): Identify {
  return async ({ certificate }) => identityOf(certificate, trustDomain, clock.now());
}

function identityOf(
  certificate: PeerCertificate | undefined,
  trustDomain: string,
  nowMs: number,
): IdentityOutcome {
  if (certificate === undefined) return refuse('no-certificate', '', 'it shows no certificate');
  const uris = (parseAltNames(certificate.subjectaltname ?? '') ?? [])
    .filter(({ type }) => type === 'URI');
  const [first] = uris;
  // Two would be two identities; the SPIFFE standard has such a certificate refused.
  if (first === undefined || uris.length > 1) {
    return refuse('no-spiffe-id', '', `its certificate has ${uris.length} URI names, not one`);
  }
  const name = first.value.slice(0, SHOWN_CHARACTERS_MAX).toWellFormed();
  const id = parseSpiffeId(first.value);
  if (id === undefined) return refuse('no-spiffe-id', name, 'its URI name is no SPIFFE ID');
  if (id.trustDomain !== trustDomain) {
    return refuse('foreign-trust-domain', name, `this collector is of ${trustDomain}`);
  }
  const node = nodeOfAgent(id);
  if (node === undefined) return refuse('not-an-agent', name, 'its SPIFFE ID is not an agent’s');
  const expiresAtMs = Date.parse(certificate.valid_to);
  // Not a number when it cannot be read: then it is not believed to be still valid.
  if (!(expiresAtMs > nowMs)) return refuse('expired', name, 'its certificate has expired');
  return { ok: true, identity: { node, name, expiresAtMs } };
}

const refuse = (reason: IdentityRefusal, name: string, detail: string): IdentityOutcome =>
  ({ ok: false, reason, name, detail });
