import { readNamed } from '../../config/named-error.ts';
import type { CollectorConfig } from '../config.ts';
import type { OidcSettings } from './access.ts';
import type { SessionLimits } from './session-book.ts';

/** From the configuration file to what this room works with; reads the client's secret. */
const MINUTE_MS = 60_000;

export function signingIn({ api }: CollectorConfig): {
  readonly sessions: SessionLimits;
  readonly oidc: OidcSettings | undefined;
} {
  const { idleMinutes, hours } = api.session;
  return {
    sessions: { idleMs: idleMinutes * MINUTE_MS, absoluteMs: hours * 60 * MINUTE_MS },
    oidc: oidcOf(api.oidc),
  };
}

function oidcOf(oidc: CollectorConfig['api']['oidc']): OidcSettings | undefined {
  if (oidc.issuer === '') return undefined;
  const { clientSecretFile, ...settings } = oidc;
  const clientSecret = clientSecretFile === ''
    ? ''
    : readNamed('api.oidc.clientSecretFile', clientSecretFile).toString().trim();
  return { ...settings, clientSecret };
}
