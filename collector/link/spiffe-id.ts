/**
 * SPIFFE IDs as their standard has them: `spiffe://<trust domain>/<segment>/…`, nothing else. No
 * percent-encoding, no empty segment, no `.` or `..`, no port, query or fragment: a second spelling
 * of one identity would be a way around whoever compares them.
 */
const ID_BYTES_MAX = 2_048;
const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/;
const SEGMENT = /^[a-zA-Z0-9._-]+$/;
const SCHEME = 'spiffe://';
const AGENT_PATH = ['lanner', 'agent'] as const;

export type SpiffeId = { readonly trustDomain: string; readonly segments: readonly string[] };

export const isTrustDomain = (text: string): boolean => TRUST_DOMAIN.test(text);

/** What can stand in an ID. Kubernetes' node names are a subset of it. */
export const isSegment = (text: string): boolean =>
  SEGMENT.test(text) && text !== '.' && text !== '..';

export function parseSpiffeId(text: string): SpiffeId | undefined {
  // Every character that passes below is one byte.
  if (text.length > ID_BYTES_MAX || !text.startsWith(SCHEME)) return undefined;
  const [trustDomain = '', ...segments] = text.slice(SCHEME.length).split('/');
  if (!isTrustDomain(trustDomain) || !segments.every(isSegment)) return undefined;
  return { trustDomain, segments };
}

export const formatSpiffeId = ({ trustDomain, segments }: SpiffeId): string =>
  `${SCHEME}${[trustDomain, ...segments].join('/')}`;

/** Undefined when the name cannot stand in a SPIFFE ID. */
export function agentSpiffeId(trustDomain: string, node: string): string | undefined {
  if (!isTrustDomain(trustDomain) || !isSegment(node)) return undefined;
  const id = formatSpiffeId({ trustDomain, segments: [...AGENT_PATH, node] });
  return id.length > ID_BYTES_MAX ? undefined : id;
}

/** The node, when the ID is that of an agent: `/lanner/agent/<node>` and no further. */
export function nodeOfAgent({ segments }: SpiffeId): string | undefined {
  const [first, second, node] = segments;
  const isAgent = segments.length === 3 && first === AGENT_PATH[0] && second === AGENT_PATH[1];
  return isAgent ? node : undefined;
}
