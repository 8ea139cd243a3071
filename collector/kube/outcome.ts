import type * as Client from '@kubernetes/client-node';

import type { Connection } from './connection.ts';
import type { KubeFailure, KubeFailureReason, KubeOutcome } from './kube.ts';

/** What the API server or the way to it made of a request, as a value with a closed reason. */
const MESSAGE_CHARACTERS_MAX = 300;
const RETRY_AFTER_MAX_MS = 60_000;

/** More came than Lanner reads. */
export class TooLargeError extends Error {
  readonly code = 'kube-answer-too-large';
}

export type Asking = { readonly client: typeof Client; readonly connection: Connection };

/** Makes the request, and once more when it was refused for credentials that are renewed now. */
export async function ask<T>(
  { client, connection }: Asking,
  request: () => Promise<T>,
): Promise<KubeOutcome<T>> {
  let bearing: string | undefined;
  try {
    bearing = await connection.credential();
    return { ok: true, value: await request() };
  } catch (error) {
    if (!(error instanceof client.ApiException)) {
      if (!(error instanceof TooLargeError)) connection.dropPool();
      return failed(error);
    }
    if (error.code !== 401) return refused(error);
    try {
      // Not "other than a moment ago": of two requests at once the first renews for both.
      if (!await connection.renewCredentials(bearing)) return refused(error);
      return { ok: true, value: await request() };
    } catch (second) {
      return second instanceof client.ApiException ? refused(second) : failed(second);
    }
  }
}

/** What is not the object was not the API server's answer: something else stands in the way. */
export function mapOutcome<T, V>(outcome: KubeOutcome<T>, map: (value: T) => V): KubeOutcome<V> {
  if (!outcome.ok) return outcome;
  try {
    return { ok: true, value: map(outcome.value) };
  } catch (error) {
    return failed(new Error('the answer is not the object that was asked for', { cause: error }));
  }
}

function failed(error: unknown): KubeFailure {
  return {
    ok: false,
    reason: error instanceof TooLargeError ? 'too-large' : 'unavailable',
    retryAfterMs: 0,
    message: cut(reasonOf(error)),
  };
}

function refused(error: Client.ApiException<unknown>): KubeFailure {
  const status = statusOf(error.body);
  const seconds = Number(error.headers['retry-after'] ?? 0);
  return {
    ok: false,
    reason: failureReason(error.code, status.causes),
    retryAfterMs: Number.isFinite(seconds)
      ? Math.min(Math.max(0, seconds * 1_000), RETRY_AFTER_MAX_MS)
      : 0,
    message: cut(status.message ?? `HTTP ${error.code}`),
  };
}

/**
 * 422 is both "a test of the patch does not hold" and "that makes no valid object"; the second
 * names what is wrong, cause by cause.
 */
function failureReason(code: number, causes: number): KubeFailureReason {
  if (code === 404) return 'not-found';
  if (code === 409 || (code === 422 && causes === 0)) return 'conflict';
  if (code === 401 || code === 403) return 'forbidden';
  if (code === 429) return 'too-many-requests';
  // 410: what was asked for by version is no longer kept. Asked anew, it is answered.
  return code === 410 || code >= 500 ? 'unavailable' : 'invalid';
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer before the deadline';
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** The API server explains itself in a Status object. */
function statusOf(body: unknown): { message: string | undefined; causes: number } {
  let parsed = body;
  if (typeof body === 'string') {
    try {
      parsed = JSON.parse(body);
    } catch {
      // A proxy on the way answered, in its own words.
      return { message: body, causes: 0 };
    }
  }
  const status = parsed as { message?: unknown; details?: { causes?: unknown } } | null;
  const causes = status?.details?.causes;
  return {
    message: typeof status?.message === 'string' ? status.message : undefined,
    causes: Array.isArray(causes) ? causes.length : 0,
  };
}

const cut = (text: string): string => text.slice(0, MESSAGE_CHARACTERS_MAX).toWellFormed();
