/**
 * Whether Falco is there, seen from its connection. It keeps one and sends everything on it; when
 * that closes and stays away, Falco restarted or died, and events may be missing.
 *
 * Falco's HTTP client replaces a connection that was idle for two minutes at the next event, in
 * one go: hence the time. Who opens a connection per event (a relay, a test by hand) says nothing
 * by closing it: hence the count.
 */
import type { Cancel, Clock } from './clock.ts';
import type { Gap } from './event.ts';

export const RESTART_MS_MIN = 250;
const EVENTS_OF_FALCO_MIN = 2;

export type HttpSendersOptions = {
  readonly clock: Clock;
  onStreaming(): void;
  onDisconnected(): void;
  /** Called before the event that ends the gap is taken. */
  onGap(gap: Gap): void;
};

type Sender = { once(event: 'close', run: () => void): unknown };

/** Bounded by the server's connections: a closed one is forgotten. */
export class HttpSenders {
  readonly #options: HttpSendersOptions;
  readonly #brought = new Map<Sender, number>();
  #isStreaming = false;
  #lost: { readonly atNs: bigint; readonly atMs: number } | undefined;
  #cancelLoss: Cancel | undefined;

  constructor(options: HttpSendersOptions) {
    this.#options = options;
  }

  /** An event came on this connection. */
  seen(sender: Sender): void {
    const brought = this.#brought.get(sender) ?? 0;
    this.#brought.set(sender, brought + 1);
    if (brought === 0) sender.once('close', () => this.#left(sender));
    if (this.#lost !== undefined) this.#back(this.#lost);
    if (this.#isStreaming) return;
    this.#isStreaming = true;
    this.#options.onStreaming();
  }

  stop(): void {
    this.#cancelLoss?.();
    this.#brought.clear();
  }

  #left(sender: Sender): void {
    const brought = this.#brought.get(sender) ?? 0;
    this.#brought.delete(sender);
    if (this.#brought.size > 0 || brought < EVENTS_OF_FALCO_MIN) return;
    const { clock } = this.#options;
    this.#lost = { atNs: clock.nowNs(), atMs: clock.nowMs() };
    this.#cancelLoss = clock.after(RESTART_MS_MIN, () => {
      this.#isStreaming = false;
      this.#options.onDisconnected();
    });
  }

  #back(lost: { readonly atNs: bigint; readonly atMs: number }): void {
    this.#lost = undefined;
    this.#cancelLoss?.();
    const { clock } = this.#options;
    if (clock.nowMs() - lost.atMs < RESTART_MS_MIN) return;
    const nowNs = clock.nowNs();
    // A clock that was set back meanwhile must not make a gap that ends before it begins.
    const fromNs = lost.atNs < nowNs ? lost.atNs : nowNs;
    this.#options.onGap({ fromNs, toNs: nowNs, cause: 'falco-restart', eventsEstimate: -1 });
  }
}
