import type { Notice } from '../notice.ts';
import { cutBytes, visibleText } from '../visible-text.ts';
import { cefText } from './cef.ts';
import { compact, incidentIdOf, peerOf, scoreOf } from './fields.ts';
import { severityWords } from './severity.ts';

/**
 * RFC 5424: `<PRI>1 TIME HOST APP PROCID MSGID [SD] MSG`. No character of an event can end it: MSG
 * is CEF or JSON, both without control characters, and a value of structured data has its own
 * escapes. The whole message is at most `bytesMax`.
 */
export type SyslogOptions = {
  readonly facility: number;
  readonly body: 'cef' | 'json';
  readonly enterpriseId: string;
  readonly version: string;
  readonly bytesMax: number;
};

const HOST_MAX = 255;
const SD_VALUE_BYTES_MAX = 256;
/** Receivers that know none of UTF-8 see it as three odd characters; RFC 5424 asks for it. */
const BYTE_ORDER_MARK = '\ufeff';

export function syslogMessage(notice: Notice, options: SyslogOptions): string {
  const { facility, body, enterpriseId, version, bytesMax } = options;
  const priority = facility * 8 + severityWords[notice.severity].syslog;
  const head = [
    `<${priority}>1`,
    timestamp(notice.lastTime),
    printable(notice.place.node, HOST_MAX),
    'lanner',
    '-',
    notice.kind,
    structuredData(notice, enterpriseId),
  ].join(' ');
  // CEF's readers look for its first letters at the start of MSG.
  const prefix = `${head} ${body === 'cef' ? '' : BYTE_ORDER_MARK}`;
  const rest = Math.max(0, bytesMax - Buffer.byteLength(prefix));
  return prefix + (body === 'cef'
    ? cutBytes(cefText(notice, { version, bytesMax: rest }), rest)
    : jsonText(notice, rest));
}

/** At most six digits of a second. */
function timestamp(time: string): string {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(time);
  if (match === null || Number.isNaN(Date.parse(time))) return '-';
  return `${match[1] ?? ''}${match[2] === undefined ? '' : `.${match[2]}`}${match[3] ?? ''}`;
}

/** PRINTUSASCII: 33 to 126. */
function printable(text: string, max: number): string {
  const plain = text.replace(/[^\x21-\x7e]/g, '_').slice(0, max);
  return plain === '' ? '-' : plain;
}

const dataValue = (text: string): string =>
  visibleText(cutBytes(text, SD_VALUE_BYTES_MAX)).replace(/["\\\]]/g, '\\$&');

function structuredData(notice: Notice, enterpriseId: string): string {
  const { place } = notice;
  const fields = compact({
    uuid: notice.uuid,
    severity: notice.severity,
    cluster: place.cluster,
    namespace: place.namespace,
    pod: place.pod,
    incident: incidentIdOf(notice),
  });
  const parameters = Object.entries(fields).map(([name, value]) => ` ${name}="${dataValue(value)}"`);
  return `[lanner@${enterpriseId}${parameters.join('')}]`;
}

/** Fields in order of weight; those that do not fit are left out and named. */
function jsonText(notice: Notice, bytesMax: number): string {
  const fields = Object.entries(jsonFields(notice));
  const kept: string[] = [];
  let bytes = '{"omitted":9999}'.length;
  let omitted = 0;
  for (const [key, value] of fields) {
    const pair = visibleJson(key, value);
    const size = Buffer.byteLength(pair) + 1;
    if (bytes + size > bytesMax) {
      omitted += 1;
      continue;
    }
    kept.push(pair);
    bytes += size;
  }
  if (omitted > 0) kept.push(`"omitted":${omitted}`);
  return `{${kept.join(',')}}`;
}

/** JSON escapes control characters below 32; the others are escaped here, as JSON may. */
const visibleJson = (key: string, value: unknown): string =>
  `${JSON.stringify(key)}:${JSON.stringify(value).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu,
    (character) => character.split('').map((unit) =>
      `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  )}`;

function jsonFields(notice: Notice): Readonly<Record<string, unknown>> {
  const alert = notice.kind === 'alert' ? notice.alert : undefined;
  const peer = alert === undefined ? undefined : peerOf(alert);
  return compact({
    uuid: notice.uuid,
    kind: notice.kind,
    severity: notice.severity,
    rule: notice.rule,
    time: notice.lastTime,
    ...notice.place,
    message: notice.text.en.toWellFormed(),
    incident: incidentIdOf(notice),
    techniques: notice.techniques,
    score: scoreOf(notice),
    firstTime: notice.firstTime,
    containerId: alert?.containerId,
    imageTag: alert?.image.tag,
    imageDigest: alert?.image.digest,
    process: alert?.process,
    peer: peer === undefined ? undefined : { ...peer },
    profileState: alert?.profile.state,
    behaviours: alert?.behaviours.map(({ channel, value, count }) => ({ channel, value, count })),
  });
}
