import { setTimeout as wait } from 'node:timers/promises';

import { CliFailure, exitCodes } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';

/** Talks to a collector's API. Every failure is a `CliFailure` with what to do about it. */
const REQUEST_TIMEOUT_MS = 30_000;
const EVENT_CHARACTERS_MAX = 8 * 1_024 * 1_024;
const RECONNECT_MS = 1_000;

export type ClientOptions = { readonly url: string; readonly token: string | undefined };

export type StreamEvent = { readonly id: string; readonly event: string; readonly data: string };

export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get(
    path: string,
    query: Readonly<Record<string, string | undefined>> = {},
    timeoutMs = REQUEST_TIMEOUT_MS,
  ): Promise<unknown> {
    return this.#json('GET', path, { query, timeoutMs });
  }

  async getText(path: string): Promise<string> {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await this.#fetch('GET', path, { query: {}, signal, headers: {} });
    return response.text();
  }

  async getBytes(path: string): Promise<Uint8Array> {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await this.#fetch('GET', path, { query: {}, signal, headers: {} });
    return new Uint8Array(await response.arrayBuffer());
  }

  post(path: string, body: unknown): Promise<unknown> {
    return this.#json('POST', path, { body });
  }

  remove(path: string, body: unknown): Promise<unknown> {
    return this.#json('DELETE', path, { body });
  }

  /**
   * Goes on where it was when the connection breaks; ends with the signal alone. After `onOpen`
   * nothing that changes is missed.
   */
  async *stream(
    query: Readonly<Record<string, string | undefined>>,
    signal: AbortSignal,
    onOpen: () => void = () => undefined,
  ): AsyncGenerator<StreamEvent> {
    let last: string | undefined;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      try {
        const response = await this.#fetch('GET', '/api/v1/stream', {
          query,
          signal,
          headers: last === undefined ? {} : { 'last-event-id': last },
        });
        onOpen();
        for await (const event of readEvents(response)) {
          if (event.id !== '') last = event.id;
          yield event;
        }
      } catch (error) {
        if (signal.aborted) return;
        // Wrong address or token at the start is for the user; later it is an outage to sit out.
        const isOutage = error instanceof CliFailure && error.exitCode === exitCodes.unreachable;
        if (isFirst || !isOutage) throw error;
      }
      await wait(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #json(
    method: string,
    path: string,
    { query = {}, timeoutMs = REQUEST_TIMEOUT_MS, body }: {
      readonly query?: Readonly<Record<string, string | undefined>>;
      readonly timeoutMs?: number;
      readonly body?: unknown;
    },
  ): Promise<unknown> {
    const response = await this.#fetch(method, path, {
      query,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {},
      ...(body === undefined ? {} : { body }),
    });
    if (response.status === 204) return undefined;
    return response.json().catch((error: unknown) => {
      throw new CliFailure(exitCodes.failed, 'the answer is not JSON: is this a collector?', {
        cause: error,
      });
    });
  }

  async #fetch(method: string, path: string, request: {
    readonly query: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  }): Promise<Response> {
    const { url: base, token } = this.#options;
    const url = URL.parse(path, base);
    if (url === null) throw new CliFailure(exitCodes.usage, `${base} is not a URL`);
    for (const [key, value] of Object.entries(request.query)) {
      if (value !== undefined) url.searchParams.set(key, value);
    }
    const response = await fetch(url, {
      method,
      signal: request.signal,
      redirect: 'error',
      headers: {
        ...request.headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    }).catch((error: unknown) => {
      throw unreachable(base, error);
    });
    if (!response.ok) throw await refusalOf(response);
    return response;
  }
}

function unreachable(url: string, error: unknown): CliFailure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new CliFailure(exitCodes.unreachable, `no collector at ${url}: ${detail}`, {
    cause: error,
  });
}

async function refusalOf(response: Response): Promise<CliFailure> {
  const body: unknown = await response.json().catch(() => undefined);
  const message = (body as { error?: { message?: unknown } } | undefined)?.error?.message;
  const text = typeof message === 'string' ? message : `HTTP ${response.status}`;
  const hint = response.status === 401
    ? ' (set LANNER_TOKEN or LANNER_TOKEN_FILE, or run lannerctl login)'
    : '';
  return new CliFailure(exitCodeOf(response.status), text + hint);
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403 || status === 421) return exitCodes.denied;
  if (status === 404) return exitCodes.notFound;
  return status < 500 ? exitCodes.refused : exitCodes.failed;
}

async function* readEvents(response: Response): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of response.body ?? []) {
      rest += decoder.decode(chunk, { stream: true });
      if (rest.length > EVENT_CHARACTERS_MAX) {
        throw new CliFailure(exitCodes.failed, 'an event of the stream is too large');
      }
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event.data !== '') yield event;
      }
    }
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw new CliFailure(exitCodes.unreachable, 'the stream was interrupted', { cause: error });
  }
}

function parseEvent(block: string): StreamEvent {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  return {
    id: fields.get('id') ?? '',
    event: fields.get('event') ?? 'message',
    data: fields.get('data') ?? '',
  };
}
