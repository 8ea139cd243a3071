import { isIP } from 'node:net';

import type { Alert, AlertBehaviour } from '../../../baseline/alert.ts';
import { TECHNIQUE_NAMES } from '../../../baseline/episode/technique-names.ts';
import type { Notice } from '../notice.ts';

/** What several formats say of the same thing in their own words. */
export const timeMs = (time: string): number => {
  const ms = Date.parse(time);
  return Number.isFinite(ms) ? ms : 0;
};

/** Nanoseconds since 1970 as text: no digit is lost. 0 for what is no time. */
export function timeNs(time: string): string {
  const match = /^(.*?)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(time);
  const seconds = Date.parse(`${match?.[1] ?? ''}${match?.[3] ?? ''}`);
  if (match === null || !Number.isFinite(seconds) || seconds < 0) return '0';
  const nanoseconds = `${seconds / 1_000}${(match[2] ?? '').padEnd(9, '0')}`;
  return nanoseconds.replace(/^0+(?=\d)/, '');
}

type Endpoint = { readonly ip: string; readonly port: number; readonly protocol: string };

/** The other side of the first connection that the alert is about. */
export function peerOf({ behaviours }: Alert): Endpoint | undefined {
  for (const { channel, fields } of behaviours) {
    if (channel !== 'net') continue;
    const ip = fields['fd.rip'] ?? fields['fd.sip'] ?? fields['fd.cip'] ?? '';
    const port = Number(fields['fd.rport'] ?? fields['fd.sport'] ?? -1);
    // A zone (`fe80::1%eth0`) is of the node, and no index takes it.
    if (isIP(ip) === 0 || ip.includes('%')) continue;
    return {
      ip,
      port: Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : -1,
      protocol: /^(tcp|udp)$/.exec(fields['fd.l4proto'] ?? '')?.[0] ?? '',
    };
  }
  return undefined;
}

const FILE_CHANNELS: ReadonlySet<string> = new Set(['file-write', 'file-read', 'file-change']);

/** The first file that the alert is about. */
export function fileOf({ behaviours }: Alert): string | undefined {
  const found = behaviours.find((behaviour) => FILE_CHANNELS.has(behaviour.channel));
  const name = found === undefined ? '' : pathOf(found);
  return name === '' ? undefined : name;
}

const pathOf = ({ fields }: AlertBehaviour): string =>
  fields['fd.name'] ?? fields['fs.path.name'] ?? '';

export const techniqueName = (id: string): string => TECHNIQUE_NAMES.get(id)?.en ?? id;

export const incidentIdOf = (notice: Notice): string => {
  if (notice.kind === 'alert') return notice.incidentId;
  if (notice.kind === 'incident') return notice.incident.id;
  return notice.kind === 'response' ? notice.response.incidentId : '';
};

export const scoreOf = (notice: Notice): number | undefined => {
  if (notice.kind === 'alert') return notice.alert.score;
  return notice.kind === 'incident' ? notice.incident.score : undefined;
};

export const countOf = (notice: Notice): number => {
  if (notice.kind === 'alert') return notice.alert.count;
  return notice.kind === 'incident' ? notice.incident.eventCount : 1;
};

/** The record as the API shows it. */
export function documentOf(notice: Notice): unknown {
  switch (notice.kind) {
    case 'alert':
      return { ...notice.alert, incidentId: notice.incidentId };
    case 'incident':
      return notice.incident;
    case 'response':
      return notice.response;
    case 'gap':
      return notice.gap;
    case 'summary':
      return notice.summary;
    case 'test':
      return { output: notice.output };
  }
}

/** Without what is empty: receivers index each field that is there. */
export function compact<T extends Readonly<Record<string, unknown>>>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) =>
    value !== undefined && value !== '' && value !== null &&
    !(Array.isArray(value) && value.length === 0))) as Partial<T>;
}
