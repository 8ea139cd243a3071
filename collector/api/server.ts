import { randomUUID } from 'node:crypto';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { fastify } from 'fastify';
import type { FastifyServerOptions } from 'fastify';
import type { Logger } from 'pino';

import { createAccess } from '../access/access.ts';
import type { Access, OidcSettings } from '../access/access.ts';
import type { RouteNeed } from '../access/route-needs.ts';
import type { SessionLimits } from '../access/session-book.ts';
import { formatAddress, isLoopback, parseAddress } from '../../config/address.ts';
import { namedError } from '../../config/named-error.ts';
import type { Clock } from '../clock.ts';
import { IncidentDesk } from '../desk/incident-desk.ts';
import { jsonText } from '../json-text.ts';
import type { ObjectBook } from '../kube/object-book.ts';
import type { AgentLinks } from '../link/link-server.ts';
import type { LogGate } from '../log-gate.ts';
import type { CollectorMetrics } from '../metrics.ts';
import type { Outputs } from '../outputs/outputs.ts';
import type { LoadedPolicy } from '../policy/load-policy.ts';
import type { Curation } from '../profiles/curation.ts';
import type { Responder } from '../respond/responder.ts';
import type { Store } from '../store/faces.ts';
import type { AlertFatigue } from '../fatigue-wiring.ts';
import { addAlertRoutes } from './alert-routes.ts';
import { ApiCertificate } from './api-certificate.ts';
import { addAnswers } from './answers.ts';
import { addBlastRadiusRoutes } from './blast-radius-routes.ts';
import { addBudgetRoutes } from './budget-routes.ts';
import { addConsole } from './console-files.ts';
import { addDecisionRoutes } from './decision-routes.ts';
import { addEgressRoutes } from './egress-routes.ts';
import { addGenerateRoutes } from './generate-routes.ts';
import { addGuard } from './guarding.ts';
import { addHealthRoutes } from './health-routes.ts';
import { addIncidentRoutes } from './incident-routes.ts';
import type { LiveStream } from './live-stream.ts';
import { addOutputRoutes } from './output-routes.ts';
import { addPolicyRoutes } from './policy-routes.ts';
import type { ClusterName } from './policy-routes.ts';
import { addMaintenanceRoutes } from './maintenance-routes.ts';
import { addOpenApi, addOpenApiRoute } from './openapi.ts';
import { addProfileRoutes } from './profile-routes.ts';
import { addResponseRoutes } from './response-routes.ts';
import { addReadRoutes } from './routes.ts';
import type { Api } from './routes.ts';
import { addOidcRoutes } from './oidc-routes.ts';
import { addSessionRoutes } from './session-routes.ts';
import { addStreamRoute } from './stream-route.ts';
import { addSuppressionRoutes } from './suppression-routes.ts';
import { addTokenRoutes } from './token-routes.ts';

/**
 * The collector's HTTP API: JSON, server-sent events, health and metrics. Every request passes
 * `guarding.ts` first. Bounds: bodies of `BODY_BYTES_MAX`, pages of 500, and those of the live
 * stream.
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
  /** Empty: the address that is listened on. */
  readonly publicUrl: string;
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly sessions: SessionLimits;
  readonly oidc: OidcSettings | undefined;
  /** The first admin token; `supersedes`: others of that name end. */
  readonly bootstrap: { readonly token: string; readonly supersedes: boolean };
  readonly store: Store;
  readonly responder: Responder;
  readonly policy: () => LoadedPolicy;
  readonly outputs: Outputs;
  /** How long it is kept which images ran where. */
  readonly imageDays: number;
  readonly alertFatigue: Pick<AlertFatigue, 'suppressions' | 'windows' | 'budget'>;
  readonly links: AgentLinks;
  readonly curation: Curation;
  readonly objects: Pick<ObjectBook, 'read'>;
  readonly ownCluster: ClusterName;
  readonly stream: LiveStream;
  readonly metrics: CollectorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly gate: LogGate;
};

