import { SecretMissing } from '../secret-source.ts';
import type { Failure, FailureClass } from '../sender.ts';
import { HttpTimeout, detailOf } from './http-target.ts';
import type { HttpReply } from './http-target.ts';

/**
 * What a failure means. A receiver that refuses this record (400, 413, 415, 422) will refuse it
 * for ever; one that refuses us (401, 403, 404 …) has a wrong setting on one of the two sides, and
 * giving up each record for it would empty the queue into the dead letters.
 */
const RECORD_REFUSED: ReadonlySet<number> = new Set([400, 413, 415, 422]);
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);
const TLS_CODE = /^(ERR_(TLS|SSL)|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO|HOSTNAME)/;

export function failureOfReply(reply: HttpReply): Failure | undefined {
  const { status, text, retryAfterMs } = reply;
  if (status >= 200 && status < 300) return undefined;
  const detail = detailOf(`HTTP ${status}: ${text}`);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (RECORD_REFUSED.has(status)) {
    return { kind: 'permanent', class: status === 413 ? 'too-large' : 'http-4xx', detail };
  }
  if (LATER.has(status)) return { kind: 'transient', class: 'http-429', detail, ...wait };
  if (status >= 500) return { kind: 'transient', class: 'http-5xx', detail, ...wait };
  return { kind: 'transient', class: status >= 400 ? 'http-4xx' : 'http-3xx', detail };
}

export function failureOfError(error: unknown): Failure {
  return { kind: 'transient', class: classOf(error), detail: detailOf(wordsOf(error)) };
}

function classOf(error: unknown): FailureClass {
  if (error instanceof SecretMissing) return 'secret';
  if (error instanceof HttpTimeout) return 'timeout';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ETIMEDOUT') return 'timeout';
  return TLS_CODE.test(code) ? 'tls' : 'connect';
}

function wordsOf(error: unknown): string {
  // A host name with several addresses fails once for each of them.
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
