import type { Logger } from 'pino';

import type { Clock } from '../clock.ts';
import { anchorLine } from './anchor-line.ts';
import type { AuditStore } from './response-store.ts';

/**
 * Writes the head of the audit to a file outside the store, signed, whenever it has grown. Every
 * replica writes its own file. When the file cannot be written, it is tried again at the next turn
 * and told each time: an audit that nobody can check from outside is worth an alarm.
 */
export type AuditAnchorOptions = {
  readonly store: Pick<AuditStore, 'listAudit'>;
  /** Appends one line, durably. */
  readonly append: (line: string) => Promise<void>;
  readonly privateKeyPem: string;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onAnchored: (isWritten: boolean) => void;
};

export class AuditAnchor {
  readonly #options: AuditAnchorOptions;
  #number = 0;
  #cancel: () => void = () => undefined;
  #writing: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: AuditAnchorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#writing = this.#anchor().finally(() => this.#watch());
  }

  /** Once more, so that what was done before a stop is anchored too. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#writing;
    await this.#anchor();
  }

  #watch(): void {
    if (this.#isStopped) return;
    const { clock, everyMs } = this.#options;
    this.#cancel = clock.after(everyMs, () => this.start());
  }

  async #anchor(): Promise<void> {
    const { store, append, privateKeyPem, clock, log, onAnchored } = this.#options;
    try {
      const [head] = await store.listAudit({ limit: 1 });
      if (head === undefined || head.number === this.#number) return;
      await append(anchorLine(head, clock.now(), privateKeyPem));
      this.#number = head.number;
      onAnchored(true);
    } catch (error) {
      onAnchored(false);
      log.error({ err: error, security: true }, 'the audit could not be anchored, trying again');
    }
  }
}
