import type { FastifyError, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import type { Access } from '../access/access.ts';
import type { LogGate } from '../log-gate.ts';
import type { CollectorMetrics } from '../metrics.ts';
import { ApiError, Refused } from './errors.ts';
import type { Api } from './routes.ts';

/** Every answer that is not what was asked for, in one form: `{"error":{"code","message"}}`. */
export type AnswerOptions = {
  readonly access: Pick<Access, 'refusals'>;
  readonly metrics: CollectorMetrics;
  readonly log: Logger;
  readonly gate: LogGate;
};

export function addAnswers(api: Api, options: AnswerOptions): void {
  const { metrics, log } = options;
  api.setErrorHandler((error: FastifyError | ApiError, request, reply) => {
    if (error instanceof Refused) note(request, error, options);
    if (error instanceof ApiError) {
      if (error.statusCode === 401) reply.header('www-authenticate', 'Bearer');
      return reply.code(error.statusCode)
        .send({ error: { code: error.code, message: error.message, ...error.details } });
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

/** Who, from where, what, why: counted, in the audit, and a line in the log now and then. */
export function note(
  request: FastifyRequest,
  { reason }: Pick<Refused, 'reason'>,
  { access, log, gate }: Pick<AnswerOptions, 'access' | 'log' | 'gate'>,
): void {
  const { principal: { name: actor }, ip: address, method } = request;
  const path = request.url.split('?', 1)[0] ?? '';
  access.refusals.note({ actor, address, method, path, reason });
  const suppressed = gate.open(`api ${reason}`);
  if (suppressed === undefined) return;
  log.warn({ security: true, reason, actor, peer: address, suppressed }, 'request refused');
}
