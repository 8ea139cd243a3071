import type { Clock } from '../clock.ts';
import { ecsEvent } from './formats/ecs.ts';
import { falcosidekickEvent } from './formats/falcosidekick.ts';
import { lannerDocument } from './formats/lanner.ts';
import { ocsfEvent } from './formats/ocsf.ts';
import { otlpResourceLogs } from './formats/otlp.ts';
import { alertmanagerAlert } from './formats/prometheus-alert.ts';
import type { Notice } from './notice.ts';
import type { OutputConfig, OutputKind } from './output-config.ts';
import type { SecretSource } from './secret-source.ts';
import { detailOf } from './senders/http-target.ts';
import type { HttpReply } from './senders/http-target.ts';
import type { Encoding } from './senders/http-sender.ts';
import { SIGNATURE_HEADER, signatureOf } from './senders/signature.ts';

/** How records become the body of a request, kind by kind. */
export type HttpKind = Exclude<OutputKind, 'syslog' | 'kafka'>;

export type EncodingOptions = {
  readonly output: OutputConfig;
  readonly version: string;
  readonly clock: Clock;
  readonly secrets: SecretSource;
};

const HOLD_SECONDS = 3_600;
const WEBHOOK_ITEMS_MAX = 50;
const ITEMS_MAX = 100;

export function encodingOf(kind: HttpKind, options: EncodingOptions): Encoding {
  const { output, version, clock, secrets } = options;
  const json = { contentType: 'application/json', perBody: ITEMS_MAX };
  switch (kind) {
    case 'falcosidekick':
      return { ...json, perBody: 1, one: textOf(falcosidekickEvent), body: (parts) => parts.join() };
    case 'alertmanager': {
      const { labels = {}, holdSeconds = HOLD_SECONDS } = output;
      const holdMs = holdSeconds * 1_000;
      const one = textOf((notice) =>
        alertmanagerAlert(notice, { labels, holdMs, nowMs: clock.now() }));
      return { ...json, one, body: array };
    }
    case 'otlp':
      return {
        ...json,
        one: textOf((notice) => otlpResourceLogs(notice, version, clock.now())),
        body: (parts) => `{"resourceLogs":[${parts.join()}]}`,
        refusal: otlpRefusal,
      };
    case 'webhook':
      return {
        ...json,
        perBody: WEBHOOK_ITEMS_MAX,
        one: textOf(lannerDocument),
        body: (parts) => `{"version":1,"items":[${parts.join()}]}`,
        headers: (body) => {
          const keys = (output.keys ?? []).map(({ id, key }) => ({ id, key: secrets.text(key) }));
          return { [SIGNATURE_HEADER]: signatureOf(body, keys, clock.now()) };
        },
      };
    case 'ocsf':
    case 'ecs': {
      const one = (notice: Notice): string => valueOf(notice, options);
      return output.batch === 'lines'
        ? { contentType: 'application/x-ndjson', perBody: ITEMS_MAX, one, body: lines }
        : { ...json, one, body: array };
    }
  }
}

const textOf = (format: (notice: Notice) => unknown) => (notice: Notice): string =>
  JSON.stringify(format(notice));
const array = (parts: readonly string[]): string => `[${parts.join()}]`;
const lines = (parts: readonly string[]): string => parts.map((part) => `${part}\n`).join('');

export function valueOf(
  notice: Notice,
  { output, version }: Pick<EncodingOptions, 'output' | 'version'>,
): string {
  const format = output.kind === 'kafka' ? output.format ?? 'lanner' : output.kind;
  if (format === 'ocsf') return JSON.stringify(ocsfEvent(notice, version));
  if (format === 'ecs') return JSON.stringify(ecsEvent(notice, version));
  return JSON.stringify(lannerDocument(notice));
}

/** OTLP says no inside a yes. It does not say to which record. */
function otlpRefusal({ text }: HttpReply) {
  const { rejectedLogRecords = 0, errorMessage = '' } = partialSuccessOf(text);
  const rejected = Number(rejectedLogRecords);
  if (!(rejected > 0)) return undefined;
  const why = typeof errorMessage === 'string' ? errorMessage : '';
  const detail = detailOf(`${rejected} log records rejected: ${why}`);
  return { kind: 'permanent', class: 'rejected', detail } as const;
}

function partialSuccessOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const reply = JSON.parse(text) as { partialSuccess?: Record<string, unknown> } | null;
    return reply?.partialSuccess ?? {};
  } catch {
    // An empty answer, or one in protobuf, has nothing more to say than its status.
    return {};
  }
}