export type RunningApi = {
  readonly address: string;
  readonly routes: readonly RouteNeed[];
  /** For a browser on this machine: signs in once, within five minutes. */
  signInLink(): Promise<string>;
  stop(): Promise<void>;
};

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
  const certificate = tls === undefined ? undefined : new ApiCertificate({ ...options, tls });
  const settings: FastifyServerOptions = {
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: ID_CHARACTERS_MAX },
    forceCloseConnections: true,
    trustProxy: options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    ajv: { customOptions: { removeAdditional: false, allErrors: false } },
    ...(certificate === undefined ? {} : { https: await certificate.start() }),
  };
  const api = fastify(settings) as unknown as Api;
  certificate?.serve(api.server as HttpsServer);
  api.setReplySerializer(jsonText);
  // Answers are checked against their schemas in tests; here a schema must not drop a field.
  api.setSerializerCompiler(() => jsonText);
  let ownUrl = options.publicUrl;
  const access = openAccess(options, parsed.host);
  const { token, supersedes } = options.bootstrap;
  const bootstrapId = await access.tokens.adopt(token, { supersedes });
  await addOpenApi(api);
  const routes = addGuard(api, { ...options, access });
  const parts = { ...options, access, publicUrl: () => ownUrl };
  addAnswers(api, parts);
  addAlertRoutes(api, options);
  addIncidentRoutes(api, { ...options, desk: deskOf(options), decisions: options.curation.decisions });
  addReadRoutes(api, options);
  addOpenApiRoute(api);
  addProfileRoutes(api, options);
  addGenerateRoutes(api, options);
  addPolicyRoutes(api, options);
  addDecisionRoutes(api, options);
  addResponseRoutes(api, options);
  addFatigueRoutes(api, options);
  addOutputRoutes(api, options);
  addEgressRoutes(api, options);
  addBlastRadiusRoutes(api, options);
  addStreamRoute(api, parts);
  addSessionRoutes(api, parts);
  addTokenRoutes(api, { ...options, tokens: access.tokens });
  addOidcRoutes(api, parts);
  addHealthRoutes(api, options);
  addConsole(api);
  await api.listen({ host: parsed.host, port: parsed.port }).catch((error: unknown) => {
    throw namedError('api.address', error);
  });
  const bound = api.server.address() as AddressInfo;
  const scheme = tls === undefined ? 'http' : 'https';
  const ownAddress = `${scheme}://${formatAddress({ host: parsed.host, port: bound.port })}`;
  if (ownUrl === '') ownUrl = ownAddress;
  return {
    address: ownAddress,
    routes,
    signInLink: async () => {
      const { code } = await access.sessions.makeCode(bootstrapId);
      return `${ownUrl}/sign-in#code=${code}`;
    },
    stop: async () => {
      stream.stop();
      certificate?.stop();
      await api.close();
      await access.refusals.stop();
    },
  };
}

function addFatigueRoutes(api: Api, { alertFatigue, store, clock }: ApiOptions): void {
  addSuppressionRoutes(api, { ...alertFatigue, clock });
  addMaintenanceRoutes(api, { ...alertFatigue, clock });
  addBudgetRoutes(api, { ...alertFatigue, coverage: store, clock });
}

const deskOf = ({ store, clock, metrics }: ApiOptions): IncidentDesk =>
  new IncidentDesk({ store, clock, newId: randomUUID, onAcknowledged: metrics.acknowledged });

function openAccess(options: ApiOptions, boundHost: string): Access {
  const { tls, metrics, log, gate } = options;
  return createAccess({
    ...options,
    boundHost,
    isTls: tls !== undefined,
    onRefused: metrics.apiRefused,
    onTrouble: (what, error) => {
      const suppressed = gate.open(what);
      if (suppressed !== undefined) log.warn({ err: error, suppressed }, what);
    },
  });
}
