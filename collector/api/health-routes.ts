import type { CollectorMetrics } from '../metrics.ts';
import type { Store } from '../store/faces.ts';
import { ApiError } from './errors.ts';
import type { Api } from './routes.ts';

/** For the kubelet and for Prometheus. */
export type HealthRouteOptions = {
  readonly store: Pick<Store, 'ping'>;
  readonly metrics: CollectorMetrics;
};

export function addHealthRoutes(api: Api, { store, metrics }: HealthRouteOptions): void {
  api.get('/healthz', { config: { needs: 'anyone' } }, async () => ({ status: 'ok' }));
  api.get('/readyz', { config: { needs: 'anyone' } }, async () => {
    await store.ping().catch((error: unknown) => {
      throw new ApiError(503, 'not-ready', error instanceof Error ? error.message : 'no store');
    });
    return { status: 'ready' };
  });
  api.get('/metrics', { config: { needs: 'viewer', scope: 'any' } }, async (_, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()));
}
