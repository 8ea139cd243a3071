import type { OutputConfig } from './output-config.ts';

/** Where an output sends, for people: paths of URLs are often secrets, so only the host is shown. */
export function targetOf(output: OutputConfig): string {
  const { kind, url, transport, address, brokers } = output;
  if (kind === 'syslog') return `${transport ?? 'udp'}://${address ?? ''}`;
  if (kind === 'kafka') return `${(brokers ?? []).join(',')}/${output.topic ?? ''}`;
  return url === undefined ? 'a secret URL' : URL.parse(url)?.origin ?? '';
}
