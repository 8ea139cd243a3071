/** Plaintext is for the same machine; anything that leaves it is TLS or an explicit decision. */
export function isLoopback(address: string): boolean {
  if (address.startsWith('unix:')) return true;
  const host = hostOf(address);
  return host === 'localhost' || host === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}

/** `collector:7443`, `[::1]:7443`, `dns:///collector:7443` */
function hostOf(address: string): string {
  const target = address.replace(/^(?:dns|ipv4|ipv6):(?:\/\/[^/]*\/)?/, '');
  const bracketed = /^\[([^\]]*)\]/.exec(target);
  if (bracketed?.[1] !== undefined) return bracketed[1];
  const colon = target.lastIndexOf(':');
  return colon < 0 ? target : target.slice(0, colon);
}
