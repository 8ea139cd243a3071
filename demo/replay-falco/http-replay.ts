/**
 * Falco's `http_output` with recorded events: one POST per event, strictly one after the other on
 * one reused connection. As Falco does, it does not look at the status, and an event that finds
 * nobody listening is lost.
 */
import http from 'node:http';
import https from 'node:https';

export type HttpReplayOptions = {
  readonly url: string;
  /** PEM; `mtls: true` with `ca_cert`, `client_cert` and `client_key`. */
  readonly tls?: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
};

export type HttpReplayCounters = { sent: number; lost: number; connections: number };

export class HttpReplay {
  readonly counters: HttpReplayCounters = { sent: 0, lost: 0, connections: 0 };
  /** By status: Falco itself never looks. */
  readonly statuses = new Map<number, number>();
  readonly #options: HttpReplayOptions;
  readonly #agent: http.Agent | https.Agent;

  constructor(options: HttpReplayOptions) {
    this.#options = options;
    const one = { keepAlive: true, maxSockets: 1 };
    this.#agent =
      options.tls === undefined
        ? new http.Agent(one)
        : new https.Agent({ ...one, ...options.tls });
  }

  async push(lines: readonly string[]): Promise<void> {
    for (const line of lines) await this.#post(line);
  }

  stop(): void {
    this.#agent.destroy();
  }

  #post(body: string): Promise<void> {
    const client = this.#options.url.startsWith('https:') ? https : http;
    const options = {
      method: 'POST',
      agent: this.#agent,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'falcosecurity/falco',
      },
    };
    return new Promise((resolve) => {
      const request = client.request(this.#options.url, options, (response) => {
        const status = response.statusCode ?? 0;
        this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
        response.resume();
        response.on('close', () => {
          this.counters.sent += 1;
          resolve();
        });
      });
      request.on('socket', () => {
        if (!request.reusedSocket) this.counters.connections += 1;
      });
      request.on('error', () => {
        this.counters.lost += 1;
        resolve();
      });
      request.end(body);
    });
  }
}
