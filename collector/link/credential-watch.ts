import type { Clock } from '../clock.ts';
import type { IdentityOutcome, PeerIdentity } from './identity.ts';

/**
 * A link lives no longer than the credential it was opened with. Until then the credential is
 * looked at again every `LOOK_MS`: a token of a pod that was deleted is no longer good, though its
 * time is not over. When nobody can be asked, the link stays until its time is.
 */
export const LOOK_MS = 600_000;

export type CredentialWatchOptions = {
  readonly clock: Clock;
  readonly identify: () => Promise<IdentityOutcome>;
  readonly onExpired: () => void;
  readonly onRefused: (outcome: Extract<IdentityOutcome, { readonly ok: false }>) => void;
};

export class CredentialWatch {
  readonly #options: CredentialWatchOptions;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(options: CredentialWatchOptions) {
    this.#options = options;
  }

  start({ expiresAtMs }: PeerIdentity): void {
    if (!this.#isStopped && expiresAtMs !== Infinity) this.#plan(expiresAtMs);
  }

  #plan(expiresAtMs: number): void {
    const { clock } = this.#options;
    // In steps: a timer holds 24 days at most, and a clock may be set in between.
    const delayMs = Math.max(0, Math.min(LOOK_MS, expiresAtMs - clock.now()));
    this.#cancel = clock.after(delayMs, () => void this.#look(expiresAtMs));
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  async #look(expiresAtMs: number): Promise<void> {
    const { clock, identify, onExpired, onRefused } = this.#options;
    const isOver = (): boolean => clock.now() >= expiresAtMs;
    const outcome = isOver() ? undefined : await identify();
    if (this.#isStopped) return;
    // Its time may have come while somebody was asked: no reason to call it refused.
    if (outcome === undefined || isOver()) onExpired();
    else if (!outcome.ok && outcome.reason !== 'unavailable') onRefused(outcome);
    else this.#plan(expiresAtMs);
  }
}
