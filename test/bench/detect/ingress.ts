import type { FalcoEvent } from '../../../agent/source/event.ts';
import { addressScope } from '../../../baseline/behaviour/address.ts';

/**
 * The recording as it would be behind an ingress: no pod accepts a connection from outside the
 * cluster. The intruder of the recordings calls the pods directly from an outside address, which
 * alone gives an attack away where the applications are otherwise called by their neighbours; in
 * production the connection comes from the proxy, like everybody's.
 */
export function behindIngress(events: readonly FalcoEvent[]): readonly FalcoEvent[] {
  return events.filter((event) => !isOutsideAccept(event));
}

function isOutsideAccept({ fields }: FalcoEvent): boolean {
  if (!(fields.get('evt.type') ?? '').startsWith('accept')) return false;
  return addressScope(fields.get('fd.cip') ?? fields.get('fd.rip') ?? '') === 'outside';
}
