import type { Accept, Connect, Listen } from '../../baseline/observation.ts';
import type { Fields } from './fields.ts';
import { portIn, text } from './fields.ts';
import type { Base } from './base.ts';

/** A connect that failed has no address: Falco's `fd.name` is then the word `NULL`. */
export function connect(base: Base): Connect {
  const { fields } = base;
  return {
    kind: 'connect',
    timeNs: base.timeNs,
    node: base.node,
    container: base.container,
    process: base.process,
    fields,
    address: fields.get('fd.sip') ?? text(fields, 'fd.rip'),
    port: port(fields, 'fd.sport', 'fd.rport'),
    protocol: text(fields, 'fd.l4proto'),
    localAddress: fields.get('fd.cip') ?? text(fields, 'fd.lip'),
    localPort: port(fields, 'fd.cport', 'fd.lport'),
    name: text(fields, 'fd.sip.name'),
    result: text(fields, 'evt.res'),
  };
}

export function accept(base: Base): Accept {
  const { fields } = base;
  return {
    kind: 'accept',
    timeNs: base.timeNs,
    node: base.node,
    container: base.container,
    process: base.process,
    fields,
    peerAddress: fields.get('fd.cip') ?? text(fields, 'fd.rip'),
    peerPort: port(fields, 'fd.cport', 'fd.rport'),
    localAddress: fields.get('fd.sip') ?? text(fields, 'fd.lip'),
    localPort: port(fields, 'fd.sport', 'fd.lport'),
    protocol: text(fields, 'fd.l4proto'),
  };
}

export function listen(base: Base): Listen {
  const { fields } = base;
  const named = port(fields, 'fd.sport', 'fd.lport');
  const endpoint = endpointOf(text(fields, 'fd.name') || text(fields, 'evt.arg.addr'));
  return {
    kind: 'listen',
    timeNs: base.timeNs,
    node: base.node,
    container: base.container,
    process: base.process,
    fields,
    address: fields.get('fd.sip') ?? endpoint.address,
    port: named === -1 ? endpoint.port : named,
    protocol: text(fields, 'fd.l4proto'),
  };
}

function port(fields: Fields, name: string, otherName: string): number {
  return portIn(fields, fields.has(name) ? name : otherName);
}

/** `0.0.0.0:6379`, and `:::53` for the IPv6 wildcard: the port is behind the last colon. */
function endpointOf(name: string): { readonly address: string; readonly port: number } {
  const at = name.lastIndexOf(':');
  const digits = name.slice(at + 1);
  if (at < 0 || !/^[0-9]{1,5}$/.test(digits)) return { address: '', port: -1 };
  const value = Number(digits);
  return { address: name.slice(0, at), port: value <= 65_535 ? value : -1 };
}
