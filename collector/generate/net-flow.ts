import { addressScope, EPHEMERAL_PORT_MIN } from '../../baseline/behaviour/address.ts';
import { behavioursOf } from './learned.ts';
import type { Learned, LearnedBehaviour } from './learned.ts';

/** A profile's `net` behaviours as addresses and ports, or the reason why one is none. */
export type Protocol = 'TCP' | 'UDP';

export type PortRange = { readonly from: number; readonly to: number };

export type NetFlow = {
  readonly kind: 'connect';
  /** An address, or a range that the profile generalised to. */
  readonly cidr: string;
  readonly port: PortRange;
  readonly protocol: Protocol;
  readonly by: string;
  /** Times at which this was seen for sure; empty where none is known. */
  readonly seenMs: readonly number[];
};

export type NetServed = {
  readonly kind: 'accept' | 'listen';
  /** Where callers come from; a listening port alone says nothing about them. */
  readonly from: 'inside' | 'outside' | 'unknown';
  readonly port: PortRange;
  readonly protocol: Protocol;
  readonly by: string;
};

export type NetUnsaid = {
  readonly kind: 'unsaid';
  readonly reason: 'failed-connection' | 'unknown-port' | 'unknown-protocol' | 'named-peer';
  readonly value: string;
};

export type NetEntry = NetFlow | NetServed | NetUnsaid;

/** Linux' ports end here; the range that profiles call ephemeral starts at its default. */
const PORT_MAX = 65_535;

export function netEntriesOf(learned: Learned): readonly NetEntry[] {
  return behavioursOf(learned, 'net').flatMap((behaviour) => entryOf(behaviour) ?? []);
}

function entryOf(behaviour: LearnedBehaviour): NetEntry | undefined {
  const { verb, object, detail, by } = behaviour;
  // Within the pod: no policy sees it.
  if (verb === 'connect' && object === 'loopback') return undefined;
  const value = `${verb} ${object}${detail} by ${by}`;
  if (object === '(failed)') return { kind: 'unsaid', reason: 'failed-connection', value };
  const match = /^:([0-9]{1,5}|ephemeral|\?)(?:\/([a-z0-9]+))?$/.exec(detail);
  const port = portOf(match?.[1] ?? '');
  if (port === null) return { kind: 'unsaid', reason: 'unknown-port', value };
  const protocol = match?.[2]?.toUpperCase();
  // A listening socket of which Falco said no protocol has listened: that is TCP.
  if (protocol === undefined && verb === 'listen') return served('listen', 'unknown', port, by);
  if (protocol !== 'TCP' && protocol !== 'UDP') {
    return { kind: 'unsaid', reason: 'unknown-protocol', value };
  }
  if (verb === 'listen') return { ...served('listen', 'unknown', port, by), protocol };
  if (verb === 'accept') {
    const from = object === 'outside' ? 'outside' : 'inside';
    return { ...served('accept', from, port, by), protocol };
  }
  const cidr = cidrOf(object);
  if (cidr === null) return { kind: 'unsaid', reason: 'named-peer', value };
  const { firstMs, lastMs } = behaviour;
  const seenMs = [...new Set([firstMs, lastMs])].filter((ms) => ms !== undefined);
  return { kind: 'connect', cidr, port, protocol, by, seenMs };
}

const served = (
  kind: NetServed['kind'],
  from: NetServed['from'],
  port: PortRange,
  by: string,
): NetServed => ({ kind, from, port, protocol: 'TCP', by });

function portOf(text: string): PortRange | null {
  if (text === 'ephemeral') return { from: EPHEMERAL_PORT_MIN, to: PORT_MAX };
  const port = Number(text);
  return text === '' || text === '?' || port < 1 || port > PORT_MAX
    ? null
    : { from: port, to: port };
}

/** `203.0.113.<N>` is what a profile calls a /24 of which it saw enough. */
function cidrOf(object: string): string | null {
  const generalised = object.replace(/(?:\.<N>)+$/, (found) => '.0'.repeat(found.length / 4));
  const open = (object.length - object.replace(/(?:\.<N>)+$/, '').length) / 4;
  const plain = generalised.startsWith('::ffff:') ? generalised.slice(7) : generalised;
  if (addressScope(plain) === 'unknown') return null;
  if (plain.includes(':')) return open === 0 ? `${plain}/128` : null;
  return `${plain}/${32 - 8 * open}`;
}

export const addressOfCidr = (cidr: string): string | null => {
  const [address = '', length] = cidr.split('/');
  return length === (address.includes(':') ? '128' : '32') ? address : null;
};
