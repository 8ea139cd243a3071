/**
 * Where an address belongs. Inside the cluster the other end has a Lanner agent of its own, so a
 * connection is judged where it starts; from outside only the accepting side can see it.
 */

export type AddressScope = 'loopback' | 'link-local' | 'inside' | 'outside' | 'unknown';

/** `a.b.c.d` or an IPv6 text as Falco prints it; IPv4-mapped IPv6 counts as IPv4. */
export function addressScope(address: string): AddressScope {
  const v4 = address.startsWith('::ffff:') ? address.slice(7) : address;
  const octets = parseV4(v4);
  if (octets !== null) return scopeV4(octets[0], octets[1]);
  if (!address.includes(':')) return 'unknown';
  const text = address.toLowerCase();
  if (text === '::1') return 'loopback';
  if (text === '::') return 'unknown';
  if (/^fe[89ab]/.test(text)) return 'link-local';
  // fc00::/7, unique local addresses
  if (/^f[cd]/.test(text)) return 'inside';
  return 'outside';
}

function parseV4(text: string): readonly [number, number, number, number] | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const octets: number[] = [];
  for (const part of parts) {
    if (!/^[0-9]{1,3}$/.test(part)) return null;
    const octet = Number(part);
    if (octet > 255) return null;
    octets.push(octet);
  }
  return octets as unknown as readonly [number, number, number, number];
}

/** RFC 1918, RFC 6598 (used for pods by several clouds), loopback, link-local. */
function scopeV4(first: number, second: number): AddressScope {
  if (first === 127) return 'loopback';
  if (first === 0) return 'unknown';
  if (first === 169 && second === 254) return 'link-local';
  if (first === 10) return 'inside';
  if (first === 172 && second >= 16 && second <= 31) return 'inside';
  if (first === 192 && second === 168) return 'inside';
  if (first === 100 && second >= 64 && second <= 127) return 'inside';
  return 'outside';
}

/**
 * The address as segments of a tree, so that the same count of pods that collapses names can
 * collapse it to its /24 and /16: `203.0.113.10` → `203.0`, `113`, `10`. Never beyond: the first
 * segment is the root of a tree, which does not generalise.
 */
export function addressSegments(address: string): readonly string[] {
  const parts = address.split('.');
  if (parts.length !== 4) return [address];
  return [`${parts[0]}.${parts[1]}`, parts[2] as string, parts[3] as string];
}

/** Linux' default ephemeral range starts at 32768: such a local port says nothing. */
export const EPHEMERAL_PORT_MIN = 32768;

export function portText(port: number): string {
  if (port < 0) return '?';
  return port >= EPHEMERAL_PORT_MIN ? 'ephemeral' : String(port);
}
