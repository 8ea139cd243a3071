import type { Severity } from '../../../baseline/alert.ts';

/** One severity in the words and numbers of each receiver. */
export type SeverityWords = {
  /** Falco's, as falcosidekick reads them. */
  readonly falco: 'Critical' | 'Error' | 'Warning' | 'Notice' | 'Informational';
  /** RFC 5424, table 2. */
  readonly syslog: number;
  /** CEF: 0 to 10. */
  readonly cef: number;
  /** OCSF severity_id. */
  readonly ocsf: number;
  readonly ocsfName: string;
  /** OpenTelemetry's SeverityNumber. */
  readonly otlp: number;
  readonly otlpText: string;
};

export const severityWords: Readonly<Record<Severity, SeverityWords>> = {
  critical: { falco: 'Critical', syslog: 2, cef: 10, ocsf: 5, ocsfName: 'Critical', otlp: 21,
    otlpText: 'FATAL' },
  high: { falco: 'Error', syslog: 3, cef: 8, ocsf: 4, ocsfName: 'High', otlp: 17,
    otlpText: 'ERROR' },
  medium: { falco: 'Warning', syslog: 4, cef: 5, ocsf: 3, ocsfName: 'Medium', otlp: 13,
    otlpText: 'WARN' },
  low: { falco: 'Notice', syslog: 5, cef: 3, ocsf: 2, ocsfName: 'Low', otlp: 10,
    otlpText: 'INFO2' },
  informational: { falco: 'Informational', syslog: 6, cef: 1, ocsf: 1, ocsfName: 'Informational',
    otlp: 9, otlpText: 'INFO' },
};
