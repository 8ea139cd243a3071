import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

import type { Clock } from '../../clock.ts';
import { cutText, visibleText } from '../visible-text.ts';
import type { TlsFiles } from './tls-files.ts';
import { tlsOptions } from './tls-files.ts';

/**
 * Posts bodies to the one URL that the settings name. Redirects are not followed: whoever answers
 * there must not choose where alerts go. Bounds: `SOCKETS_MAX` connections, `REPLY_BYTES_MAX` of an
 * answer, and a deadline over the whole exchange.
 */
export const SOCKETS_MAX = 4;
const REPLY_BYTES_MAX = 65_536;
const DETAIL_MAX = 200;
const AGENT_MS_MAX = 300_000;
const RETRY_AFTER_MS_MAX = 300_000;

export type HttpTargetOptions = {
  readonly url: () => string;
  readonly headers: () => Readonly<Record<string, string>>;
  readonly tls: TlsFiles;
  readonly timeoutMs: number;
  readonly clock: Clock;
};

export type HttpReply = {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
};

export class HttpTimeout extends Error {
  override readonly name = 'HttpTimeout';
  readonly code = 'timeout';
}

export class HttpTarget {
  readonly #options: HttpTargetOptions;
  readonly #plain = new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_MAX });
  #secure: { readonly agent: HttpsAgent; readonly madeMs: number } | undefined;

  constructor(options: HttpTargetOptions) {
    this.#options = options;
  }

  async post(
    body: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpReply> {
    try {
      return await this.#once(body, headers, signal);
    } catch (error) {
      // The receiver closed an idle connection at the moment we used it: that is no outage.
      if (!(error instanceof StaleSocket) || signal.aborted) throw error;
      return await this.#once(body, headers, signal);
    }
  }

  close(): void {
    this.#plain.destroy();
    this.#secure?.agent.destroy();
  }

  #once(
    body: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpReply> {
    const url = new URL(this.#options.url());
    const isSecure = url.protocol === 'https:';
    const settings: RequestOptions = {
      method: 'POST',
      agent: isSecure ? this.#secureAgent() : this.#plain,
      headers: {
        'user-agent': 'lanner',
        'content-length': String(Buffer.byteLength(body)),
        ...this.#options.headers(),
        ...headers,
      },
    };
    const { clock, timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const request = (isSecure ? httpsRequest : httpRequest)(url, settings);
      const cancel = clock.after(timeoutMs, () =>
        request.destroy(new HttpTimeout(`no answer within ${timeoutMs} ms`)));
      const abort = (): void => void request.destroy(new Error('stopped'));
      signal.addEventListener('abort', abort, { once: true });
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', abort);
      };
      if (signal.aborted) abort();
      request.on('response', (response) => {
        readReply(response).then(resolve, reject).finally(done);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        done();
        const isStale = request.reusedSocket &&
          (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(isStale ? new StaleSocket('stale', { cause: error }) : error);
      });
      request.end(body);
    });
  }

  /** Made anew now and then, so that certificates that were replaced are used. */
  #secureAgent(): HttpsAgent {
    const { clock, tls, timeoutMs } = this.#options;
    const known = this.#secure;
    if (known !== undefined && Math.abs(clock.now() - known.madeMs) < AGENT_MS_MAX) {
      return known.agent;
    }
    const agent = new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, ...tlsOptions(tls) });
    this.#secure = { agent, madeMs: clock.now() };
    // What is under way on the old one may end.
    if (known !== undefined) clock.after(timeoutMs, () => known.agent.destroy());
    return agent;
  }
}

class StaleSocket extends Error {
  override readonly name = 'StaleSocket';
  readonly code = 'ECONNRESET';
}

async function readReply(response: IncomingMessage): Promise<HttpReply> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > REPLY_BYTES_MAX) {
      // The status is known, and that is what counts.
      response.destroy();
      break;
    }
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    text: Buffer.concat(chunks).toString(),
    retryAfterMs: retryAfterOf(response.headers['retry-after']),
  };
}

/** Seconds; a date is the receiver's clock, and not followed. */
function retryAfterOf(header: string | undefined): number | undefined {
  const seconds = Number(header ?? Number.NaN);
  if (!Number.isFinite(seconds) || seconds < 0) return undefined;
  return Math.min(RETRY_AFTER_MS_MAX, seconds * 1_000);
}

export const detailOf = (text: string): string => visibleText(cutText(text.trim(), DETAIL_MAX));
