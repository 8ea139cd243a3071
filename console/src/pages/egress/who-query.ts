import type { WhoQuery } from '../../../../collector/api/contract/egress.ts';

/**
 * The question as the form and the address of the page say it: a link to it can go into a ticket.
 * Nothing is asked before the three things are there that a firewall's line has.
 */
export type WhoForm = {
  readonly nodeIp: string;
  /** `203.0.113.9:443`, `[2001:db8::9]:443`, as it stands in logs. */
  readonly dst: string;
  /** RFC 3339 in UTC. */
  readonly at: string;
  readonly window: string;
  readonly srcPort: string;
  readonly protocol: string;
};

export const windows = ['30', '120', '600', '3600'] as const;
export const protocols = ['tcp', 'udp'] as const;
const USUAL_WINDOW = '120';
/** Agents tell a minute some seconds after it is over: five minutes ago everything is there. */
const USUAL_AGO_MS = 300_000;

export function whoFormOf(search: URLSearchParams, nowMs: number): WhoForm {
  const text = (key: keyof WhoForm): string => search.get(key) ?? '';
  return {
    nodeIp: text('nodeIp'),
    dst: text('dst'),
    at: isTime(text('at')) ? text('at') : timeText(nowMs - USUAL_AGO_MS),
    window: windows.find((one) => one === text('window')) ?? USUAL_WINDOW,
    srcPort: text('srcPort'),
    protocol: protocols.find((one) => one === text('protocol')) ?? '',
  };
}

export type WrongField = 'nodeIp' | 'dst' | 'at' | 'srcPort';

export type ReadWho =
  | { readonly ok: true; readonly query: WhoQuery }
  | { readonly ok: false; readonly wrong: WrongField };

export function readWho(form: WhoForm): ReadWho {
  const nodeIp = form.nodeIp.trim();
  const end = endOf(form.dst.trim());
  const srcPort = form.srcPort.trim();
  if (!isAddress(nodeIp)) return { ok: false, wrong: 'nodeIp' };
  if (end === null) return { ok: false, wrong: 'dst' };
  if (!isTime(form.at)) return { ok: false, wrong: 'at' };
  if (srcPort !== '' && !isPort(srcPort)) return { ok: false, wrong: 'srcPort' };
  return {
    ok: true,
    query: {
      nodeIp,
      dst: end.address,
      dstPort: end.port,
      at: form.at,
      windowSeconds: Number(form.window),
      ...srcPort === '' ? {} : { srcPort: Number(srcPort) },
      ...form.protocol === '' ? {} : { protocol: form.protocol },
    },
  };
}

/** What the address of the page asks; null while it asks nothing. */
export function askedOf(search: URLSearchParams): WhoQuery | null {
  if (search.get('nodeIp') === null || search.get('at') === null) return null;
  const read = readWho(whoFormOf(search, 0));
  return read.ok ? read.query : null;
}

export function endOf(text: string): { readonly address: string; readonly port: number } | null {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = match?.[3] ?? '';
  return isAddress(address) && isPort(port) ? { address, port: Number(port) } : null;
}

const V4 = /^(\d{1,3}\.){3}\d{1,3}$/;
const V6 = /^[0-9a-f:.]{2,64}$/i;

/** Whole, as far as a form can know; the collector looks it up and nothing else. */
export const isAddress = (text: string): boolean =>
  V4.test(text) ? text.split('.').every((part) => Number(part) <= 255)
    : text.includes(':') && V6.test(text);

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) <= 65_535;

const isTime = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/.test(text) &&
  Date.parse(text) >= 0;

/** Whole seconds: no firewall's line says more. */
const timeText = (ms: number): string =>
  new Date(Math.max(0, Math.floor(ms / 1_000) * 1_000)).toISOString();
