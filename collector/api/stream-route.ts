import type { Logger } from 'pino';

import type { Access } from '../access/access.ts';
import { scopeOf } from '../access/roles.ts';
import type { Scope } from '../store/desk-face.ts';
import type { CollectorMetrics } from '../metrics.ts';
import { streamQuery } from './contract/stream.ts';
import type { ChangeKind } from './contract/stream.ts';
import { ApiError } from './errors.ts';
import { CLIENTS_MAX } from './live-stream.ts';
import type { LiveStream } from './live-stream.ts';
import type { Api } from './routes.ts';

/** The live stream. Who reads is asked again while it goes on: a session ends, a token is revoked. */
export type StreamRouteOptions = {
  readonly stream: LiveStream;
  readonly access: { readonly door: Pick<Access['door'], 'enter'> };
  readonly metrics: Pick<CollectorMetrics, 'apiRefused'>;
  readonly log: Logger;
};

export function addStreamRoute(api: Api, options: StreamRouteOptions): void {
  const { stream, access, metrics, log } = options;
  api.get('/api/v1/stream', {
    config: { needs: 'viewer', scope: 'any' },
    schema: {
      summary: 'What changes, as server-sent events',
      description: 'Events alert, incident, response and gap hold the whole record as it is now; ' +
        'position says only how far the reader has come, reset that the store is another one, ' +
        'end that the credential no longer holds. Comes back with Last-Event-ID and misses nothing.',
      querystring: streamQuery,
      produces: ['text/event-stream'],
    },
  }, async (request, reply) => {
    if (stream.isFull) {
      metrics.apiRefused('too-many-streams');
      throw new ApiError(503, 'too-many-streams', `${CLIENTS_MAX} readers are the limit`);
    }
    const { kinds, after, namespace, severity } = request.query;
    const { headers, ip: address } = request;
    // A browser sends where it was by itself; that is newer than what the address says.
    const last = /^[0-9]{1,15}$/.exec(String(headers['last-event-id'] ?? ''))?.[0] ?? after;
    const scope = async (): Promise<Scope | undefined> => {
      const entered = await access.door.enter({
        method: 'GET',
        address,
        headers,
        isPassive: true,
      });
      if (!entered.ok) return undefined;
      const seen = scopeOf(entered.principal, 'viewer');
      return seen.length === 0 ? undefined : seen;
    };
    reply.hijack();
    stream.serve(reply.raw, {
      ...(last === undefined ? {} : { after: Number(last) }),
      filter: {
        ...(kinds === undefined ? {} : { kinds: kinds.split(',') as ChangeKind[] }),
        ...(namespace === undefined ? {} : { namespace }),
        ...(severity === undefined ? {} : { severityMin: severity }),
      },
      scope,
    }).catch((error: unknown) => log.error({ err: error }, 'live stream failed'));
  });
}
