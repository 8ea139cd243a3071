import type { Notice } from '../notice.ts';
import { cutText, visibleText } from '../visible-text.ts';
import { countOf, fileOf, incidentIdOf, peerOf, scoreOf, timeMs } from './fields.ts';
import { severityWords } from './severity.ts';

/**
 * ArcSight's Common Event Format, version 0 (revision 25 of its document). In the head `|` and `\`
 * are escaped, in the extension `=`, `\` and line breaks; other control characters are written
 * out before that. Lengths are those of ArcSight's dictionary.
 */
const HEAD_MAX = 512;
const SHORT_MAX = 1_023;
const LONG_MAX = 4_000;

export type CefOptions = { readonly version: string; readonly bytesMax: number };

const LINE_BREAKS = /[\r\n]/;

const headText = (text: string): string =>
  visibleText(cutText(text, HEAD_MAX)).replace(/[\\|]/g, '\\$&');

/** A line break is the only control character that CEF can say. */
export function extensionText(text: string): string {
  return text.split(/(\r|\n)/).map((part) => {
    if (LINE_BREAKS.test(part)) return part === '\n' ? '\\n' : '\\r';
    return visibleText(part).replace(/[\\=]/g, '\\$&');
  }).join('');
}

export function cefText(notice: Notice, { version, bytesMax }: CefOptions): string {
  const { cef } = severityWords[notice.severity];
  const head = ['CEF:0', 'Lanner', 'Lanner', headText(version), headText(signatureOf(notice)),
    headText(notice.rule), String(cef)].join('|');
  let text = `${head}|`;
  let bytes = Buffer.byteLength(text);
  // In order of weight: what does not fit is left out whole, so that what is there is true.
  for (const extension of extensions(notice)) {
    const pair = pairOf(extension, text.length === head.length + 1);
    const size = Buffer.byteLength(pair);
    if (bytes + size > bytesMax) continue;
    text += pair;
    bytes += size;
  }
  return text;
}

/** `label` goes with its value or not at all. */
type Extension = {
  readonly key: string;
  readonly value: string | number;
  readonly max?: number;
  readonly label?: string;
};

function pairOf({ key, value, max = SHORT_MAX, label }: Extension, isFirst: boolean): string {
  const text = typeof value === 'number' ? String(value) : extensionText(cutText(value, max));
  const pair = `${isFirst ? '' : ' '}${key}=${text}`;
  return label === undefined ? pair : `${pair} ${key}Label=${label}`;
}

/** Bounded: a rule of the receiver is written for it. */
function signatureOf(notice: Notice): string {
  return notice.kind === 'alert'
    ? `${notice.alert.kind}.${notice.alert.behaviours[0]?.channel ?? 'sensor'}`
    : notice.kind;
}

function extensions(notice: Notice): readonly Extension[] {
  const { place, techniques } = notice;
  const score = scoreOf(notice);
  const found: readonly Extension[] = [
    { key: 'externalId', value: notice.uuid },
    { key: 'rt', value: timeMs(notice.lastTime) },
    { key: 'cat', value: notice.kind },
    { key: 'dvchost', value: place.node, max: 100 },
    { key: 'cs1', value: place.namespace, max: LONG_MAX, label: 'namespace' },
    { key: 'cs2', value: place.pod, max: LONG_MAX, label: 'pod' },
    { key: 'cs3', value: place.image, max: LONG_MAX, label: 'image' },
    { key: 'cs4', value: techniques.join(','), max: LONG_MAX, label: 'techniques' },
    { key: 'cs5', value: incidentIdOf(notice), max: LONG_MAX, label: 'incident' },
    { key: 'cs6', value: place.workload, max: LONG_MAX, label: 'workload' },
    { key: 'cn1', value: score === undefined ? '' : Math.round(score), label: 'score' },
    { key: 'cnt', value: countOf(notice) },
    { key: 'start', value: timeMs(notice.firstTime) },
    { key: 'end', value: timeMs(notice.lastTime) },
    ...(notice.kind === 'alert' ? ofAlert(notice) : []),
    { key: 'msg', value: notice.text.en },
    { key: 'deviceExternalId', value: place.cluster, max: 255 },
  ];
  return found.filter(({ value }) => value !== '');
}

function ofAlert({ alert }: Extract<Notice, { readonly kind: 'alert' }>): readonly Extension[] {
  const { process } = alert;
  const peer = peerOf(alert);
  const isV6 = peer?.ip.includes(':') === true;
  return [
    { key: 'dproc', value: process.name },
    { key: 'dpid', value: process.pid },
    { key: 'duid', value: String(process.uid) },
    { key: 'filePath', value: fileOf(alert) ?? process.exe },
    { key: 'dst', value: isV6 ? '' : peer?.ip ?? '' },
    { key: 'c6a3', value: isV6 ? peer.ip : '', label: 'Destination IPv6 Address' },
    { key: 'dpt', value: peer === undefined || peer.port < 0 ? '' : peer.port },
    { key: 'proto', value: peer?.protocol ?? '' },
    { key: 'flexString1', value: process.commandLine, label: 'commandLine' },
  ];
}
