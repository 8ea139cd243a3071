import { startPostgres } from '../postgres/server.ts';
import type { PostgresServer } from '../postgres/server.ts';
import type { Part } from './part.ts';

/** A PostgreSQL with fsync, as in production; it recovers from every kill. */
export class PostgresPart implements Part {
  readonly kind = 'postgres';
  readonly name = 'postgres';
  readonly #server: PostgresServer;
  #isUp = true;
  /** Grows when it goes and when it is back. */
  turns = 0;

  private constructor(server: PostgresServer) {
    this.#server = server;
  }

  static async create(): Promise<PostgresPart> {
    return new PostgresPart(await startPostgres({ isDurable: true }));
  }

  get url(): string {
    return this.#server.url('postgres');
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  async start(): Promise<void> {
    await this.#server.start();
    this.turns += 1;
    this.#isUp = true;
  }

  async kill(): Promise<void> {
    this.#isUp = false;
    this.turns += 1;
    await this.#server.kill();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}
