import { createHash } from 'node:crypto';

import type { Clock } from '../clock.ts';
import type { Kube, KubeFailure, TokenReviewView } from './kube.ts';

/**
 * Which node a service-account token speaks for. The API server says whether it is good, for whom
 * it was made and to which pod it is bound; a token of another account, of no pod, or for another
 * audience (one stolen from some other service) is refused.
 *
 * An answer holds for `REVIEW_TTL_MS`, a refusal for `REFUSAL_TTL_MS`; of tokens only hashes are
 * kept. Bounds: `REVIEWS_MAX` answers, of which the oldest goes; `ASKING_MAX` questions at a time
 * (a fleet that comes back at once is not to flood the API server) and `WAITING_MAX` that wait,
 * beyond which nobody is let in. An API server that does not answer lets nobody in either.
 */
export const REVIEW_TTL_MS = 60_000;
export const REFUSAL_TTL_MS = 10_000;
export const REVIEWS_MAX = 10_000;
export const ASKING_MAX = 32;
export const WAITING_MAX = 5_000;
const TOKEN_CHARACTERS_MAX = 8_192;
const NODE_NAME = 'authentication.kubernetes.io/node-name';
const POD_NAME = 'authentication.kubernetes.io/pod-name';
const POD_UID = 'authentication.kubernetes.io/pod-uid';

export type TokenRefusal = 'token-refused' | 'wrong-account' | 'no-node';

export type ReviewedToken =
  | {
      readonly ok: true;
      readonly node: string;
      readonly username: string;
      readonly expiresAtMs: number;
    }
  | { readonly ok: false; readonly reason: TokenRefusal | 'unavailable'; readonly detail: string };

export type TokenReviewsOptions = {
  readonly kube: Pick<Kube, 'reviewToken' | 'readPod'>;
  readonly audience: string;
  /** Of the agents: `namespace/name`. */
  readonly serviceAccount: string;
  readonly clock: Clock;
  /** The collector's own trouble (its rights, the network): the agent is told none of it. */
  readonly onUnavailable?: (failure: KubeFailure) => void;
};

export class TokenReviews {
  readonly #options: TokenReviewsOptions;
  /** In order of their review; the key is the token's hash. */
  readonly #answers = new Map<string, { readonly untilMs: number; readonly told: ReviewedToken }>();
  readonly #asking = new Map<string, Promise<ReviewedToken>>();
  /** Who waits for a turn, in order. */
  readonly #turns: (() => void)[] = [];
  #turnsTaken = 0;

  constructor(options: TokenReviewsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#answers.size;
  }

  async review(token: string): Promise<ReviewedToken> {
    const nowMs = this.#options.clock.now();
    const expiresAtMs = expiryOf(token);
    if (expiresAtMs === undefined) return refuse('token-refused', 'it is no token with an expiry');
    // The API server would say the same; it need not be asked.
    if (expiresAtMs <= nowMs) return refuse('token-refused', 'the token has expired');
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#answers.get(key);
    if (known !== undefined && nowMs < known.untilMs) return known.told;
    const asked = this.#asking.get(key);
    if (asked !== undefined) return asked;
    if (this.#asking.size >= WAITING_MAX) {
      return refuse('unavailable', 'too many tokens are being reviewed');
    }
    const asking = this.#ask(token, expiresAtMs).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    const told = await asking;
    this.#keep(key, told);
    return told;
  }

  #keep(key: string, told: ReviewedToken): void {
    // Not an answer: the next one to come asks again.
    if (!told.ok && told.reason === 'unavailable') return;
    const ttlMs = told.ok ? REVIEW_TTL_MS : REFUSAL_TTL_MS;
    this.#answers.delete(key);
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined && this.#answers.size >= REVIEWS_MAX) this.#answers.delete(oldest);
    this.#answers.set(key, { untilMs: this.#options.clock.now() + ttlMs, told });
  }

  async #ask(token: string, expiresAtMs: number): Promise<ReviewedToken> {
    const { kube, audience, serviceAccount } = this.#options;
    const outcome = await this.#inTurn(() => kube.reviewToken(token, [audience]));
    if (!outcome.ok) return this.#unavailable(outcome);
    const review = outcome.value;
    if (!review.isAuthenticated) {
      return refuse('token-refused', review.error || 'the API server does not know the token');
    }
    // An API server that knows nothing of audiences answers without them.
    if (!review.audiences.includes(audience)) {
      return refuse('token-refused', `the token is not for the audience ${audience}`);
    }
    const [namespace = '', name = ''] = serviceAccount.split('/');
    const { username } = review;
    if (username !== `system:serviceaccount:${namespace}:${name}`) {
      return refuse('wrong-account', `the token is of ${username}, not of ${serviceAccount}`);
    }
    const node = await this.#nodeOf(review, namespace);
    if (!node.ok) return node;
    return { ok: true, node: node.name, username, expiresAtMs };
  }

  /** Clusters before 1.30 do not put the node into the token, but the pod. */
  async #nodeOf(
    { extra }: TokenReviewView,
    namespace: string,
  ): Promise<{ readonly ok: true; readonly name: string } | Extract<ReviewedToken, { ok: false }>> {
    const only = (key: string): string => {
      const values = extra.get(key) ?? [];
      return values.length === 1 ? values[0] ?? '' : '';
    };
    const bound = only(NODE_NAME);
    if (bound !== '') return { ok: true, name: bound };
    const name = only(POD_NAME);
    if (name === '') return refuse('no-node', 'the token is bound to no pod');
    const pod = await this.#options.kube.readPod({ namespace, name });
    if (!pod.ok) {
      return pod.reason === 'not-found'
        ? refuse('no-node', `the token’s pod ${name} is gone`)
        : this.#unavailable(pod);
    }
    // A successor of the same name may run on another node.
    if (pod.value.uid !== only(POD_UID)) return refuse('no-node', `${name} is another pod now`);
    if (pod.value.nodeName === '') return refuse('no-node', `${name} is on no node yet`);
    return { ok: true, name: pod.value.nodeName };
  }

  /** A turn is handed on from one to the next, so that at most `ASKING_MAX` are ever taken. */
  async #inTurn<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#turnsTaken >= ASKING_MAX) {
      await new Promise<void>((resolve) => this.#turns.push(resolve));
    } else {
      this.#turnsTaken += 1;
    }
    try {
      return await ask();
    } finally {
      const next = this.#turns.shift();
      if (next === undefined) this.#turnsTaken -= 1;
      else next();
    }
  }

  #unavailable(failure: KubeFailure): Refused {
    this.#options.onUnavailable?.(failure);
    return refuse('unavailable', 'the collector cannot review tokens now');
  }
}

type Refused = Extract<ReviewedToken, { readonly ok: false }>;

const refuse = (reason: Refused['reason'], detail: string): Refused =>
  ({ ok: false, reason, detail });

/** Milliseconds since 1970. Not verified here: what the API server then accepts says the same. */
function expiryOf(token: string): number | undefined {
  if (token.length > TOKEN_CHARACTERS_MAX) return undefined;
  const payload = /^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/.exec(token)?.[1];
  if (payload === undefined) return undefined;
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof claims !== 'object' || claims === null || !('exp' in claims)) return undefined;
  return typeof claims.exp === 'number' && Number.isFinite(claims.exp)
    ? claims.exp * 1_000
    : undefined;
}
