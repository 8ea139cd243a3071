import type { Access } from '../access/access.ts';
import { NOBODY } from '../access/principal.ts';
import { mayAnywhere, mayEverywhere } from '../access/roles.ts';
import { requireNeeds } from '../access/route-needs.ts';
import type { RouteNeed } from '../access/route-needs.ts';
import { securityHeaders } from '../access/security-headers.ts';
import { Forbidden, Refused } from './errors.ts';
import { refusedBy } from './refusal-answers.ts';
import type { Api } from './routes.ts';

/**
 * The first thing that happens to a request, before its body is read: where it comes from, who sent
 * it, and whether that is enough for the route. A route that does not say what it needs stops the
 * start.
 */
export type GuardingOptions = {
  readonly access: Access;
  /** `/metrics` for everyone. */
  readonly metricsOpen: boolean;
};

export function addGuard(api: Api, { access, metricsOpen }: GuardingOptions): readonly RouteNeed[] {
  const found = requireNeeds(api);
  const headers = securityHeaders(access.isTls);
  // Only what a page of another site cannot send without asking first.
  api.removeContentTypeParser(['text/plain']);
  api.addHook('onRequest', async (request, reply) => {
    reply.headers(headers);
    const { method, ip: address } = request;
    const [path = '', search = ''] = request.url.split(/\?(.*)/s, 2);
    const { raw, headers: sent } = request;
    const { rawHeaders } = raw;
    const refusal = access.siteRules({ method, path, search, headers: sent, rawHeaders });
    if (refusal !== undefined) {
      throw new Refused(refusal.status, refusal.reason, refusal.message);
    }
    if (request.is404) return;
    const { needs = 'admin', scope = 'all' } = request.routeOptions.config;
    const isOpenMetrics = metricsOpen && request.routeOptions.url === '/metrics';
    if (needs === 'anyone' || isOpenMetrics) return;
    const entered = await access.door.enter({ method, address, headers: sent });
    if (!entered.ok) {
      // For the audit alone: without a grant the name opens nothing.
      if (entered.actor !== undefined) request.principal = { ...NOBODY, name: entered.actor };
      throw refusedBy(entered.reason);
    }
    request.principal = entered.principal;
    request.credential = entered.credential;
    if (!mayAnywhere(entered.principal, needs)) {
      throw new Forbidden('role', `this needs the role ${needs}`);
    }
    if (scope === 'all' && !mayEverywhere(entered.principal, needs)) {
      throw new Forbidden('namespace', `this needs the role ${needs} in all namespaces`);
    }
  });
  return found;
}
