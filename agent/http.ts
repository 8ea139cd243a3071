/**
 * `/metrics`, `/healthz` and `/readyz`. For Prometheus and the kubelet, so small and closed: GET
 * only, no body read, at most `CONNECTIONS_MAX` connections, loopback unless configured.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export const CONNECTIONS_MAX = 32;
const REQUEST_TIMEOUT_MS = 5_000;
/** Else Node looks every 30 s, and slow callers would keep the kubelet's probes out as long. */
const TIMEOUT_CHECK_MS = 500;
const HEADER_BYTES_MAX = 8_192;

export type Readiness = { readonly isReady: boolean; readonly detail: string };

export type HttpOptions = {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  readonly readiness: () => Readiness;
};

export type RunningHttp = { readonly port: number; stop(): Promise<void> };

export async function startHttp(options: HttpOptions): Promise<RunningHttp> {
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    (request, response) => {
      void answer(options, request, response);
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => stop(server),
  };
}

async function answer(
  options: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const say = (code: number, text: string, type = 'text/plain; charset=utf-8'): void => {
    response.writeHead(code, { 'content-type': type, 'x-content-type-options': 'nosniff' });
    response.end(text);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') return say(405, 'GET only\n');
  switch (request.url?.split('?', 1)[0] ?? '') {
    case '/metrics':
      return await metrics(options.registry, say);
    case '/healthz':
      return say(200, 'ok\n');
    case '/readyz': {
      const { isReady, detail } = options.readiness();
      return say(isReady ? 200 : 503, `${detail}\n`);
    }
    default:
      return say(404, 'not found\n');
  }
}

async function metrics(
  registry: Registry,
  say: (code: number, text: string, type?: string) => void,
): Promise<void> {
  try {
    say(200, await registry.metrics(), registry.contentType);
  } catch (error) {
    say(500, `the metrics cannot be read: ${error instanceof Error ? error.message : 'unknown'}\n`);
  }
}

function listen(server: Server, { host, port }: HttpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
