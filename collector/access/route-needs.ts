import type { FastifyInstance } from 'fastify';

import type { Credential } from './door.ts';
import { NOBODY, roles } from './principal.ts';
import type { Principal, Role } from './principal.ts';

/**
 * What a route asks of the one who calls it, said beside the route itself:
 *
 *     api.get('/api/v1/alerts', { config: { needs: 'viewer', scope: 'any' }, schema }, …)
 *
 * `scope: 'any'` means that the role in any one namespace is enough, because the route narrows by
 * `scopeOf` itself or shows what belongs to no namespace. Without it the role is needed in all
 * namespaces: a route that forgot to narrow refuses too much and never shows too much. `anyone` is
 * for the door itself: sign-in, health, the console's files.
 */
export type Needs = Role | 'anyone';

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal;
    /** What the principal was known by; absent where nobody was asked. */
    credential?: Credential;
  }
  interface FastifyContextConfig {
    readonly needs?: Needs;
    readonly scope?: 'any' | 'all';
  }
}

export type RouteNeed = {
  readonly method: string;
  readonly path: string;
  readonly needs: Needs;
  readonly scope: 'any' | 'all';
};

/**
 * Before the first route. Every route must say what it needs: the program does not start with one
 * that was forgotten. Gives back the list of all routes, which grows as they are added.
 */
export function requireNeeds(api: Pick<FastifyInstance, 'addHook' | 'decorateRequest'>):
  readonly RouteNeed[] {
  const found: RouteNeed[] = [];
  // A value of its own per request, set before any other hook reads it.
  api.decorateRequest('principal');
  api.decorateRequest('credential');
  api.addHook('onRequest', async (request) => {
    request.principal = NOBODY;
  });
  api.addHook('onRoute', ({ method, url, config }) => {
    const { needs, scope = 'all' } = config ?? {};
    if (needs === undefined || (needs !== 'anyone' && !roles.includes(needs))) {
      throw new Error(`the route ${String(method)} ${url} does not say which role it needs`);
    }
    for (const one of [method].flat()) found.push({ method: one, path: url, needs, scope });
  });
  return found;
}
