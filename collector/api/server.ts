import type { AddressInfo } from 'node:net';

import { fastify } from 'fastify';
import type { FastifyError, FastifyServerOptions } from 'fastify';
import type { Logger } from 'pino';

import { formatAddress, isLoopback, parseAddress } from '../../config/address.ts';
import { namedError, readNamed } from '../../config/named-error.ts';
import type { Clock } from '../clock.ts';
import { jsonText } from '../json-text.ts';
import type { AgentLinks } from '../link/link-server.ts';
import type { LogGate } from '../log-gate.ts';
import type { CollectorMetrics } from '../metrics.ts';
import type { LoadedPolicy } from '../policy/load-policy.ts';
import type { Curation } from '../profiles/curation.ts';
import type { Responder } from '../respond/responder.ts';
import type { ChangeKind, Store } from '../store/faces.ts';
import { addDecisionRoutes } from './decision-routes.ts';
import { ApiError } from './errors.ts';
import { createGuard } from './guard.ts';
import { CLIENTS_MAX } from './live-stream.ts';
import type { LiveStream } from './live-stream.ts';
import { addProfileRoutes } from './profile-routes.ts';
import { addResponseRoutes } from './response-routes.ts';
import { addReadRoutes } from './routes.ts';
import type { Api } from './routes.ts';
import { streamQuery } from './schemas.ts';
import { TokenCheck } from './token.ts';

/**
 * The collector's HTTP API: JSON, server-sent events, health and metrics. Every request passes
 * `guard.ts` first. Bounds: bodies of `BODY_BYTES_MAX`, pages of 500, and those of the live stream.
 * Failures are `{"error":{"code","message"}}`; what went wrong inside goes to the log alone.
 */
const BODY_BYTES_MAX = 65_536;
const REQUEST_TIMEOUT_MS = 30_000;
/** An id of a profile is base64url of a key of 1,024 bytes. */
const ID_CHARACTERS_MAX = 1_400;

export type ApiOptions = {
  readonly address: string;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  readonly insecure: boolean;
  readonly hosts: readonly string[];
  readonly metricsOpen: boolean;
  readonly token: string;
  readonly store: Store;
  readonly responder: Responder;
  readonly policy: () => LoadedPolicy;
  readonly links: AgentLinks;
  readonly curation: Curation;
  readonly stream: LiveStream;
  readonly metrics: CollectorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly gate: LogGate;
};

export type RunningApi = { readonly address: string; stop(): Promise<void> };

export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { address, tls, insecure, stream } = options;
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(`api.address ${address} is no address`);
  if (!isLoopback(parsed.host) && tls === undefined && !insecure) {
    throw new Error(
      `api.address ${address} is not loopback: set api.tls, or api.insecure: true ` +
        'to send the access token in plaintext',
    );
  }
  const settings: FastifyServerOptions = {
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: ID_CHARACTERS_MAX },
    forceCloseConnections: true,
    ajv: { customOptions: { removeAdditional: false, allErrors: false } },
    ...(tls === undefined ? {} : {
      https: {
        cert: readNamed('api.tls.certFile', tls.certFile),
        key: readNamed('api.tls.keyFile', tls.keyFile),
      },
    }),
  };
  const api = fastify(settings) as unknown as Api;
  api.setReplySerializer(jsonText);
  addGuard(api, options, parsed.host);
  addAnswers(api, options);
  addReadRoutes(api, options);
  addProfileRoutes(api, options);
  addDecisionRoutes(api, options);
  addResponseRoutes(api, options);
  addStream(api, options);
  addHealth(api, options);
  await api.listen({ host: parsed.host, port: parsed.port }).catch((error: unknown) => {
    throw namedError('api.address', error);
  });
  const bound = api.server.address() as AddressInfo;
  const scheme = tls === undefined ? 'http' : 'https';
  return {
    address: `${scheme}://${formatAddress({ host: parsed.host, port: bound.port })}`,
    stop: async () => {
      stream.stop();
      await api.close();
    },
  };
}

function addGuard(api: Api, options: ApiOptions, boundHost: string): void {
  const { hosts, metricsOpen, token, metrics, log, gate } = options;
  const guard = createGuard({ boundHost, hosts, metricsOpen, token: new TokenCheck(token) });
  // Only what a page of another site cannot send without asking first.
  api.removeContentTypeParser(['text/plain']);
  api.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
    });
    const path = request.url.split('?', 1)[0] ?? '';
    const refusal = guard({ method: request.method, path, headers: request.headers });
    if (refusal === undefined) return;
    metrics.apiRefused(refusal.reason);
    const suppressed = gate.open(`api ${refusal.reason}`);
    if (suppressed !== undefined) {
      log.warn({ security: true, reason: refusal.reason, peer: request.ip, suppressed },
        'request refused');
    }
    if (refusal.status === 401) reply.header('www-authenticate', 'Bearer');
    throw new ApiError(refusal.status, refusal.reason, refusal.message);
  });
}

function addAnswers(api: Api, { metrics, log }: ApiOptions): void {
  api.setErrorHandler((error: FastifyError | ApiError, request, reply) => {
    if (error instanceof ApiError) {
      return reply.code(error.statusCode)
        .send({ error: { code: error.code, message: error.message } });
    }
    const statusCode = error.statusCode ?? 500;
    if (statusCode < 500) {
      metrics.apiRefused('invalid-request');
      return reply.code(statusCode)
        .send({ error: { code: 'invalid-request', message: error.message } });
    }
    log.error({ err: error, method: request.method, route: request.routeOptions.url },
      'request failed');
    return reply.code(500)
      .send({ error: { code: 'internal', message: 'the collector could not answer this' } });
  });
  api.setNotFoundHandler((_, reply) =>
    reply.code(404).send({ error: { code: 'not-found', message: 'there is no such path' } }));
}

function addStream(api: Api, { stream, metrics, log }: ApiOptions): void {
  api.get('/api/v1/stream', { schema: { querystring: streamQuery } }, async (request, reply) => {
    if (stream.isFull) {
      metrics.apiRefused('too-many-streams');
      throw new ApiError(503, 'too-many-streams', `${CLIENTS_MAX} readers are the limit`);
    }
    const { kinds, after } = request.query;
    // A browser sends where it was by itself; that is newer than what the address says.
    const last = /^[0-9]{1,15}$/.exec(String(request.headers['last-event-id'] ?? ''))?.[0] ?? after;
    reply.hijack();
    stream.serve(reply.raw, {
      ...(last === undefined ? {} : { after: Number(last) }),
      ...(kinds === undefined ? {} : { kinds: kinds.split(',') as ChangeKind[] }),
    }).catch((error: unknown) => log.error({ err: error }, 'live stream failed'));
  });
}

function addHealth(api: Api, { store, metrics }: ApiOptions): void {
  api.get('/healthz', async () => ({ status: 'ok' }));
  api.get('/readyz', async () => {
    await store.ping().catch((error: unknown) => {
      throw new ApiError(503, 'not-ready', error instanceof Error ? error.message : 'no store');
    });
    return { status: 'ready' };
  });
  api.get('/metrics', async (_, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()));
}
