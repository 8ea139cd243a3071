import type { TokenReviews } from '../kube/token-review.ts';
import type { Identify } from './identity.ts';

/** In Kubernetes: the agent's service-account token says on which node its pod runs. */
export function identifyByToken(reviews: Pick<TokenReviews, 'review'>): Identify {
  return async ({ authorization }) => {
    const token = /^Bearer (?<token>\S+)$/.exec(authorization ?? '')?.groups?.['token'];
    if (token === undefined) {
      return { ok: false, reason: 'no-token', name: '', detail: 'it shows no bearer token' };
    }
    const reviewed = await reviews.review(token);
    if (!reviewed.ok) return { ...reviewed, name: '' };
    const { node, username, expiresAtMs } = reviewed;
    return { ok: true, identity: { node, name: username, expiresAtMs } };
  };
}
