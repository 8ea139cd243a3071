import type { Clock } from '../clock.ts';
import type { AuditEntry } from '../respond/response-store.ts';
import { NOBODY } from './principal.ts';
import { groupOf } from './sign-in-rate.ts';

/**
 * Every refusal is counted, and every kind of refusal is in the audit: who, from where, what, why.
 * The audit is kept for ever, so a flood must not fill it: within `WINDOW_MS` the first of each
 * (who, address, reason) is written at once and the rest of them as one number at the end. Bounds:
 * `NAMED_MAX` and `ANONYMOUS_MAX` such keys in a window, and one record for all beyond; strangers
 * have a room of their own, so that they cannot crowd out what a known principal tried.
 */
export const WINDOW_MS = 300_000;
export const NAMED_MAX = 100;
export const ANONYMOUS_MAX = 10;
const PATH_CHARACTERS_MAX = 200;
const REFUSED_ACTION = 'access.refused';

/** A closed set: it is a label of a counter. */
export const refusalReasons = [
  'smuggled-header',
  'host',
  'cross-site',
  'content-type',
  'credential-in-url',
  'no-token',
  'wrong-token',
  'token-expired',
  'token-revoked',
  'ambiguous-credential',
  'no-session',
  'csrf',
  'wrong-code',
  'jwt-off',
  'jwt-invalid',
  'jwt-expired',
  'jwt-no-grant',
  'provider-unavailable',
  'oidc-off',
  'oidc-state',
  'oidc-invalid',
  'oidc-denied',
  'no-grant',
  'name-taken',
  'slow-down',
  'too-many-sessions',
  'role',
  'namespace',
  'same-person',
  'credential-kind',
  'hidden',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export type RefusedRequest = {
  /** `anonymous` where no credential was good. */
  readonly actor: string;
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly reason: RefusalReason;
};

export type RefusalsOptions = {
  readonly appendAudit: (entry: AuditEntry) => Promise<void>;
  readonly clock: Clock;
  readonly onRefused: (reason: RefusalReason) => void;
  readonly onTrouble: (error: unknown) => void;
};

type Seen = { readonly first: RefusedRequest; more: number };

export class Refusals {
  readonly #options: RefusalsOptions;
  readonly #seen = new Map<string, Seen>();
  #named = 0;
  #beyond = 0;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  note(request: RefusedRequest): void {
    this.#options.onRefused(request.reason);
    const { actor, address, reason } = request;
    const key = JSON.stringify([actor, groupOf(address), reason]);
    const known = this.#seen.get(key);
    if (known !== undefined) {
      known.more += 1;
      return;
    }
    this.#cancel ??= this.#options.clock.after(WINDOW_MS, () => this.#close());
    const isNamed = actor !== NOBODY.name;
    const isFull = isNamed
      ? this.#named >= NAMED_MAX
      : this.#seen.size - this.#named >= ANONYMOUS_MAX;
    if (isFull) {
      this.#beyond += 1;
      return;
    }
    if (isNamed) this.#named += 1;
    this.#seen.set(key, { first: request, more: 0 });
    this.#write(request, 1);
  }

  /** What was only counted is written; then everything has been. */
  async stop(): Promise<void> {
    this.#close();
    await this.#writing;
  }

  #close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const { first, more } of this.#seen.values()) if (more > 0) this.#write(first, more);
    if (this.#beyond > 0) {
      const many = { actor: NOBODY.name, address: 'many', method: '', path: '' } as const;
      this.#write({ ...many, reason: 'slow-down' }, this.#beyond);
    }
    this.#seen.clear();
    this.#named = 0;
    this.#beyond = 0;
  }

  /** One after the other: the chain has one end anyway. */
  #write({ actor, address, method, path, reason }: RefusedRequest, count: number): void {
    const entry: AuditEntry = {
      atMs: this.#options.clock.now(),
      actor,
      action: REFUSED_ACTION,
      subject: `${method} ${path}`.slice(0, PATH_CHARACTERS_MAX).toWellFormed(),
      detail: { reason, address, count },
    };
    this.#writing = this.#writing
      .then(() => this.#options.appendAudit(entry))
      .catch(this.#options.onTrouble);
  }
}
