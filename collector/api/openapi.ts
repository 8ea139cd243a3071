import swagger from '@fastify/swagger';
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';

import packageJson from '../../package.json' with { type: 'json' };
import { errorAnswer } from './contract/words.ts';
import type { Api } from './routes.ts';

/**
 * The OpenAPI document, made from the routes themselves: what is checked when a request comes in is
 * what is written there. Added before the first route, which it then sees.
 */
const DESCRIPTION = `Everything the console and lannerctl do goes through this.

Times are RFC 3339 in UTC. Lists are newest first; a page may be short and not the last:
\`nextCursor\` says where it goes on, null is the end. Errors are
\`{"error":{"code","message"}}\`. \`x-lanner-needs\` names the role that a route needs; with
\`x-lanner-scope: any\` the role in some namespaces is enough, and the answer is narrowed to those.`;

export async function addOpenApi(api: Api): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Lanner collector',
        version: packageJson.version,
        description: DESCRIPTION,
        license: { name: packageJson.license, identifier: packageJson.license },
      },
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'A token of `lannerctl token create`, or a JWT of the identity provider.',
          },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'lanner-session',
            description: 'The console’s; what changes something also carries x-lanner-csrf.',
          },
        },
      },
    },
    transform,
    hideUntagged: false,
  } satisfies FastifyDynamicSwaggerOptions);
}

export function addOpenApiRoute(api: Api): void {
  api.get('/api/v1/openapi.json', {
    config: { needs: 'viewer', scope: 'any' },
    schema: { summary: 'This document' },
  }, async () => api.swagger());
}

const TAGS: readonly (readonly [RegExp, string])[] = [
  [/^\/api\/v1\/(alerts|alert-counts|alert-budget|pods|search|stream)/, 'alerts'],
  [/^\/api\/v1\/incidents/, 'incidents'],
  [/^\/api\/v1\/(images|profiles|decisions)/, 'profiles'],
  [/^\/api\/v1\/(responses|response-control|policy)/, 'responses'],
  [/^\/api\/v1\/(suppressions|maintenance-windows)/, 'quiet'],
  [/^\/api\/v1\/(nodes|gaps)/, 'fleet'],
  [/^\/api\/v1\/audit/, 'audit'],
  [/^\/api\/v1\/outputs/, 'outputs'],
  [/^\/api\/v1\/egress/, 'egress'],
  [/^\/(api\/v1\/(session|tokens)|auth\/)/, 'access'],
];

const transform: NonNullable<FastifyDynamicSwaggerOptions['transform']> = (input) => {
  const { schema, url, route } = input;
  const { needs, scope = 'all' } = route.config ?? {};
  const own: FastifySchema = schema ?? {};
  const isOpen = needs === 'anyone' || needs === undefined;
  const { querystring, ...rest } = own;
  // What a provider adds to its call-back is its own affair, and no parameter has its name.
  const hasNames = typeof querystring === 'object' && querystring !== null &&
    'properties' in querystring;
  const tag = TAGS.find(([pattern]) => pattern.test(url))?.[1] ?? 'collector';
  // The console's files are no part of the interface.
  if (!/^\/(api\/v1|auth|healthz$|readyz$|metrics$)/.test(url)) {
    return { url, schema: { hide: true } };
  }
  return {
    url,
    schema: {
      ...rest,
      ...hasNames ? { querystring } : {},
      tags: [tag],
      security: isOpen ? [] : [{ token: [] }, { session: [] }],
      response: {
        ...(own.response ?? { 200: { description: 'Done', type: 'object' } }) as object,
        default: errorAnswer,
      },
      ...isOpen ? {} : { 'x-lanner-needs': needs, 'x-lanner-scope': scope },
    },
  };
};
